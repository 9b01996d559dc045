"""How hits are ranked: what ``embedctl tune`` fits, a store remembers, and a query may say otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

FusionName = Literal["rrf", "absolute", "convex", "convex-minmax", "dbsf", "combsum", "combmnz", "round-robin"]

FUSION_WEIGHTS: dict[FusionName, tuple[float, float]] = {
    "rrf": (1.0, 1.0),
    "absolute": (0.35, 0.65),
    "convex": (0.2, 0.8),
    "convex-minmax": (0.4, 0.6),
    "dbsf": (1.0, 1.0),
    "combsum": (1.0, 1.0),
    "combmnz": (1.0, 1.0),
    "round-robin": (1.0, 1.0),
}
"""Weights of BM25 and of the dense arm in each fusion, unless others are asked for."""
LEAST_WEIGHT, MOST_WEIGHT = 0.000001, 1_000_000
"""Beyond these, fused scores have no place in 32 bits; only the ratio of the weights matters."""


@dataclass(frozen=True, slots=True)
class FusionConfig:
    """How the rankings of both arms become one; see ``query/fusion.py`` for the formulas."""

    name: FusionName = "rrf"
    rrf_k: int = 60
    """Constant of reciprocal rank fusion; nothing to the others."""
    bm25_weight: float | None = None
    """``None``: that of :data:`FUSION_WEIGHTS`."""
    dense_weight: float | None = None

    @property
    def weights(self) -> tuple[float, float]:
        """Weights of BM25 and of the dense arm."""
        bm25, dense = FUSION_WEIGHTS[self.name]
        return (
            bm25 if self.bm25_weight is None else self.bm25_weight,
            dense if self.dense_weight is None else self.dense_weight,
        )


@dataclass(frozen=True, slots=True)
class Bm25Config:
    """Weight of each text field in BM25's sum; ``title`` holds the headings, too."""

    body: float = 1.0
    title: float = 0.5
    path: float = 0.25
    delta: float = 0.3
    """What each matching term counts in a field of any length, in shares of its idf (BM25+); 0: Tantivy's own BM25."""


@dataclass(frozen=True, slots=True)
class FeedbackConfig:
    """Pseudo-relevance feedback: the query asked again, with what its first hits have in common."""

    rm3: bool = False
    """Of BM25: relevance model 3 (Abdul-Jaleel et al., TREC 2004)."""
    rocchio: bool = False
    """Of the dense arm: Rocchio (1971) on the vectors."""


@dataclass(frozen=True, slots=True)
class Rm3Config:
    """Numbers of relevance model 3: but for ``hits``, those of Anserini, with which most published results are made."""

    hits: int = 5
    """First hits of the query that are taken for relevant; chosen on Cranfield, where 10, as in Anserini, gain less."""
    terms: int = 10
    query_weight: float = 0.5
    """Share of the query itself in the sum; above 0."""
    most_common: float = 0.1
    """A term that a larger share of all chunks has does not tell these from others."""
    shortest: int = 2
    longest: int = 20
    """Characters of a term."""


@dataclass(frozen=True, slots=True)
class RocchioConfig:
    """Numbers of Rocchio's formula: weights as Li et al. (ACM TOIS 2023) found good for dense vectors."""

    hits: int = 3
    """First hits of the query that are taken for relevant; chosen on Cranfield, where 5 gain less."""
    query_weight: float = 0.4
    hits_weight: float = 0.6
    """Of the mean of their vectors."""


@dataclass(frozen=True, slots=True)
class RankingConfig:
    """Everything that decides in which order chunks are found, but for the index itself."""

    candidates: int = 100
    """Rows that each arm proposes; raised to ``n``, and by fours while thresholds or ``max_per_file`` leave too few."""
    fusion: FusionConfig = field(default_factory=FusionConfig)
    bm25: Bm25Config = field(default_factory=Bm25Config)
    feedback: FeedbackConfig = field(default_factory=FeedbackConfig)


@dataclass(frozen=True, slots=True)
class RankingRequest:
    """What a query asks of :class:`RankingConfig`; ``None`` keeps what the store was tuned to, or else the default."""

    candidates: int | None = None
    fusion: FusionName | None = None
    rrf_k: int | None = None
    bm25_weight: float | None = None
    dense_weight: float | None = None
    body: float | None = None
    title: float | None = None
    path: float | None = None
    delta: float | None = None
    rm3: bool | None = None
    rocchio: bool | None = None

    @classmethod
    def of(cls, ranking: RankingConfig) -> RankingRequest:
        """Return what asks for exactly ``ranking``."""
        fusion = ranking.fusion
        parts = {name: getattr(part, name) for part in (ranking.bm25, ranking.feedback) for name in _names(part)}
        return cls(ranking.candidates, fusion.name, fusion.rrf_k, *fusion.weights, **parts)

    def applied_to(self, ranking: RankingConfig) -> RankingConfig:
        """Return ``ranking`` with everything that was asked for; the weights of one fusion are none of another."""

        def asked(*names: str) -> dict[str, Any]:
            return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

        fusion = ranking.fusion
        if self.fusion is not None and self.fusion != fusion.name:
            fusion = FusionConfig(self.fusion)
        return replace(
            ranking,
            **asked("candidates"),
            fusion=replace(fusion, **asked("rrf_k", "bm25_weight", "dense_weight")),
            bm25=replace(ranking.bm25, **asked(*_names(ranking.bm25))),
            feedback=replace(ranking.feedback, **asked(*_names(ranking.feedback))),
        )


def _names(part: Bm25Config | FeedbackConfig) -> list[str]:
    return [one.name for one in fields(part)]
