"""A refresh of ten thousand files: when nothing changed, and when one paragraph did."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import embedctl

from .processes import embedctl as command
from .processes import watch
from .results import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .bench import Bench

NAME = "refresh"
FILES = 10_000


def measure(bench: Bench) -> Iterator[Row]:
    """Index ten thousand small files that share ten texts, then refresh."""
    with tempfile.TemporaryDirectory() as folder:
        docs = Path(folder) / "docs"
        for number in range(FILES):
            path = docs / f"{number // 100:03d}" / f"{number:05d}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"# Note\n\nParagraph {number % 10} about search.\n", encoding="utf-8")
        bench.say(f"indexing {FILES:,} files")
        store = embedctl.create(Path(folder) / ".embedctl")
        first = store.index([docs])
        refresh = command("index", "--store", store.path, "-q")
        watch(refresh)
        unchanged = statistics.median(watch(refresh).seconds for _ in range(bench.repeat))
        path.write_text("# Note\n\nA paragraph that is new.\n", encoding="utf-8")
        edited = store.index()
    every, one = f"{FILES:,} files, nothing changed", f"{FILES:,} files, one edited"
    yield Row(NAME, f"{FILES:,} files, first time", "embedctl", "embedded", first.counts["embedded"], "texts")
    yield Row(NAME, f"{FILES:,} files, first time", "embedctl", "time", sum(first.seconds.values()), "s")
    yield Row(NAME, every, "embedctl", "time", unchanged, "s")
    yield Row(NAME, one, "embedctl", "embedded", edited.counts["embedded"], "texts")
    yield Row(NAME, one, "embedctl", "time", sum(edited.seconds.values()), "s")
