"""How hits are ranked: what ``embedctl tune`` fits, a store remembers, and a query may say otherwise."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from .setting import overlaid, setting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .building import ArmSettings

FusionName = Literal["rrf", "absolute", "convex", "convex-minmax", "dbsf", "combsum", "combmnz", "round-robin"]
Weights = tuple[tuple[str, float], ...]
"""Weights by name of arm."""


class Fusion(NamedTuple):
    """A way to make one ranking of several: the only place that knows anything of it but its name."""

    formula: str
    """Function of ``query/fusion.py`` that gives each candidate its score."""
    scale: str | None = None
    """Function there that says which scores of an arm count 0 and 1; ``None``: it goes by ranks."""
    completes: bool = False
    """Whether it wants every arm's score of every candidate, looked up where the arm did not propose it."""
    bounded: bool = False
    """Whether it wants to know the highest score that each arm can give."""
    weighted: bool = True
    """``False``: arms take turns, so that weights between on and off mean little."""
    shares: tuple[float, float] | None = None
    """Default weights: of all arms that search text, and of all others; arms of one kind share. ``None``: 1 each."""


FUSIONS: dict[FusionName, Fusion] = {
    "rrf": Fusion("reciprocal_rank"),
    "absolute": Fusion("absolute", "theoretical_range", completes=True, bounded=True, shares=(0.35, 0.65)),
    "convex": Fusion("convex", "theoretical_minimum", completes=True, shares=(0.2, 0.8)),
    "convex-minmax": Fusion("convex_min_max", "min_max", completes=True, shares=(0.4, 0.6)),
    "dbsf": Fusion("distribution_based", "three_sigma"),
    "combsum": Fusion("comb_sum", "min_max"),
    "combmnz": Fusion("comb_mnz", "min_max"),
    "round-robin": Fusion("round_robin", weighted=False),
}
LEAST_WEIGHT, MOST_WEIGHT = 0.000001, 1_000_000
"""Beyond these, fused scores have no place in 32 bits; only the ratio of the weights matters."""


@dataclass(frozen=True, slots=True)
class FusionConfig:
    """How the rankings of several arms become one; see ``query/fusion.py`` for the formulas."""

    name: FusionName = "rrf"
    rrf_k: int = 60
    """Constant of reciprocal rank fusion; the other fusions ignore it."""
    weights: Weights = ()
    """Arms that are not named have the default weight of the fusion."""

    @property
    def record(self) -> Fusion:
        """The fusion itself."""
        return FUSIONS[self.name]

    def weights_of(self, arms: Sequence[ArmSettings]) -> tuple[float, ...]:
        """Return the weight of each arm."""
        given, shares = dict(self.weights), self.record.shares
        text = sum(arm.field is None for arm in arms)
        weights = []
        for arm in arms:
            usual = 1.0
            if shares is not None:
                usual = shares[0] / text if arm.field is None else shares[1] / (len(arms) - text)
            weights.append(given.get(arm.name, usual))
        return tuple(weights)


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
    rewriters: tuple[str, ...] = ()
    """Names of rewriters, applied to the query one after the other."""
    rerankers: tuple[str, ...] = ()
    """Names of rerankers, applied to the first hits one after the other."""
    reranked: int = 50
    """Chunks that each reranker scores; the others keep their order behind them."""

    def to_json(self) -> dict[str, Any]:
        """Return what ``docs/schema/ranking.v1.json`` describes."""
        weights = dict(self.fusion.weights)
        told = asdict(self)
        told["fusion"] |= {"weights": weights, **{f"{arm}_weight": weights.get(arm) for arm in ("bm25", "dense")}}
        return told


@dataclass(frozen=True, slots=True)
class RankingRequest:
    """What a query asks of :class:`RankingConfig`; ``None`` keeps what the store was tuned to, or else the default."""

    candidates: int | None = setting(
        None, "Chunks that each arm proposes.", "N", min=1, usual=RankingConfig().candidates
    )
    fusion: FusionName | None = setting(
        None, f"How the arms become one ranking: {', '.join(FUSIONS)}.", "NAME", usual=FusionConfig().name
    )
    rrf_k: int | None = setting(None, "Constant of reciprocal rank fusion.", "K", min=0, usual=FusionConfig().rrf_k)
    weights: Mapping[str, float] = setting(
        dict,
        "Weight of this arm in the fusion; may be repeated.",
        "--weight NAME=W",
        aliases={"--bm25-weight": "bm25", "--dense-weight": "dense"},
    )
    """By name of arm; arms that are not named keep theirs."""
    body: float | None = None
    title: float | None = None
    path: float | None = None
    delta: float | None = None
    rm3: bool | None = setting(None, "Ask BM25 again, with words that its first hits have in common.")
    rocchio: bool | None = setting(None, "Ask the dense arm again, nearer to its first hits.")
    rewriters: tuple[str, ...] | None = setting(
        None, "Rewrite the query with this first; may be repeated.", "--rewrite NAME"
    )
    rerankers: tuple[str, ...] | None = setting(
        None, "Order the first hits again with this; may be repeated.", "--rerank NAME"
    )
    reranked: int | None = setting(None, "Chunks that each reranker scores.", None, min=1)

    base: RankingConfig | None = None
    """The ranking to start from; ``None``: that of the store."""

    def applied_to(self, ranking: RankingConfig) -> RankingConfig:
        """Return ``ranking`` with everything that was asked for; the weights of one fusion are not those of another."""
        ranking = self.base or ranking
        fusion = ranking.fusion
        if self.fusion is not None and self.fusion != fusion.name:
            fusion = FusionConfig(self.fusion)
        weights = tuple(sorted({**dict(fusion.weights), **self.weights}.items()))
        return overlaid(
            ranking,
            self,
            fusion=overlaid(fusion, self, weights=weights),
            bm25=overlaid(ranking.bm25, self),
            feedback=overlaid(ranking.feedback, self),
        )
