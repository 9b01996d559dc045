"""Recall of an approximate search against the exact one: for ``doctor --deep``, ``eval --ann`` and benchmarks.

A row that was found counts if it is as near as the furthest of the true neighbours: of rows that are equally near, any
will do (Aumüller, Bernhardsson and Faithfull, "ANN-Benchmarks", Information Systems 87, 2020).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...config import TEXT_FIELD
from ...labels import bounds
from .build import live_vectors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from ...contracts import Labels, Ranking, Vectors
    from ...store.layout import Layout
    from ...store.manifest import Part
    from .segments import Segments

    Values = NDArray[np.float64]

_EQUAL = 1e-6
"""Cosines nearer than this are equal: a product of many numbers is rounded in another order than one by one."""


def noisy_vectors(segments: Segments, count: int, noise: float, seed: int) -> Vectors:
    """Return queries for which there is something near: live vectors with noise added, float32 ``(n, dim)``, unit norm.

    At most ``count``; ``noise``: length of what is added to a vector of length one, in a random direction.
    """
    rng = np.random.default_rng(seed)
    labels = segments.live_labels
    vectors = segments.vectors_of(rng.choice(labels, min(count, len(labels)), replace=False))
    added = rng.normal(size=vectors.shape)
    moved = vectors + noise * (added / np.linalg.norm(added, axis=1, keepdims=True))
    queries: Vectors = (moved / np.linalg.norm(moved, axis=1, keepdims=True)).astype(np.float32)
    return queries


def shares(exact: Sequence[Ranking], near: Sequence[Ranking], k: int) -> Values:
    """Return recall@k of each query, float64 ``(queries,)``, by the scores that both rankings have of the same rows."""
    found = []
    for true, own in zip(exact, near, strict=True):
        best = true.scores[:k]
        right = np.count_nonzero(own.scores[:k] >= best[-1] - _EQUAL) if len(best) else 0
        found.append(right / max(1, len(best)))
    return np.array(found, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class ExactScores:
    """Cosines of some queries to the vectors that the parts keep, in float32."""

    best: NDArray[np.float32]
    """Cosines of the nearest rows, descending; float32 ``(queries, depth)``."""
    known: tuple[dict[int, float], ...]
    """For each query, the cosine of every row that was asked about, by label."""

    def shares(self, found: Sequence[Labels], k: int) -> Values:
        """Return recall@k of what was found for each query, best first; float64 ``(queries,)``."""
        least = self.best[:, min(k, self.best.shape[1]) - 1]
        right = [
            sum(known[label] >= low - _EQUAL for label in labels[:k].tolist())
            for labels, low, known in zip(found, least.tolist(), self.known, strict=True)
        ]
        found_share: Values = np.array(right, dtype=np.float64) / min(k, self.best.shape[1])
        return found_share


def exact_scores(
    layout: Layout,
    parts: Sequence[Part],
    vectors: Vectors,
    asked: Sequence[Labels],
    depth: int,
    field: str = TEXT_FIELD,
    advance: Callable[[], None] = lambda: None,
) -> ExactScores:
    """Compare queries with every live vector of the parts, which are read once, one after the other.

    Args:
        layout: of the store.
        parts: those that an index answers from.
        vectors: queries, float32 ``(queries, dim)``.
        asked: for each query the labels of rows whose cosines are wanted.
        depth: how many of the nearest are kept.
        field: whose vectors.
        advance: called after each part.

    Raises:
        DamagedError: a part is damaged.
    """
    best = np.empty((len(vectors), 0), dtype=np.float32)
    known: tuple[dict[int, float], ...] = tuple({} for _ in vectors)
    wanted = [np.unique(labels) for labels in asked]
    for part in parts:
        labels, own = live_vectors(layout, part, field)
        scores = vectors @ own.T
        joined = np.concatenate([best, scores], axis=1)
        best = -np.partition(-joined, min(depth, joined.shape[1]) - 1, axis=1)[:, :depth] if joined.shape[1] else joined
        for row, (mine, of_query) in enumerate(zip(wanted, known, strict=True)):
            low, high = np.searchsorted(mine, bounds(part.number))
            here = mine[low:high]
            of_query.update(zip(here.tolist(), scores[row, np.searchsorted(labels, here)].tolist(), strict=True))
        advance()
    return ExactScores(-np.sort(-best, axis=1), known)
