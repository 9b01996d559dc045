"""Whole-process times of commands that must feel instant: the median of several runs."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import embedctl

if TYPE_CHECKING:
    from collections.abc import Sequence

RUNS = 7


def measure() -> list[dict[str, Any]]:
    """Time ``--help``, ``status`` and one cold query of each mode on the sample corpus."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / ".embedctl"
        embedctl.create(store).index([Path("sample_corpus").absolute()])
        commands = {
            "embedctl --help": ["--help"],
            "embedctl status": ["status", "--store", str(store)],
            "embedctl index (nothing changed)": ["index", "--store", str(store), "-q"],
            "embedctl query --mode bm25": ["query", "fusion of rankings", "--mode", "bm25", "--store", str(store)],
            "embedctl query": ["query", "fusion of rankings", "--store", str(store)],
        }
        return [
            {"what": f"{name}, cold process, median of {RUNS}", "figure": median_seconds(arguments), "unit": "s"}
            for name, arguments in commands.items()
        ]


def median_seconds(arguments: Sequence[str], runs: int = RUNS) -> float:
    """Return the median wall time of ``embedctl`` with these arguments."""
    spent = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "embedctl", *arguments], check=True, capture_output=True)
        spent.append(time.perf_counter() - start)
    return statistics.median(spent)
