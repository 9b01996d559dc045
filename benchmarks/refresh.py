"""A refresh of ten thousand files: when nothing changed, and when one paragraph did."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import embedctl

from .startup import median_seconds

FILES = 10_000


def measure() -> list[dict[str, Any]]:
    """Index ten thousand small files that share ten texts, then refresh."""
    with tempfile.TemporaryDirectory() as folder:
        docs = Path(folder) / "docs"
        for number in range(FILES):
            path = docs / f"{number // 100:03d}" / f"{number:05d}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"# Note\n\nParagraph {number % 10} about search.\n", encoding="utf-8")
        store = embedctl.create(Path(folder) / ".embedctl", reporter="lines")
        first = store.index([docs])
        arguments = ["index", "--store", str(store.path), "-q"]
        median_seconds(arguments, runs=1)
        unchanged = median_seconds(arguments)
        path.write_text("# Note\n\nA paragraph that is new.\n", encoding="utf-8")
        edited = store.index()
        return [
            {"what": f"{FILES:,} files: texts sent to the model", "figure": first.counts["embedded"], "unit": "texts"},
            {"what": f"{FILES:,} files: refresh, nothing changed", "figure": unchanged, "unit": "s"},
            {"what": "one edited file: texts sent to the model", "figure": edited.counts["embedded"], "unit": "texts"},
            {"what": "one edited file: refresh", "figure": sum(edited.seconds.values()), "unit": "s"},
        ]
