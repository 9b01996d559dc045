"""Asking one snapshot the same queries in one setting after the other, and timing answers."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..query.batch import search_many
from ..query.query_file import QueryList
from .evaluation import Latency
from .runs import Ranked, Run, folded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..config import QueryConfig
    from ..contracts import Allowed, Progress
    from ..query.query_file import NamedQuery
    from ..query.searcher import Searcher
    from ..query.setup import Setup
    from .resolve import Names
    from .settings import Candidate

_WARM = 3
"""Queries that are asked before any is timed."""


class Measurement:
    """Each query is encoded once, and the nearest vectors are found as for a single query, in all settings."""

    def __init__(
        self,
        searcher: Searcher,
        queries: Sequence[NamedQuery],
        names: Names,
        depth: int,
        allowed_for: Callable[[str], Allowed] | None = None,
    ) -> None:
        """Ask for rankings of ``depth`` documents, or judged chunks; ``allowed_for``: as a batch has it."""
        self.warnings: list[str] = []
        """Of damaged files that were skipped."""
        self._searcher = searcher
        self._queries = queries
        self._names = names
        self._depth = depth
        self._allowed_for = allowed_for
        self._known: dict[str, str] = {}
        searcher.remember_vectors()

    def run(self, candidate: Candidate, progress: Progress) -> tuple[Run, str | None]:
        """Return the rankings of a setting, and the plan that found the nearest vectors."""
        ranked: dict[str, Ranked] = {}
        plan: str | None = None
        source = QueryList([(query.id, query.text) for query in self._queries])
        answers = search_many(self.setup(candidate.config), source, self._allowed_for)
        for query, answer in zip(self._queries, answers, strict=True):
            names = (self._names.of(hit) for hit in answer.hits)
            shared = (self._known.setdefault(name, name) for name in names)  # there are as many as there are hits
            ranked[query.id] = folded(zip(shared, (hit.score for hit in answer.hits), strict=True), self._depth)
            plan = plan or answer.explanation.dense_plan
            if answer.degraded:
                self.warnings += [warning for warning in answer.warnings if warning not in self.warnings]
            progress.advance()
        return Run(ranked), plan

    def latency(self, candidate: Candidate, timed: Sequence[NamedQuery], progress: Progress) -> Latency | None:
        """Return how long answers take to queries that are asked one at a time, as ``embedctl query`` asks."""
        if not timed:
            return None
        for query in timed[:_WARM]:
            self._searcher.search(query.text, candidate.config, counted=False)
        took: list[float] = []
        for query in timed:
            start = time.perf_counter()
            self._searcher.search(query.text, candidate.config, counted=False)
            took.append(1e3 * (time.perf_counter() - start))
            progress.advance()
        return Latency(float(np.median(took)), float(np.percentile(took, 95)), len(took))

    def setup(self, config: QueryConfig) -> Setup:
        """Return how the queries are asked in a setting: as deep as rankings go without asking arms for more."""
        if self._names.level == "documents":
            config = replace(config, max_per_file=1)
        if len(self._searcher.arms(config)) == 1:  # a longer ranking of one arm has the same beginning
            config = replace(config, n=max(config.n, self._depth))
        return replace(self._searcher.ready(config, 0), at_most=self._depth)
