"""Peak memory of ingesting and chunking a large folder."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

FILE_BYTES = 1_000_000


def measure(folder_bytes: int) -> list[dict[str, Any]]:
    """Make a folder of text files, ingest and chunk it, each in a process of its own."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        docs = Path(folder) / "docs"
        make_folder(docs, folder_bytes)
        store = ["--store", str(Path(folder) / ".embedctl"), "-q"]
        for stage, arguments in (("ingest", ["ingest", str(docs), *store]), ("chunk", ["chunk", *store])):
            peak, spent = peak_memory([sys.executable, "-m", "embedctl", *arguments])
            what = f"{stage} {folder_bytes / 1e6:,.0f} MB"
            rows.append({"what": f"{what}: peak memory", "figure": peak / 1e6, "unit": "MB"})
            rows.append({"what": f"{what}: throughput", "figure": folder_bytes / 1e6 / spent, "unit": "MB/s"})
    return rows


def make_folder(docs: Path, folder_bytes: int) -> None:
    """Write files of about a megabyte from the words of the sample corpus, always the same ones."""
    words = sorted({w for path in Path("sample_corpus").rglob("*.md") for w in path.read_text("utf-8").split()})
    shuffle = random.Random(7)
    docs.mkdir()
    for number in range(max(1, folder_bytes // FILE_BYTES)):
        lines: list[str] = []
        size = 0
        while size < FILE_BYTES:
            lines.append(" ".join(shuffle.choices(words, k=80)) + "\n\n")
            size += len(lines[-1].encode())
        (docs / f"{number:06d}.md").write_text("".join(lines), encoding="utf-8")


_WATCH = """
import json, os, subprocess, sys, time
start = time.perf_counter()
process = subprocess.Popen(sys.argv[1:])
_, status, usage = os.wait4(process.pid, 0)
print(json.dumps([status, usage.ru_maxrss, time.perf_counter() - start]))
"""


def peak_memory(command: list[str]) -> tuple[int, float]:
    """Return peak resident bytes and wall seconds of one process.

    It is started by a small process of its own: Linux counts what the parent held at the fork towards the peak.
    """
    watched = [sys.executable, "-c", _WATCH, *command]
    status, peak, spent = json.loads(subprocess.run(watched, check=True, stdout=subprocess.PIPE).stdout)
    if status:
        raise SystemExit(f"{' '.join(command)} failed with status {status}")
    return peak * (1 if sys.platform == "darwin" else 1024), spent
