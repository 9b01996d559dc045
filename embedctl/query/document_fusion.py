"""Fusing chunks without losing their documents.

Fused chunk by chunk, a document whose best chunk for BM25 is not its best chunk for the encoder gets credit from one
arm only, twice. So the first chunk of each document stands where its document stands: it is scored by the ranks of the
document, which each arm ranks by its best chunk, and by the document's best score in each arm. Every further chunk of
the document is scored by its own ranks and scores.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..contracts import Ranking
from .fusion import Evidence, fused_scores, scale_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from ..config import ArmSettings, FusionConfig
    from ..contracts import Labels, Scores
    from .fusion import Floats, Scale

    ScoresOf = Callable[[Labels], Scores]


@dataclass(frozen=True, slots=True)
class Candidates:
    """The evidence of all arms about every chunk that any of them proposes; one row each, by ascending label.

    Fusing needs nothing else: candidates can be kept and fused again by other settings, without an index.
    """

    arms: tuple[ArmSettings, ...]
    """The order of every tuple below."""
    labels: Labels
    """uint64 ``(n,)``, ascending."""
    documents: NDArray[np.uint64]
    """uint64 ``(n,)``: label of the document that each chunk is of."""
    ranks: tuple[Floats, ...]
    """float64 ``(n,)``, from 1; inf where the arm did not propose the chunk."""
    scores: tuple[Floats, ...]
    """float64 ``(n,)``; NaN where the arm has none, or was not asked for it."""
    least: tuple[float, ...]
    """Smallest scores that the arms can give."""
    most: tuple[float, ...]
    """Scores that no score of the arm exceeds; inf where the arm was not asked for that."""

    def upto(self, depth: int) -> Candidates:
        """Return the candidates if each arm proposes its ``depth`` best chunks only."""
        ranks = tuple(np.where(of_arm <= depth, of_arm, np.inf) for of_arm in self.ranks)
        return replace(self, ranks=ranks).proposed_by(range(len(ranks)))

    def proposed_by(self, arms: Iterable[int]) -> Candidates:
        """Return the candidates that any of ``arms``, by place, proposed."""
        proposed = np.zeros(len(self.labels), dtype=np.bool_)
        for at in arms:
            proposed |= np.isfinite(self.ranks[at])
        if proposed.all():
            return self
        ranks, scores = (tuple(of_arm[proposed] for of_arm in given) for given in (self.ranks, self.scores))
        return replace(
            self, labels=self.labels[proposed], documents=self.documents[proposed], ranks=ranks, scores=scores
        )


@dataclass(frozen=True, slots=True)
class Fused:
    """Chunks of all arms, best first, and the ranks that count."""

    ranking: Ranking
    ranks: tuple[Floats, ...]
    """By arm: float64 ``(n,)`` in the order of ``ranking``, from 1; inf where the arm did not propose the chunk."""
    scales: tuple[Scale | None, ...]
    """By arm: which of its scores count 0 and 1; ``None``: its scores do not count."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One arm's part in candidates."""

    arm: ArmSettings
    ranking: Ranking
    """Chunks, best first, no label twice."""
    least: float
    """Smallest score that the arm can give."""
    scores: ScoresOf | None = None
    """Labels to scores, NaN where it has none; for fusions that complete: asked for chunks it did not propose."""
    most: float = np.inf
    """Score that none of its scores exceeds; for bounded fusions."""


def gather(proposals: Sequence[Proposal], documents_of: Callable[[Labels], NDArray[np.uint64]]) -> Candidates:
    """Return the evidence of the arms about the union of their rankings.

    ``documents_of``: labels of chunks to labels of their documents, uint64 ``(n,)`` to uint64 ``(n,)``.
    """
    labels = np.unique(np.concatenate([one.ranking.labels for one in proposals])).astype(np.uint64)
    ranks, scores = [], []
    for one in proposals:
        rows = np.searchsorted(labels, one.ranking.labels)
        of_arm = np.full(len(labels), np.inf)
        of_arm[rows] = np.arange(1, len(rows) + 1)
        given = np.full(len(labels), np.nan)
        given[rows] = one.ranking.scores
        others = np.flatnonzero(np.isinf(of_arm))
        if one.scores is not None and len(others):
            given[others] = one.scores(labels[others])
        ranks.append(of_arm)
        scores.append(given)
    return Candidates(
        arms=tuple(one.arm for one in proposals),
        labels=labels,
        documents=documents_of(labels),
        ranks=tuple(ranks),
        scores=tuple(scores),
        least=tuple(one.least for one in proposals),
        most=tuple(one.most for one in proposals),
    )


