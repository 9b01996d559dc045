"""Whole-process times of commands that must feel instant, on the sample corpus."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import embedctl

from .bench import SAMPLE
from .processes import embedctl as command
from .processes import watch
from .results import Row, latency_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .bench import Bench

NAME = "startup"


def measure(bench: Bench) -> Iterator[Row]:
    """Time ``--help``, ``status``, a refresh that finds nothing new, and one query of each mode."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / ".embedctl"
        bench.say("indexing the sample corpus")
        embedctl.create(store).index([SAMPLE])
        at = ["--store", str(store)]
        commands = {
            "--help": ["--help"],
            "status": ["status", *at],
            "index, nothing changed": ["index", *at, "-q"],
            "query --mode bm25": ["query", "fusion of rankings", "--mode", "bm25", *at],
            "query --mode dense": ["query", "fusion of rankings", "--mode", "dense", *at],
            "query": ["query", "fusion of rankings", *at],
        }
        for name, arguments in commands.items():
            bench.say(f"embedctl {name}")
            runs = [watch(command(*arguments)) for _ in range(bench.repeat + 1)][1:]
            row = Row(NAME, f"embedctl {name}", "embedctl", "", 0.0, "")
            yield from latency_rows(row, [run.seconds for run in runs])
            yield replace(row, metric="peak memory", value=max(run.peak_bytes for run in runs) / 1e6, unit="MB")
