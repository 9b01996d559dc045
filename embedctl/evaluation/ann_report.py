"""Result of a measurement of the dense plans."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

SCHEMA_VERSION = 1

PlanName = Literal["flat", "binary", "hnsw"]
AskedFor = Literal["queries", "chunks"]
"""Vectors of queries, or stored vectors with noise added."""
QueryOrigin = Literal["file", "synthetic"]


@dataclass(frozen=True, slots=True)
class AnnPoint:
    """One plan with one setting, on one set of query vectors."""

    plan: PlanName
    parameter: int | None
    """``ef`` of ``hnsw``; for ``binary``, the candidates that are compared exactly; ``None``: there is none."""
    asked: AskedFor
    current: bool
    """Queries of this store that take the plan take it with this setting."""
    recall: float
    """At ``k``, mean over the query vectors; ``low`` and ``high``: its 95% interval."""
    low: float
    high: float
    recall_at_depth: float
    """Of all rows that the arm proposes to the fusion."""
    median_ms: float
    """Of one search, one at a time, without the encoder."""
    p95_ms: float


@dataclass(frozen=True, slots=True)
class AnnReached:
    """Setting and cost with which one plan reaches the target on one set of vectors."""

    plan: PlanName
    asked: AskedFor
    parameter: int | None
    reached: bool
    """``False``: no setting that was tried did."""


@dataclass(frozen=True, slots=True)
class AnnReport:
    """Recall and latency of the dense plans of one store."""

    rows: int
    """Live chunks."""
    dim: int
    k: int
    depth: int
    """Rows requested by each search, as queries do."""
    target: float
    queries: QueryOrigin
    asked: dict[str, int]
    """Number of vectors in each set."""
    built: bool
    """The store has neither sign bits nor a graph; they were made for this measurement alone."""
    points: tuple[AnnPoint, ...]
    reached: tuple[AnnReached, ...]
    notes: tuple[str, ...]
    """Remarks: finished sentences."""

    def to_json(self) -> dict[str, Any]:
        """Return what ``docs/schema/ann.v1.json`` describes."""
        return {"schema_version": SCHEMA_VERSION, **asdict(self)}
