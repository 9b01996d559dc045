"""Reciprocal rank fusion: one ranking out of several whose scores cannot be compared.

Cormack, Clarke and Buettcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning methods",
SIGIR 2009: ``score(d) = sum over rankings of weight / (k + rank(d))``, ranks from 1; a ranking that lacks ``d``
adds nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..contracts import Ranking

if TYPE_CHECKING:
    from collections.abc import Sequence


def reciprocal_rank_fusion(rankings: Sequence[Ranking], weights: Sequence[float], k: int = 60) -> Ranking:
    """Return every label of ``rankings`` by fused score, best first, ties by ascending label.

    Args:
        rankings: one per arm, best first, no label twice in one of them.
        weights: one per ranking, not negative; an arm of weight 0 is left out.
        k: how little the first ranks stand out; 60 in the paper.
    """
    used = [(ranking.labels, weight) for ranking, weight in zip(rankings, weights, strict=True) if weight > 0]
    if not used:
        return Ranking(np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.float32))
    labels, places = np.unique(np.concatenate([arm for arm, _ in used]), return_inverse=True)
    gains = np.concatenate([weight / (k + np.arange(1, len(arm) + 1)) for arm, weight in used])
    # Rounding to float32 first makes sums that differ by the order of their terms tie, as they should.
    scores = np.bincount(places, weights=gains, minlength=len(labels)).astype(np.float32)
    order = np.lexsort((labels, -scores))
    return Ranking(labels[order].astype(np.uint64), scores[order])