def fuse(candidates: Candidates, fusion: FusionConfig) -> Fused:
    """Fuse the arms, each document's first chunk by the ranks and the best scores of the document.

    The formula of the fusion holds for every chunk with the returned ranks, or with the scores of chunk or document. An
    arm of weight 0 is left out, and so is what only it proposed. Ties break by ascending label.

    Raises:
        ValueError: the fusion is bounded, but the highest score of an arm is not known.
    """
    if fusion.record.bounded and not np.isfinite(candidates.most).all():
        raise ValueError(f"{fusion.name} wants to know the highest score of each arm; give it to gather().")
    weights = fusion.weights_of(candidates.arms)
    used = [at for at, weight in enumerate(weights) if weight > 0]
    found = candidates.proposed_by(used)
    if not len(found.labels):
        nothing = tuple(np.empty(0) for _ in found.ranks)
        return Fused(Ranking(found.labels, np.empty(0, dtype=np.float32)), nothing, (None,) * len(nothing))
    chunks = {at: _evidence(found, at, fusion, weights[at]) for at in used}
    order, _ = _sorted(found.labels, fused_scores(list(chunks.values()), fusion))
    _, first, owners = np.unique(found.documents[order], return_index=True, return_inverse=True)
    owner = np.empty_like(owners)
    owner[order] = owners
    standing = {at: _by_document(arm, owner, order[first]) for at, arm in chunks.items()}
    order, scores = _sorted(found.labels, fused_scores(list(standing.values()), fusion))
    unranked = np.full(len(order), np.inf)
    ranks = tuple(standing[at].ranks[order] if at in standing else unranked for at in range(len(found.ranks)))
    scales = tuple(scale_of(chunks[at], fusion) if at in chunks else None for at in range(len(found.ranks)))
    return Fused(Ranking(found.labels[order], scores[order]), ranks, scales)


def _evidence(candidates: Candidates, at: int, fusion: FusionConfig, weight: float) -> Evidence:
    """Return the evidence of one arm about the chunks, as the fusion wants it."""
    ranks, scores, least = candidates.ranks[at], candidates.scores[at], candidates.least[at]
    proposed = np.isfinite(ranks)
    if fusion.record.completes:
        scores = pool = np.nan_to_num(scores, nan=least)
    else:
        scores, pool = np.where(proposed, scores, np.nan), scores[proposed]
    return Evidence(ranks, scores, pool, least, candidates.most[at], weight)


def _by_document(arm: Evidence, owner: NDArray[np.intp], heads: NDArray[np.intp]) -> Evidence:
    """Return the evidence with that of the document in place of each first chunk's.

    Args:
        arm: of ``n`` chunks of ``m`` documents.
        owner: document of each chunk, from 0, ``(n,)``.
        heads: first chunk of each document, ``(m,)``.
    """
    best_rank, best_score = np.full(len(heads), np.inf), np.full(len(heads), np.nan)
    np.minimum.at(best_rank, owner, arm.ranks)
    np.fmax.at(best_score, owner, arm.scores)
    places = np.empty(len(heads))
    places[np.argsort(best_rank)] = np.arange(1, len(heads) + 1)
    ranks, scores = arm.ranks.copy(), arm.scores.copy()
    ranks[heads], scores[heads] = np.where(np.isfinite(best_rank), places, np.inf), best_score
    return replace(arm, ranks=ranks, scores=scores)


def _sorted(labels: Labels, scores: Floats) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return the order of ``labels``, best first, and the scores in float32: not in that order."""
    # Rounding first makes sums that differ by the order of their terms tie, as they should.
    rounded = scores.astype(np.float32)
    return np.lexsort((labels, -rounded)), rounded
