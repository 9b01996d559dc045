"""Times of whole processes and peak memory, both checkouts in turns."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..processes import ProcessError
from .datasets import write_queries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from .checkouts import Checkout
    from .datasets import Dataset

LIMIT = 1.05
"""Ratio above which a figure is marked."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How often, and with how many queries."""

    rounds: int
    """Rounds of short commands; long ones have half of them."""
    queries: int
    """Queries of a batch."""

    @property
    def long_rounds(self) -> int:
        """Rounds of commands that take seconds."""
        return max(3, self.rounds // 2)


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of one case."""

    seconds: float
    cpu_seconds: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Case:
    """Something to time."""

    name: str
    rounds: int
    run: Callable[[Checkout], Sample]
    queries: int = 0
    """Queries that the time is shared by, where the figure is a rate."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What one case came to."""

    case: str
    before: tuple[Sample, ...]
    after: tuple[Sample, ...]
    queries: int = 0
    failure: str = ""
    """Why there are no samples; empty if there are."""

    @property
    def unit(self) -> str:
        """Unit of :meth:`value`."""
        return "queries/s" if self.queries else "s"

    def value(self, samples: Sequence[Sample]) -> float:
        """Return the median time, or the rate that follows from it."""
        seconds = statistics.median(sample.seconds for sample in samples)
        return self.queries / seconds if self.queries else seconds

    @property
    def ratio(self) -> float:
        """Median time after by that before: above 1 is slower, of rates too."""
        return _median_ratio(self, "seconds")

    @property
    def cpu_ratio(self) -> float:
        """The same of processor time, which other programs on the machine disturb less."""
        return _median_ratio(self, "cpu_seconds")

    @property
    def best_ratio(self) -> float:
        """The same of the shortest times."""
        return _best_ratio(self, "seconds")

    @property
    def peak_mb(self) -> tuple[float, float]:
        """Median peak memory before and after."""
        before, after = (statistics.median(each.peak_mb for each in samples) for samples in (self.before, self.after))
        return before, after

    @property
    def peak_ratio(self) -> float:
        """Median peak memory after by that before."""
        return _median_ratio(self, "peak_mb")

    @property
    def verdict(self) -> str:
        """``slower`` by processor time, ``recheck`` by wall time alone (best on an idle machine), else empty."""
        if min(self.cpu_ratio, _best_ratio(self, "cpu_seconds")) > LIMIT:
            return "slower"
        return "recheck" if min(self.ratio, self.best_ratio) > LIMIT else ""


def measure(
    checkouts: Sequence[Checkout], datasets: Sequence[Dataset], many: Dataset, plan: Plan, say: Callable[[str], None]
) -> Iterator[Figure]:
    """Time every case, both checkouts in turns.

    Args:
        checkouts: the one before and the one after.
        datasets: the sample corpus, then others; queries and building are timed on the largest of them.
        many: many small files, to refresh.
        plan: how often.
        say: takes what is done next.
    """
    largest = max(datasets, key=lambda dataset: dataset.documents)
    for case in _cases(datasets[0], largest, many, plan):
        say(case.name)
        samples: list[list[Sample]] = [[] for _ in checkouts]
        try:
            for turn in range(case.rounds + 1):
                for checkout, own in zip(checkouts, samples, strict=True):
                    sample = case.run(checkout)
                    if turn:  # the first one fills caches
                        own.append(sample)
        except ProcessError as failed:
            yield Figure(case.name, (), (), case.queries, str(failed))
            continue
        yield Figure(case.name, tuple(samples[0]), tuple(samples[1]), case.queries)


def _cases(sample: Dataset, largest: Dataset, many: Dataset, plan: Plan) -> Iterator[Case]:
    short, long = plan.rounds, plan.long_rounds
    yield Case("--help", short, lambda checkout: _run(checkout, "--help"))
    for mode in ("hybrid", "bm25"):
        yield Case(f"cold query, {mode}, {largest.name}", short, _cold(largest, mode))
    for mode in ("hybrid", "bm25"):
        batch = _Batch(largest, mode, plan.queries)
        yield Case(f"batch, {mode}, {largest.name}", long, batch.run, plan.queries - 1)
    yield Case(f"index, vectors ready, {largest.name}", long, _Indexing(largest, "--no-refresh", "--rebuild").run)
    yield Case(f"refresh, no change, {sample.name}", short, _Indexing(sample).run)
    yield Case(f"refresh, no change, {many.documents:,} files", long, _Indexing(many).run)


def _run(checkout: Checkout, *arguments: object) -> Sample:
    ran = checkout.run(*arguments)
    return Sample(ran.seconds, ran.cpu_seconds, ran.peak_bytes / 1e6)


def _cold(dataset: Dataset, mode: str) -> Callable[[Checkout], Sample]:
    text = dataset.queries()[0].text

    def run(checkout: Checkout) -> Sample:
        return _run(checkout, "query", "--store", checkout.store(dataset), "--mode", mode, "--json", "--", text)

    return run


@dataclass(frozen=True, slots=True)
class _Batch:
    """Many queries by one process, less what one query takes: start-up and loading are left out."""

    dataset: Dataset
    mode: str
    count: int

    def run(self, checkout: Checkout) -> Sample:
        many, one = (self._ask(checkout, count) for count in (self.count, 1))
        return Sample(many.seconds - one.seconds, many.cpu_seconds - one.cpu_seconds, many.peak_mb)

    def _ask(self, checkout: Checkout, count: int) -> Sample:
        asked = checkout.work / "queries" / f"{self.dataset.key}-{count}.jsonl"
        if not asked.exists():
            write_queries(asked, self.dataset.pieces(count))
        flags = ("--mode", self.mode, "--format", "jsonl", "-q")
        return _run(checkout, "query", "--queries", asked, "--store", checkout.store(self.dataset), *flags)


class _Indexing:
    """``embedctl index`` on a copy of the store, made before the first run."""

    def __init__(self, dataset: Dataset, *flags: str) -> None:
        self._dataset = dataset
        self._flags = flags
        self._stores: dict[Path, Path] = {}

    def run(self, checkout: Checkout) -> Sample:
        if checkout.home not in self._stores:
            self._stores[checkout.home] = checkout.twin(self._dataset)
        return _run(checkout, "index", *self._flags, "--store", self._stores[checkout.home], "-q")


def _median_ratio(figure: Figure, name: str) -> float:
    before, after = (
        statistics.median(float(getattr(sample, name)) for sample in samples)
        for samples in (figure.before, figure.after)
    )
    return after / before


def _best_ratio(figure: Figure, name: str) -> float:
    before, after = (
        min(float(getattr(sample, name)) for sample in samples) for samples in (figure.before, figure.after)
    )
    return after / before
