"""Making and keeping an index: from ready vectors, a refresh that finds nothing new, and a thousand new chunks."""

from __future__ import annotations

import json
import shutil
import statistics
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from .processes import embedctl, watch
from .results import Row
from .stores import STORE, indexed_folder, ready_store, twin, write_records

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .bench import Bench
    from .processes import Watched

NAME = "building"
BUILD = "index, vectors ready"
ADDED = 1_000


def measure(bench: Bench, size: int) -> Iterator[Row]:
    """Index a generated store, refresh it, and add to a twin of it; whole processes each time."""
    built = build(bench, size)
    folder = indexed_folder(bench, size)
    yield from built_rows(Row(NAME, BUILD, "embedctl", "", 0.0, "", size), built)
    yield _row(BUILD, "index on disk", folder_bytes(folder / STORE / "index") / 1e6, "MB", size)

    bench.say(f"refreshing {size:,} chunks")
    refresh = embedctl("index", "--store", folder / STORE, "-q")
    watch(refresh)
    refreshed = [watch(refresh) for _ in range(bench.repeat)]
    case = "refresh, nothing changed"
    yield _row(case, "time", statistics.median(each.seconds for each in refreshed), "s", size)
    yield _row(case, "peak memory", max(each.peak_bytes for each in refreshed) / 1e6, "MB", size)

    bench.say(f"adding {ADDED:,} chunks to {size:,}")
    grown = twin(folder, folder.with_name(folder.name + ".grown"))
    write_records(bench, grown, 10_000_000, ADDED, "added")
    report = grown / "report.json"
    added = watch(embedctl("index", "--store", grown / STORE, "-q", "--json"), str(report))
    stages = json.loads(report.read_text(encoding="utf-8"))["seconds"]
    shutil.rmtree(grown)
    case = f"add {ADDED:,} chunks"
    yield _row(case, "time", added.seconds, "s", size)
    yield _row(case, "indexing alone", stages["index"], "s", size)
    yield _row(case, "embedding alone", stages["embed"], "s", size)
    yield _row(case, "peak memory", added.peak_bytes / 1e6, "MB", size)


@lru_cache
def build(bench: Bench, size: int) -> Watched:
    """Index a generated store whose vectors are ready, once a run; what is made is kept for other measurements."""
    folder = indexed_folder(bench, size)
    making = twin(ready_store(bench, size), folder.with_name(folder.name + ".making"))
    bench.say(f"indexing {size:,} chunks with ready vectors")
    built = watch(embedctl("index", "--no-refresh", "--store", making / STORE, "-q"))
    shutil.rmtree(folder, ignore_errors=True)
    making.rename(folder)
    return built


def built_rows(row: Row, built: Watched) -> Iterator[Row]:
    """Yield what is told of making an index of ``row.chunks`` chunks."""
    yield replace(row, metric="time", value=round(built.seconds, 3), unit="s")
    yield replace(row, metric="rate", value=round((row.chunks or 0) / built.seconds, 1), unit="chunks/s")
    yield replace(row, metric="peak memory", value=round(built.peak_bytes / 1e6), unit="MB")


def folder_bytes(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _row(case: str, metric: str, value: float, unit: str, size: int) -> Row:
    return Row(NAME, case, "embedctl", metric, round(value, 4), unit, size)
