"""Peak memory of ingesting and chunking a large folder."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .bench import SAMPLE
from .processes import embedctl, watch
from .results import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .bench import Bench

NAME = "memory"
FILE_BYTES = 1_000_000


def measure(bench: Bench) -> Iterator[Row]:
    """Make a folder of text files, ingest and chunk it, each in a process of its own."""
    size = bench.folder_bytes
    with tempfile.TemporaryDirectory() as folder:
        docs = Path(folder) / "docs"
        make_folder(docs, size)
        store = ["--store", str(Path(folder) / ".embedctl"), "-q"]
        for stage, arguments in (("ingest", ["ingest", docs, *store]), ("chunk", ["chunk", *store])):
            bench.say(f"{stage} of {size / 1e6:,.0f} MB")
            ran = watch(embedctl(*arguments))
            case = f"{stage} {size / 1e6:,.0f} MB"
            yield Row(NAME, case, "embedctl", "peak memory", ran.peak_bytes / 1e6, "MB")
            yield Row(NAME, case, "embedctl", "rate", size / 1e6 / ran.seconds, "MB/s")


def make_folder(docs: Path, folder_bytes: int) -> None:
    """Write files of about a megabyte from the words of the sample corpus, always the same ones."""
    words = sorted({w for path in SAMPLE.rglob("*.md") for w in path.read_text("utf-8").split()})
    shuffle = random.Random(7)
    docs.mkdir()
    for number in range(max(1, folder_bytes // FILE_BYTES)):
        lines: list[str] = []
        size = 0
        while size < FILE_BYTES:
            lines.append(" ".join(shuffle.choices(words, k=80)) + "\n\n")
            size += len(lines[-1].encode())
        (docs / f"{number:06d}.md").write_text("".join(lines), encoding="utf-8")
