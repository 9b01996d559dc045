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
from .fusion import BOUNDED, COMPLETING, SCALES, Evidence, fused_scores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from ..config import FusionConfig
    from ..contracts import Labels
    from .fusion import Floats, Scale

    Scores = Callable[[Labels], NDArray[np.float32] | None]

LEAST = (0.0, -1.0)
"""The smallest scores that BM25 and a cosine can have."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """What both arms say of every chunk that either proposes; one row each, by ascending label.

    Fusing needs nothing else: candidates can be kept and fused again by other settings, without an index.
    """

    labels: Labels
    """uint64 ``(n,)``, ascending."""
    documents: NDArray[np.uint64]
    """uint64 ``(n,)``: key of the document that each chunk is of."""
    ranks: tuple[Floats, ...]
    """Of BM25 and of the dense arm: float64 ``(n,)``, from 1; inf where the arm did not propose the chunk."""
    scores: tuple[Floats, ...]
    """Of BM25 and of the dense arm: float64 ``(n,)``; NaN where the arm has none, or was not asked for it."""
    most: tuple[float, ...]
    """Of BM25 and of the dense arm: what none of its scores can be more than; inf where it was not asked for that."""

    def upto(self, depth: int) -> Candidates:
        """Return what there is if each arm proposes its ``depth`` best chunks only."""
        ranks = tuple(np.where(of_arm <= depth, of_arm, np.inf) for of_arm in self.ranks)
        return replace(self, ranks=ranks).proposed_by(range(len(ranks)))

    def proposed_by(self, arms: Iterable[int]) -> Candidates:
        """Return the candidates that any of ``arms`` proposed."""
        proposed = np.zeros(len(self.labels), dtype=np.bool_)
        for at in arms:
            proposed |= np.isfinite(self.ranks[at])
        if proposed.all():
            return self
        ranks, scores = (tuple(of_arm[proposed] for of_arm in given) for given in (self.ranks, self.scores))
        return Candidates(self.labels[proposed], self.documents[proposed], ranks, scores, self.most)


@dataclass(frozen=True, slots=True)
class Fused:
    """Chunks of all arms, best first, and the ranks that count."""

    ranking: Ranking
    ranks: tuple[Floats, ...]
    """Of BM25 and of the dense arm: float64 ``(n,)`` in the order of ``ranking``, from 1; inf: not proposed by it."""
    scales: tuple[Scale | None, ...] = (None, None)
    """Of BM25 and of the dense arm: which of its scores count 0 and 1; ``None``: its scores do not count."""


def gather(
    arms: Sequence[Ranking],
    documents_of: Callable[[Labels], NDArray[np.uint64]],
    scores_of: Sequence[Scores] | None = None,
    most: Sequence[float] | None = None,
) -> Candidates:
    """Return what the arms say of the union of their rankings.

    Args:
        arms: BM25 and the dense arm; chunks, best first, no label twice in one of them.
        documents_of: labels to document keys, uint64 ``(n,)`` to uint64 ``(n,)``.
        scores_of: for each arm, labels to its scores, float32 ``(n,)``, NaN where it has none, or ``None`` where it has
            none at all; asked for what the arm did not propose. For the fusions in :data:`~.fusion.COMPLETING`.
        most: for each arm, what none of its scores can be more than. For the fusions in :data:`~.fusion.BOUNDED`.
    """
    labels = np.unique(np.concatenate([arm.labels for arm in arms])).astype(np.uint64)
    ranks, scores = [], []
    for at, arm in enumerate(arms):
        rows = np.searchsorted(labels, arm.labels)
        of_arm = np.full(len(labels), np.inf)
        of_arm[rows] = np.arange(1, len(rows) + 1)
        given = np.full(len(labels), np.nan)
        given[rows] = arm.scores
        if scores_of is not None:
            others = np.flatnonzero(np.isinf(of_arm))
            looked_up = scores_of[at](labels[others]) if len(others) else None
            if looked_up is not None:
                given[others] = looked_up
        ranks.append(of_arm)
        scores.append(given)
    bounds = (np.inf,) * len(arms) if most is None else tuple(most)
    return Candidates(labels, documents_of(labels), tuple(ranks), tuple(scores), bounds)


def fuse(candidates: Candidates, fusion: FusionConfig) -> Fused:
    """Fuse the arms, each document's first chunk by the ranks and the best scores of the document.

    The formula of the fusion holds for every chunk with the returned ranks, or with the scores of chunk or document. An
    arm of weight 0 is left out, and so is what only it proposed. Ties break by ascending label.

    Raises:
        ValueError: the fusion is one of :data:`~.fusion.BOUNDED`, but it is not known what an arm can score at most.
    """
    if fusion.name in BOUNDED and not np.isfinite(candidates.most).all():
        raise ValueError(f"{fusion.name} wants to know what each arm can score at most; give it to gather().")
    used = [at for at, weight in enumerate(fusion.weights) if weight > 0]
    found = candidates.proposed_by(used)
    if not len(found.labels):
        return Fused(Ranking(found.labels, np.empty(0, dtype=np.float32)), tuple(np.empty(0) for _ in found.ranks))
    chunks = {at: _evidence(found, at, fusion) for at in used}
    order, _ = _sorted(found.labels, fused_scores(list(chunks.values()), fusion))
    _, first, owners = np.unique(found.documents[order], return_index=True, return_inverse=True)
    owner = np.empty_like(owners)
    owner[order] = owners
    standing = {at: _by_document(arm, owner, order[first]) for at, arm in chunks.items()}
    order, scores = _sorted(found.labels, fused_scores(list(standing.values()), fusion))
    nothing = np.full(len(order), np.inf)
    ranks = (standing[at].ranks[order] if at in standing else nothing for at in range(len(found.ranks)))
    scale_of = SCALES.get(fusion.name)
    scales = (scale_of(chunks[at]) if scale_of and at in chunks else None for at in range(len(found.ranks)))
    return Fused(Ranking(found.labels[order], scores[order]), tuple(ranks), tuple(scales))


def _evidence(candidates: Candidates, at: int, fusion: FusionConfig) -> Evidence:
    """Return what one arm says of the chunks, as the fusion wants it."""
    ranks, scores, least = candidates.ranks[at], candidates.scores[at], LEAST[at]
    proposed = np.isfinite(ranks)
    if fusion.name in COMPLETING:
        scores = pool = np.nan_to_num(scores, nan=least)
    else:
        scores, pool = np.where(proposed, scores, np.nan), scores[proposed]
    return Evidence(ranks, scores, pool, least, candidates.most[at], fusion.weights[at])


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
