"""Choosing the best rows of a scan."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ...contracts import Ranking

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...contracts import Labels, Vectors
    from .segments import Rows, Segments

NOTHING = Ranking(np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.float32))


@dataclass(slots=True)
class Candidates:
    """Every row offered whose exact score may be among the ``k`` best."""

    k: int
    slack: float
    """How far an offered score may be from the exact one."""
    rows: Rows = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    scores: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, dtype=np.float32))
    least: float = -2.0
    """Below this a row is out; no two unit vectors have so small a product."""

    def offer(self, start: int, scores: NDArray[np.floating]) -> None:
        """Look at the scores of the rows from ``start`` on; minus infinity: not to be taken."""
        near = np.flatnonzero(scores >= self.least)
        if len(near):
            self.take(near + start, scores[near].astype(np.float32))

    def take(self, rows: Rows, scores: NDArray[np.float32]) -> None:
        """Keep of these rows what may be among the best."""
        rows, scores = np.append(self.rows, rows), np.append(self.scores, scores)
        if 0 < self.k < len(scores):
            self.least = float(np.partition(scores, -self.k)[-self.k]) - 2 * self.slack
            near = scores >= self.least
            rows, scores = rows[near], scores[near]
        self.rows, self.scores = rows, scores


def ranked(segments: Segments, vector: Vectors, rows: Rows, k: int) -> Ranking:
    """Return the ``k`` best of ``rows`` by their exact scores, ties by ascending label."""
    return best(segments.labels_of(rows), segments.scores(vector, rows), k)


def best(labels: Labels, scores: NDArray[np.float32], k: int) -> Ranking:
    """Return the ``k`` best of these, ties by ascending label."""
    order = np.lexsort((labels, -scores))[: max(k, 0)]
    return Ranking(labels[order], scores[order])
