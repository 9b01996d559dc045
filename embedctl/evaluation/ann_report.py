"""What a measurement of the dense plans finds."""

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
    """One plan with one setting, asked for one set of vectors."""

    plan: PlanName
    parameter: int | None
    """``ef`` of ``hnsw``; for ``binary``, the candidates that are compared exactly; ``None``: there is none."""
    asked: AskedFor
    current: bool
    """Whether a query of this store that takes the plan takes it with this setting."""
    recall: float
    """At ``k``, mean over the vectors that were asked for; ``low`` and ``high``: its 95% interval."""
    low: float
    high: float
    recall_at_depth: float
    """Of all rows that the arm proposes to the fusion."""
    median_ms: float
    """Of one search, one at a time, without the encoder."""
    p95_ms: float


@dataclass(frozen=True, slots=True)
class AnnReached:
    """What it takes one plan to reach the target on one set of vectors."""

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
    """Rows that were asked for each time, as queries do."""
    target: float
    queries: QueryOrigin
    asked: dict[str, int]
    """How many vectors there are of each set."""
    built: bool
    """The store has neither sign bits nor a graph; they were made for this measurement alone."""
    points: tuple[AnnPoint, ...]
    reached: tuple[AnnReached, ...]
    notes: tuple[str, ...]
    """What else is to be known: finished sentences."""

    def to_json(self) -> dict[str, Any]:
        """Return what ``docs/schema/ann.v1.json`` describes."""
        return {"schema_version": SCHEMA_VERSION, **asdict(self)}
