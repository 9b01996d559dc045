"""What a query returns, and the one place where it becomes JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from ..records import Hit

SCHEMA_VERSION = 1

SettledBy = Literal["default", "tuned", "asked"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """How the answer was found."""

    words: tuple[str, ...]
    phrases: tuple[str, ...]
    exclusions: tuple[str, ...]
    dense_plan: str | None
    """What found the nearest vectors, and why, as one clause."""
    dense_cost: dict[str, int | None] | None
    """What that took in the last round: rows ``scanned``, ``bytes`` read, candidates ``rescored``, and ``ef``."""
    encoder: str | None
    """What encoded the query, and how it is run; ``None``: the dense arm was not asked."""
    rows: int
    """Live chunks in the index."""
    allowed: int | None
    """Chunks that the filter lets through; ``None``: no filter."""
    candidates: int
    """Rows asked of each arm in the last round."""
    proposed: dict[str, int]
    """Rows that each arm proposed."""
    fusion: str
    """Name of the fusion; ``rrf_k`` means something to ``rrf`` only."""
    rrf_k: int
    weights: dict[str, float]
    scales: dict[str, tuple[float, float] | None]
    """Which scores of each arm count 0 and 1 in the fusion; ``None``: it goes by ranks, or has no such scores."""
    feedback: dict[str, dict[str, Any] | None]
    """What ``rm3`` and ``rocchio`` learnt from how many ``hits``; ``None``: not asked for, or its arm was not."""
    ranking: SettledBy
    """What decided on all of this: the default, what the store was tuned to, or what the query asked for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The hits of one query, best first."""

    query: str
    mode: str
    hits: tuple[Hit, ...]
    timings: dict[str, float]
    """Milliseconds by step, and ``total``."""
    explanation: Explanation
    warnings: tuple[str, ...] = field(default=())
    query_id: str | None = None
    """Of one among many queries."""
    degraded: bool = False
    """Whether a damaged file was done without: the hits are right, ``warnings`` name the file and what mends it."""

    def to_json(self, explain: bool = False) -> dict[str, Any]:
        """Return the object that ``docs/schema/query.v1.json`` describes."""
        result: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            **({} if self.query_id is None else {"query_id": self.query_id}),
            "query": self.query,
            "mode": self.mode,
            "timings": {name: round(value, 3) for name, value in self.timings.items()},
            "warnings": list(self.warnings),
            "degraded": self.degraded,
            "hits": [hit_json(hit) for hit in self.hits],
        }
        if explain:
            explanation = self.explanation
            told = {name: getattr(explanation, name) for name in Explanation.__slots__}
            scales = explanation.scales.items()
            told["scales"] = {arm: scale and [round(bound, 6) for bound in scale] for arm, scale in scales}
            result["explain"] = told
        return result


def hit_json(hit: Hit) -> dict[str, Any]:
    """Return one hit as the schema describes it."""
    result = {name: getattr(hit, name) for name in Hit.__slots__}
    result["heading"] = list(hit.heading)
    result["score"] = _rounded(hit.score)
    result["scores"] = {name: _rounded(value) for name, value in hit.scores.items()}
    return result


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
