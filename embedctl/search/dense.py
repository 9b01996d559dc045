"""The dense arm of one snapshot: which of its structures answers a query, and why."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ..config import DensePlan, IndexLimits

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..contracts import Labels, Ranking, Vectors
    from ..retrievers.flat import FlatRetriever
    from ..retrievers.hnsw import HnswRetriever
    from .filters import LabelSet
    from .generation import Generation


class Plan(NamedTuple):
    """What will answer."""

    name: DensePlan
    reason: str
    """One clause."""


class DenseArm:
    """Nearest neighbours among the live rows of a generation; structures are opened when they are first needed."""

    def __init__(self, generation: Generation, rows: int) -> None:
        self._generation = generation
        self._rows = rows
        self._scanned = 0
        """Queries answered so far."""

    @cached_property
    def _flat(self) -> FlatRetriever:
        return self._generation.flat()

    @cached_property
    def _hnsw(self) -> HnswRetriever:
        return self._generation.hnsw()

    def plan(self, wanted: DensePlan, allowed: LabelSet | None) -> Plan:
        """Return what would answer the next query."""
        limits, rows = IndexLimits(), self._rows
        if wanted != "auto":
            return Plan(wanted, "asked for")
        if allowed is not None:
            return Plan("flat", f"{allowed.count:,} chunks pass the filter")
        if rows <= limits.flat_rows:
            return Plan("flat", f"{rows:,} chunks, at most {limits.flat_rows:,} are scanned exactly")
        if self._scanned < limits.graph_after:
            return Plan("flat", f"{rows:,} chunks; the graph is loaded after {limits.graph_after} queries")
        return Plan("hnsw", f"{rows:,} chunks, more than {limits.flat_rows:,}")

    def answered(self) -> None:
        """Note that one more query has been answered."""
        self._scanned += 1

    def search(self, plan: Plan, vector: Vectors, k: int, allowed: LabelSet | None) -> Ranking:
        """Return the ``min(k, live and allowed rows)`` best rows."""
        if plan.name == "hnsw" and allowed is None:
            ranking = self._hnsw.search(vector, k)
            if len(ranking.labels) >= min(k, self._rows):
                return ranking
        return self._flat.search(vector, k, allowed)

    def cosine(self, vector: Vectors, labels: Labels) -> NDArray[np.float32]:
        """Return the exact similarity to each of ``labels``, float32 ``(n,)``; NaN where there is no such row."""
        return self._flat.cosine(vector, labels)
