"""Queries against generated stores: one process each, one after the other in a session, and as a batch."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, get_args

import embedctl
from embedctl.config import DensePlan, Mode, limits

from .processes import ProcessError, watch
from .processes import embedctl as command
from .results import Row, latency_rows
from .stores import indexed_store, queries

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from .bench import Bench

NAME = "latency"
MODES: tuple[Mode, ...] = get_args(Mode)
COLD, SESSION = "{}, one process a query", "{}, session"
BATCH, WHOLE_BATCH = "{}, batch in a session", "{}, batch, whole process"
"""Cases."""
ASKED = 200
"""Queries of a session that are counted."""


@dataclass(frozen=True, slots=True)
class Way:
    """A mode and a dense plan."""

    mode: Mode
    plan: DensePlan = "auto"

    @property
    def name(self) -> str:
        """``hybrid``, or ``dense (binary)`` where the plan is not left to embedctl."""
        return self.mode if self.plan == "auto" else f"{self.mode} ({self.plan})"

    @property
    def flags(self) -> list[str]:
        """As the command line takes them."""
        return ["--mode", self.mode, *(["--dense", self.plan] if self.plan != "auto" else [])]


def ways(store: Path) -> list[Way]:
    """Return every mode, and every dense plan that a store has, where it has a choice."""
    opened = embedctl.open(store)
    plans: list[DensePlan] = []
    for plan in get_args(DensePlan):
        told = opened.query("plan", embedctl.QueryConfig(mode="dense", dense=plan)).explanation.dense_plan or ""
        if told.startswith(plan):  # else another plan takes its place
            plans.append(plan)
    return [*map(Way, MODES), *(Way("dense", plan) for plan in plans if len(plans) > 1)]


def measure(bench: Bench, size: int) -> Iterator[Row]:
    """Measure every way of searching a store of ``size`` chunks."""
    store = indexed_store(bench, size)
    texts = queries(bench, bench.queries)
    opening = limits.INDEX.graph_after + 1
    found = ways(store)
    for way in found:
        bench.say(f"{size:,} chunks, {way.name}: one process a query")
        yield from cold(bench, store, texts, way, size)
    for way in found:
        bench.say(f"{size:,} chunks, {way.name}: session")
        together = texts if way.plan == "auto" else texts[:ASKED]  # a plan that nobody would choose may be slow
        yield from session(store, texts[: opening + ASKED], together, way, size, opening)
    for mode in MODES:
        bench.say(f"{size:,} chunks, {mode}: batch")
        yield from batch(bench, store, texts, Way(mode), size)


def cold(bench: Bench, store: Path, texts: Sequence[str], way: Way, size: int) -> Iterator[Row]:
    """Start one process a query, page cache warm: the first run is not counted."""
    row = Row(NAME, COLD.format(way.name), "embedctl", "", 0.0, "", size)
    runs = [
        watch(command("query", "--store", store, *way.flags, "--jsonl", "--", text))
        for text in (texts[0], *texts[: bench.repeat])
    ][1:]
    yield from latency_rows(row, [run.seconds for run in runs])
    yield replace(row, metric="peak memory", value=max(run.peak_bytes for run in runs) / 1e6, unit="MB")


def session(
    store: Path, texts: Sequence[str], together: Sequence[str], way: Way, size: int, opening: int
) -> Iterator[Row]:
    """Ask one library session one query after the other, then many together.

    The first ``opening`` queries, which may still open a plan, are not counted.

    Raises:
        ProcessError: it failed.
    """
    wanted = {"store": str(store), "queries": texts, "opening": opening, "batch": together}
    wanted |= {"mode": way.mode, "dense": way.plan}
    child = [sys.executable, "-m", "benchmarks.session"]
    finished = subprocess.run(child, input=json.dumps(wanted), check=False, capture_output=True, text=True)
    if finished.returncode:
        raise ProcessError(f"The session failed: {finished.stderr.strip()[-500:]}")
    answered = json.loads(finished.stdout)
    seconds = answered["seconds"]
    row = Row(NAME, SESSION.format(way.name), "embedctl", "", 0.0, "", size)
    yield from latency_rows(row, seconds)
    yield replace(row, metric="rate", value=len(seconds) / sum(seconds), unit="queries/s")
    rate = len(together) / answered["batch_seconds"]
    yield replace(row, case=BATCH.format(way.name), metric="rate", value=rate, unit="queries/s")


def batch(bench: Bench, store: Path, texts: Sequence[str], way: Way, size: int) -> Iterator[Row]:
    """Answer all queries by one process, timed from its start to its end."""
    lines = bench.work / "queries.txt"
    lines.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    ran = watch(command("query", "--store", store, *way.flags, "--jsonl", "--queries", lines))
    row = Row(NAME, WHOLE_BATCH.format(way.name), "embedctl", "rate", len(texts) / ran.seconds, "queries/s", size)
    yield row
    yield replace(row, metric="peak memory", value=ran.peak_bytes / 1e6, unit="MB")
