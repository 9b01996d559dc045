"""The dense arm of one snapshot: which of its structures answers a query, why, and at what cost."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ..config import DensePlan, IndexLimits
from ..errors import DamagedError, MismatchError
from ..system.memory import available_memory

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..arms.dense.binary import BinaryRetriever
    from ..arms.dense.flat import FlatRetriever
    from ..arms.dense.hnsw import HnswRetriever
    from ..contracts import Allowed, DenseRetriever, Labels, Ranking, Vectors
    from .open import Generation


class Plan(NamedTuple):
    """What will answer."""

    name: DensePlan
    """``flat``, ``binary`` or ``hnsw``."""
    reason: str
    """One clause."""
    ef: int | None = None
    """Candidates kept while a graph is walked, where not the store's own number is asked for."""


class Cost(NamedTuple):
    """What one query costs by a plan."""

    scanned: int
    """Rows whose vectors or bits are looked at one after the other."""
    bytes: int
    """Bytes of vectors and bits that are read for it, in round numbers; of the graph, nothing is counted."""
    rescored: int
    """Candidates that are compared exactly."""
    ef: int | None
    """Candidates kept while the graph is walked."""


class DenseArm:
    """Nearest neighbours among the live rows of a generation; structures are opened when they are first needed."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation
        self._answered = 0

    @cached_property
    def _flat(self) -> FlatRetriever:
        return self._generation.flat()

    @cached_property
    def _binary(self) -> BinaryRetriever:
        return self._generation.binary()

    @cached_property
    def _hnsw(self) -> HnswRetriever:
        return self._generation.hnsw()

    def plan(self, wanted: DensePlan, allowed: Allowed | None, queries: int = 1, ef: int | None = None) -> Plan:
        """Return what will answer the next ``queries`` queries under one filter, and open it; ``ef``: of a graph.

        A graph or sign bits that are damaged are done without, and the next best plan is taken.

        Raises:
            DamagedError: the vectors are damaged, and so are the parts that they could be read from instead.
        """
        own = self._generation
        own.segments  # noqa: B018 - tells whether there are vectors of the index, or some read from the parts
        while True:
            plan = self._planned(wanted, allowed, queries)._replace(ef=ef)
            try:
                self._retriever(plan)
            except (DamagedError, MismatchError) as error:
                if plan.name == "flat":
                    raise
                own.lose(plan.name, error)
            else:
                return plan

    def _planned(self, wanted: DensePlan, allowed: Allowed | None, queries: int) -> Plan:
        limits, rows, own = IndexLimits(), self._generation.rows, self._generation
        few = f"at most {limits.flat_rows:,} are scanned exactly"
        if wanted in ("hnsw", "binary") and own.lost(wanted):
            return Plan("binary" if own.has_bits else "flat", f"{wanted} was asked for, but it is damaged or gone")
        if wanted == "hnsw" and not own.graph_bytes:
            return Plan("flat", f"hnsw was asked for, but this index of {rows:,} chunks has no graph; {few}")
        if wanted == "binary" and not own.has_bits:
            return Plan("flat", f"binary was asked for, but this index of {rows:,} chunks has no bits; {few}")
        if wanted != "auto":
            return Plan(wanted, "asked for")
        if allowed is not None and (not own.has_bits or allowed.count <= limits.gathered_rows):
            return Plan("flat", f"{allowed.count:,} chunks pass the filter")
        if not own.has_bits:
            return Plan("flat", f"{rows:,} chunks; " + ("bits are damaged or gone" if own.lost("binary") else few))
        if allowed is not None:
            return Plan("binary", f"{allowed.count:,} chunks pass the filter, more than {limits.gathered_rows:,}")
        expected = self._answered + queries
        if "_hnsw" in self.__dict__:
            return Plan("hnsw", "the graph is loaded")
        if not own.graph_bytes:
            lacks = "a damaged graph" if own.lost("hnsw") else "no graph"
            return Plan("binary", f"{rows:,} chunks, more than {limits.flat_rows:,}, and {lacks}")
        if expected <= limits.graph_after:
            return Plan("binary", f"{rows:,} chunks; the graph is loaded for more than {limits.graph_after} queries")
        free = available_memory()
        if free is not None and free < own.graph_bytes:
            return Plan("binary", f"the graph needs {own.graph_bytes / 1e9:.1f} GB, {free / 1e9:.1f} GB are there")
        return Plan("hnsw", f"{rows:,} chunks, {expected:,} queries")

    def cost(self, plan: Plan, k: int, allowed: Allowed | None = None) -> Cost:
        """Return what a query for ``k`` rows costs by ``plan``."""
        total, dim = self._generation.segments.total, self._generation.dim
        vector = 2 * dim
        if plan.name == "hnsw":
            tail, ef = self._hnsw.tail, max(plan.ef or self._generation.ef, k)
            return Cost(tail, tail * vector, k, ef)
        if plan.name == "binary":
            rescored = min(self._binary.candidates(k), total)
            return Cost(total, total * dim // 8 + rescored * vector, rescored, None)
        scanned = self._flat.scanned(allowed)
        return Cost(scanned, scanned * vector, min(k, scanned), None)

    def open(self, plan: Plan) -> None:
        """Open what answers by ``plan``, and what completes such an answer."""
        self._retriever(plan)
        self._scan(None)

    def answered(self, queries: int = 1) -> None:
        """Note that more queries have been answered."""
        self._answered += queries

    def search(self, plan: Plan, vector: Vectors, k: int, allowed: Allowed | None) -> Ranking:
        """Return the ``min(k, live and allowed rows)`` best rows."""
        ranking = self._retriever(plan).search(vector, k, allowed)
        if self._complete(ranking, k, allowed):
            return ranking
        return self._scan(allowed).search(vector, k, allowed)

    def search_batch(self, plan: Plan, vectors: Vectors, k: int, allowed: Allowed | None) -> list[Ranking]:
        """Return what ``search`` returns for each row of float32 ``(queries, dim)``, in several threads."""
        rankings = list(self._retriever(plan).search_batch(vectors, k, allowed))
        short = [at for at, ranking in enumerate(rankings) if not self._complete(ranking, k, allowed)]
        if short:
            completed = self._scan(allowed).search_batch(vectors[short], k, allowed)
            for at, ranking in zip(short, completed, strict=True):
                rankings[at] = ranking
        return rankings

    def cosine(self, vector: Vectors, labels: Labels) -> NDArray[np.float32]:
        """Return the exact similarity to each of ``labels``, float32 ``(n,)``; NaN where there is no such row."""
        return self._generation.segments.cosine(vector, labels)

    def vectors(self, labels: Labels) -> Vectors:
        """Return the vectors of those of ``labels`` that there are, float32 ``(n, dim)``, in their order."""
        return self._generation.segments.vectors_of(labels)

    def _retriever(self, plan: Plan) -> DenseRetriever:
        if plan.name == "hnsw":
            return self._hnsw if plan.ef is None else self._hnsw.with_ef(plan.ef)
        return self._binary if plan.name == "binary" else self._flat

    def _scan(self, allowed: Allowed | None) -> DenseRetriever:
        """Return what completes an answer that the graph did not reach."""
        gathered = allowed is not None and allowed.count <= IndexLimits().gathered_rows
        return self._binary if self._generation.has_bits and not gathered else self._flat

    def _complete(self, ranking: Ranking, k: int, allowed: Allowed | None) -> bool:
        rows = self._generation.rows
        return len(ranking.labels) >= min(k, rows if allowed is None else min(rows, allowed.count))
