"""Asks one snapshot the same queries in one setting after the other, and tells how long an answer takes."""

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
    from collections.abc import Sequence

    from ..config import QueryConfig
    from ..contracts import Encoder, Progress, TokenIds, Vectors
    from ..index.dense_arm import Plan
    from ..query.searcher import Ready, Searcher
    from .evaluation import EvaluatedQuery
    from .resolve import Names
    from .settings import Candidate

_WARM = 3
"""Queries that are asked before any is timed."""


class Asking:
    """Each query is encoded once, and the nearest vectors are found in one way in all settings."""

    def __init__(self, searcher: Searcher, queries: Sequence[EvaluatedQuery], names: Names, depth: int) -> None:
        """Ask ``searcher``.

        Args:
            searcher: the open snapshot.
            queries: all that are judged.
            names: what hits are called.
            depth: documents, or judged chunks, of a ranking.
        """
        self.warnings: list[str] = []
        """Of damaged files that were done without."""
        self._searcher = searcher
        self._queries = queries
        self._names = names
        self._depth = depth
        self._encoder: _Remembering | None = None
        self._plan: Plan | None = None
        self._known: dict[str, str] = {}

    def run(self, candidate: Candidate, progress: Progress) -> tuple[Run, str | None]:
        """Return what a setting finds, and what found the nearest vectors."""
        ranked: dict[str, Ranked] = {}
        plan: str | None = None
        source = QueryList([(query.id, query.text) for query in self._queries])
        answers = search_many(self._ready(candidate.config), source)
        for query, answer in zip(self._queries, answers, strict=True):
            names = (self._names.of(hit) for hit in answer.hits)
            shared = (self._known.setdefault(name, name) for name in names)  # there are as many as there are hits
            ranked[query.id] = folded(zip(shared, (hit.score for hit in answer.hits), strict=True), self._depth)
            plan = plan or answer.explanation.dense_plan
            if answer.degraded:
                self.warnings += [told for told in answer.warnings if told not in self.warnings]
            progress.advance()
        if plan is not None and self._plan is not None:
            plan = f"{self._plan.name}: {self._plan.reason}"
        return Run(ranked), plan

    def latency(self, candidate: Candidate, timed: Sequence[EvaluatedQuery], progress: Progress) -> Latency | None:
        """Return how long answers take that are asked for one at a time, as ``embedctl query`` asks."""
        if not timed:
            return None
        config = self._settled(candidate.config)
        for query in timed[:_WARM]:
            self._searcher.search(query.text, config)
        took: list[float] = []
        for query in timed:
            start = time.perf_counter()
            self._searcher.search(query.text, config)
            took.append(1e3 * (time.perf_counter() - start))
            progress.advance()
        return Latency(float(np.median(took)), float(np.percentile(took, 95)), len(took))

    def _ready(self, config: QueryConfig) -> Ready:
        config = self._settled(config)
        if self._names.level == "documents":
            config = replace(config, max_per_file=1)
        if config.mode != "hybrid":  # a longer ranking of one arm has the same beginning
            config = replace(config, n=max(config.n, self._depth))
        ready = self._searcher.ready(config, len(self._queries))
        if ready.encoder is not None:
            self._encoder = self._encoder or _Remembering(ready.encoder)
            ready = ready._replace(encoder=self._encoder)
        return ready._replace(asked=ready.asked._replace(at_most=self._depth))

    def _settled(self, config: QueryConfig) -> QueryConfig:
        """Return ``config`` with the dense plan of a single query: with ``auto`` it would change after some hundred."""
        if config.mode == "bm25" or config.dense != "auto":
            return config
        if self._plan is None:
            self._plan = self._searcher.dense.plan(config.dense, self._searcher.allowed(config))
        return replace(config, dense=self._plan.name)


class _Remembering:
    """An encoder that encodes a query once."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, Vectors] = {}
        self.name, self.fingerprint, self.dim = encoder.name, encoder.fingerprint, encoder.dim

    @property
    def tokenizer_fingerprint(self) -> str:
        """That of the encoder."""
        return self._encoder.tokenizer_fingerprint

    def encode_tokens(self, tokens: TokenIds) -> Vectors:
        """Return what the encoder returns."""
        return self._encoder.encode_tokens(tokens)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Return what the encoder returns."""
        return self._encoder.encode_documents(texts)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return what the encoder returns, or returned before."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._encoder.encode_queries(new), strict=True))
        return np.stack([self._known[text] for text in texts])
