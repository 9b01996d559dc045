"""The dense arm: nearest neighbours of a query's vector, and Rocchio's feedback."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ...config import RocchioConfig
from ...contracts import ArmQuery
from .structures import Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ...contracts import Allowed, ArmRequest, Labels, Query, Ranking, Scores, Vectors
    from .structures import Structures


class DenseArm:
    """The live rows of one field."""

    def __init__(self, structures: Structures, field: str) -> None:
        self.structures = structures
        self.field = field
        self.rows = len(structures.segments)
        self._answered = 0

    def ask(self, queries: Sequence[Query], request: ArmRequest) -> list[DenseQuery]:
        """Return each query ready to be searched; several of one filter are searched to ``request.depth`` at once."""
        wanted = Plan(request.config.dense, "", request.config.ef)
        expected = self._answered + request.queries if request.queries else 1
        asked = [
            DenseQuery(
                self.structures,
                self.structures.choose(wanted, query.allowed, expected),
                query.allowed,
                partial(query.vector, self.field),
            )
            for query in queries
        ]
        if len(queries) > 1 and all(query.allowed is queries[0].allowed for query in queries):
            vectors = np.stack([one.vector() for one in asked])
            for one, first in zip(asked, asked[0].nearest(vectors, request.depth), strict=True):
                one.known = {request.depth: first}
        self._answered += len(queries) if request.queries else 0
        return asked


class DenseQuery(ArmQuery):
    """One vector to look for."""

    def __init__(
        self, structures: Structures, plan: Plan, allowed: Allowed | None, vector: Callable[[], Vectors]
    ) -> None:
        self.plan = plan
        self.allowed = allowed
        self.structures = structures
        self.vector = vector
        """Return float32 ``(dim,)``."""
        self.known: dict[int, Ranking] = {}
        """Rankings by depth that were found together with those of other queries."""

    def best(self, k: int) -> Ranking:
        """Return the ``min(k, live and allowed rows)`` nearest rows."""
        return self.known[k] if k in self.known else self.nearest(self.vector()[np.newaxis], k)[0]

    def nearest(self, vectors: Vectors, k: int) -> list[Ranking]:
        """Return what ``best(k)`` is for each row of float32 ``(queries, dim)``; several are searched by threads."""
        rankings = self.structures.retriever(self.plan).search_batch(vectors, k, self.allowed)
        rows = len(self.structures.segments)
        most = min(k, rows if self.allowed is None else min(rows, self.allowed.count))
        short = [at for at, ranking in enumerate(rankings) if len(ranking.labels) < most]
        if short:
            completed = self.structures.scan(self.allowed).search_batch(vectors[short], k, self.allowed)
            for at, ranking in zip(short, completed, strict=True):
                rankings[at] = ranking
        return rankings

    def scores(self, labels: Labels) -> Scores:
        """Return the exact similarity to each of ``labels``, float32 ``(n,)``; NaN where there is no such row."""
        return self.structures.segments.cosine(self.vector(), labels)

    def most(self) -> float:
        """Return the similarity of equal vectors."""
        return 1.0

    def feedback(self, first: Ranking, texts: Callable[[Labels], list[str]]) -> tuple[DenseQuery, dict[str, Any]]:
        """Return the query with its vector moved towards those of its first hits: Rocchio."""
        config = RocchioConfig()
        hits = self.structures.segments.vectors_of(first.labels[: config.hits])
        vector = rocchio(self.vector(), hits, config) if len(hits) else self.vector()
        return DenseQuery(self.structures, self.plan, self.allowed, lambda: vector), {"hits": len(hits)}

    def explain(self, k: int) -> dict[str, Any]:
        """Return the plan, as one clause, and its cost."""
        cost = self.structures.cost(self.plan, k, self.allowed)
        return {"plan": f"{self.plan.name}: {self.plan.reason}", "cost": cost}


def rocchio(query: Vectors, hits: Vectors, config: RocchioConfig) -> Vectors:
    """Return a vector between a query and its hits, unit norm; float32 ``(dim,)``.

    ``query_weight * q + hits_weight * mean(hits)``: Rocchio, "Relevance feedback in information retrieval", 1971, with
    no hits known to be wrong, as Li et al. have it for dense vectors, "Pseudo relevance feedback with deep language
    models and dense retrievers: successes and pitfalls", ACM TOIS 2023.

    ``query`` has unit norm, float32 ``(dim,)``; ``hits`` are float32 ``(n, dim)``, at least one.
    """
    mean = hits.mean(axis=0, dtype=np.float64)
    moved = config.query_weight * query.astype(np.float64) + config.hits_weight * mean
    norm = float(np.linalg.norm(moved))
    return (moved / norm).astype(np.float32) if norm > 0 else query
