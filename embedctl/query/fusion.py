"""The formulas of fusions: pure functions from the evidence of several arms to one score for each candidate.

A formula gets one :class:`Evidence` for each arm, row for row about the same candidates, and returns a score for each
row: higher is better, never NaN. Arms of weight 0 are left out before. :data:`~embedctl.config.FUSIONS` is the table of
fusions; a fusion that does not complete gives a candidate nothing from an arm that did not propose it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..config import FusionConfig

    Floats = NDArray[np.float64]
    Scale = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one arm says of the ``n`` candidates of all arms."""

    ranks: Floats
    """float64 ``(n,)``, from 1; inf where the arm did not propose the candidate."""
    scores: Floats
    """float64 ``(n,)``, the arm's own; NaN where the arm did not propose the candidate, unless the fusion completes."""
    pool: Floats
    """float64 ``(m,)``: the scores that normalizations go by. The arm's own list, empty where it found nothing; where
    the fusion completes, the scores of all candidates."""
    least: float
    """The smallest score that the arm could give to anything: 0 of BM25, -1 of a cosine."""
    most: float = np.inf
    """What none of its scores can be more than, for this query; inf: not known."""
    weight: float = 1.0
    """Above 0."""

    @property
    def proposed(self) -> NDArray[np.bool_]:
        """Which candidates the arm proposed, ``(n,)``."""
        return np.isfinite(self.ranks)


def reciprocal_rank(arms: Sequence[Evidence], k: int = 60) -> Floats:
    """Return ``sum of weight / (k + rank)``: reciprocal rank fusion.

    Cormack, Clarke and Buettcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning methods",
    SIGIR 2009, where ``k`` is 60. An arm that did not propose a candidate adds nothing to it.
    """
    return _total([arm.weight / (k + arm.ranks) for arm in arms])


def convex(arms: Sequence[Evidence]) -> Floats:
    """Return the weighted mean of how far scores are from the least possible to the best: TM2C2, 0 to 1.

    Bruch, Gai and Ingber, "An analysis of fusion functions for hybrid retrieval", ACM TOIS 42(1), 2023: convex
    combination after theoretical minimum-maximum normalization, with every score known. It does not depend on how long
    the lists are.
    """
    return _mean(arms, [_scaled(arm, theoretical_minimum(arm), 0.0) for arm in arms])


def absolute(arms: Sequence[Evidence]) -> Floats:
    """Return the weighted mean of how far scores are from the least to the most that is possible, 0 to 1.

    As :func:`convex`, but what counts 1 is what the arm could give at most, not what it gave: of BM25 it is known from
    the idf of the query's words, of a cosine it is 1. So an arm that found little of what was asked says so, where
    every other normalization takes its best for good.
    """
    return _mean(arms, [_scaled(arm, theoretical_range(arm), 0.0) for arm in arms])


def convex_min_max(arms: Sequence[Evidence]) -> Floats:
    """Return the weighted mean of how far scores are from the worst to the best of all candidates: M2C2, 0 to 1.

    Bruch, Gai and Ingber (2023), with every score known: so the worst is often one that the arm did not propose.
    """
    return _mean(arms, [_scaled(arm, min_max(arm), 0.0) for arm in arms])


def distribution_based(arms: Sequence[Evidence]) -> Floats:
    """Return the weighted sum of where scores stand between 3 deviations below and 3 above the mean of the arm's list.

    Mazzeschi, "Distribution-based score fusion (DBSF), a new approach to vector search ranking", 2023, as Qdrant
    computes it: the deviation of the sample, nothing clipped, 0.5 for a list of one or of equal scores. An arm that did
    not propose a candidate adds nothing to it.
    """
    return _total([arm.weight * _scaled(arm, three_sigma(arm), 0.5) for arm in arms])


def comb_sum(arms: Sequence[Evidence]) -> Floats:
    """Return the weighted sum of where scores stand between the worst and the best of the arm's list: CombSUM.

    Fox and Shaw, "Combination of multiple searches", TREC-2, 1994; normalized as by Lee, "Analyses of multiple evidence
    combination", SIGIR 1997; 1 for a list of equal scores. An arm that did not propose a candidate adds nothing to it.
    """
    return _total([arm.weight * _scaled(arm, min_max(arm), 1.0) for arm in arms])


def comb_mnz(arms: Sequence[Evidence]) -> Floats:
    """Return CombSUM times the number of arms that proposed the candidate: CombMNZ (Fox and Shaw 1994, Lee 1997)."""
    return comb_sum(arms) * _total([arm.proposed.astype(np.float64) for arm in arms])


def round_robin(arms: Sequence[Evidence]) -> Floats:
    """Return ``best of weight / rank``: the lists interleaved, each candidate where it stands highest.

    Voorhees, Gupta and Johnson-Laird, "The collection fusion problem", TREC-3, 1995. An arm of weight 2 has two turns
    for each turn of an arm of weight 1.
    """
    best = np.zeros_like(arms[0].ranks)
    for arm in arms:
        np.maximum(best, arm.weight / arm.ranks, out=best)
    return best


def fused_scores(arms: Sequence[Evidence], fusion: FusionConfig) -> Floats:
    """Return the fused score of each candidate, float64 ``(n,)``.

    Args:
        arms: at least one, each with the weight that ``fusion`` gives it.
        fusion: its name and, of ``rrf``, the constant.
    """
    formula = globals()[fusion.record.formula]
    scores: Floats = formula(arms, fusion.rrf_k) if formula is reciprocal_rank else formula(arms)
    return scores


def scale_of(arm: Evidence, fusion: FusionConfig) -> Scale | None:
    """Return which scores of an arm count 0 and 1; ``None``: the fusion goes by ranks.

    Where the two are equal, the arm has nothing to tell one candidate from another by.
    """
    if fusion.record.scale is None:
        return None
    scale: Scale = globals()[fusion.record.scale](arm)
    return scale


def theoretical_minimum(arm: Evidence) -> Scale:
    """Return the least possible score and the best."""
    return arm.least, float(arm.pool.max(initial=arm.least))


def theoretical_range(arm: Evidence) -> Scale:
    """Return the least and the greatest possible score."""
    return arm.least, arm.most


def min_max(arm: Evidence) -> Scale:
    """Return the worst and the best score."""
    return (float(arm.pool.min()), float(arm.pool.max())) if len(arm.pool) else (0.0, 0.0)


def three_sigma(arm: Evidence) -> Scale:
    """Return the scores 3 standard deviations below and above the mean."""
    if len(arm.pool) < 2:
        return 0.0, 0.0
    mean, reach = float(arm.pool.mean()), 3 * float(arm.pool.std(ddof=1))
    return mean - reach, mean + reach


def _scaled(arm: Evidence, scale: Scale, alike: float) -> Floats:
    """Return the scores from 0 to 1, ``alike`` where ``scale`` has no extent, and 0 where they are NaN."""
    low, high = scale
    if not high > low:
        return np.where(arm.proposed, alike, 0.0)
    return np.nan_to_num((arm.scores - low) / (high - low), nan=0.0)


def _mean(arms: Sequence[Evidence], values: Sequence[Floats]) -> Floats:
    total = sum(arm.weight for arm in arms)
    return _total([arm.weight / total * value for arm, value in zip(arms, values, strict=True)])


def _total(values: Sequence[Floats]) -> Floats:
    total: Floats = sum(values[1:], start=values[0])
    return total
