"""The answer to a query, and the one place where it becomes JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..records import Hit

if TYPE_CHECKING:
    from .draft import Draft
    from .pipeline import Pipeline
    from .setup import SettledBy

SCHEMA_VERSION = 2


@dataclass(frozen=True, slots=True)
class Explanation:
    """How the answer was found."""

    words: tuple[str, ...]
    phrases: tuple[str, ...]
    exclusions: tuple[str, ...]
    rewritten: str | None
    """The text that a rewriter made of the query."""
    arms: dict[str, dict[str, Any]]
    """How each arm was asked: its ``kind``, the ``encoder`` of the query and how it is run, the ``plan`` that found the
    nearest vectors, as one clause, and its ``cost`` in the last round: rows ``scanned``, ``bytes`` read, candidates
    ``rescored``, and ``ef``."""
    dense_plan: str | None
    """Plan, cost and encoder of the arm ``dense``."""
    dense_cost: dict[str, int | None] | None
    encoder: str | None
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
    """By name of feedback: what ``rm3`` and ``rocchio`` took from how many ``hits``; ``None``: not asked for."""
    rerankers: tuple[str, ...]
    ranking: SettledBy
    """The origin of these settings: the default, what the store was tuned to, or what the query asked for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The hits of one query, best first."""

    query: str
    mode: str
    arms: tuple[str, ...]
    hits: tuple[Hit, ...]
    timings: dict[str, float]
    """Milliseconds by step, and ``total``."""
    explanation: Explanation
    warnings: tuple[str, ...] = field(default=())
    query_id: str | None = None
    """Of one among many queries."""
    degraded: bool = False
    """Whether a damaged file was skipped: the hits are right, ``warnings`` name the file and how to repair it."""

    def to_json(self, explain: bool = False) -> dict[str, Any]:
        """Return the object that ``docs/schema/query.v2.json`` describes."""
        result: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            **({} if self.query_id is None else {"query_id": self.query_id}),
            "query": self.query,
            "mode": self.mode,
            "arms": list(self.arms),
            "timings": {name: round(value, 3) for name, value in self.timings.items()},
            "warnings": list(self.warnings),
            "degraded": self.degraded,
            "hits": [hit_json(hit) for hit in self.hits],
        }
        if explain:
            explanation = self.explanation
            shown = {name: getattr(explanation, name) for name in Explanation.__slots__}
            scales = explanation.scales.items()
            shown["scales"] = {arm: scale and [round(bound, 6) for bound in scale] for arm, scale in scales}
            result["explain"] = shown
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


def answer_of(pipeline: Pipeline, draft: Draft) -> Answer:
    """Return the answer that a finished draft is."""
    setup = pipeline.setup
    asked = {*(arm.name for arm in setup.arms), "rows"}
    damage = tuple(sentence for piece, sentence in setup.index.damage.items() if piece in asked)
    return Answer(
        query=draft.text,
        mode=setup.config.mode if not setup.config.arms or len(setup.arms) > 1 else setup.arms[0].name,
        arms=tuple(arm.name for arm in setup.arms),
        hits=draft.hits,
        timings=dict(draft.timings),
        explanation=_explanation(pipeline, draft),
        warnings=(*draft.notes, *damage),
        query_id=draft.id,
        degraded=bool(damage),
    )


def _explanation(pipeline: Pipeline, draft: Draft) -> Explanation:
    setup, retrieved, fused = pipeline.setup, draft.retrieved, draft.fused
    assert retrieved is not None
    assert fused is not None
    arms: dict[str, dict[str, Any]] = {}
    for arm in setup.arms:
        asked = draft.dense_text if arm.field else draft.text
        encoder = setup.encoded_by(arm.field) if arm.field and asked else None
        arms[arm.name] = {"kind": arm.kind, "encoder": encoder, **draft.arms[arm.name].explain(retrieved.depth)}
    dense = arms.get("dense", {})
    fusion = setup.ranking.fusion
    names = [arm.name for arm in setup.arms]
    learnt = {setup.kind(arm).feedback: draft.learnt.get(arm.name) for arm in setup.arms}
    return Explanation(
        words=draft.parsed.words,
        phrases=draft.parsed.phrases,
        exclusions=draft.parsed.exclusions,
        rewritten=draft.rewritten,
        arms=arms,
        dense_plan=dense.get("plan"),
        dense_cost=dense.get("cost"),
        encoder=dense.get("encoder"),
        rows=setup.index.rows_count,
        allowed=None if draft.allowed is None else draft.allowed.count,
        candidates=retrieved.depth,
        proposed={"bm25": 0, "dense": 0, **retrieved.proposed},
        fusion=fusion.name,
        rrf_k=fusion.rrf_k,
        weights=dict(zip(names, fusion.weights_of(setup.arms), strict=True)),
        scales={"bm25": None, "dense": None, **dict(zip(names, fused.scales, strict=True))},
        feedback={"rm3": None, "rocchio": None, **{name: told for name, told in learnt.items() if name}},
        rerankers=setup.ranking.rerankers,
        ranking=setup.settled_by,
    )
