"""Exact nearest neighbours: a scan over all vectors.

Candidates are found by products of float16 numbers. Their scores are then computed again from the whole query, one by
one: equal vectors get equal scores, and ``search`` and ``cosine`` agree to the bit, filtered or not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from ...contracts import DenseRetriever, Ranking
from ...system.resources import processors
from .kernels import dots, dots_of_many, to_float16, to_float32
from .segments import check_query

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from ...contracts import Allowed, Labels, Vectors
    from .kernels import Halves
    from .segments import Rows, Segments

Found = TypeVar("Found")

_BATCH = 64
"""Queries that are multiplied with a block at once."""
_BATCH_ROWS = 16_384
_NARROW = 24
"""A filter that leaves less than one row in this many is answered by gathering those rows."""
_ROUNDING = 2e-6
"""More than a product in float32 of two unit vectors can be off by, for any dimension in use."""


class FlatRetriever(DenseRetriever):
    """Scans every live row; exact, with nothing to load."""

    def __init__(self, segments: Segments) -> None:
        self._segments = segments

    def __len__(self) -> int:
        """Return the number of live rows."""
        return len(self._segments)

    def scanned(self, allowed: Allowed | None = None) -> int:
        """Return how many vectors one search looks at."""
        return allowed.count if allowed is not None and self._narrow(allowed) else self._segments.total

    def search(self, vector: Vectors, k: int, allowed: Allowed | None = None) -> Ranking:
        """Return the ``min(k, live and allowed rows)`` best rows, ties by ascending label."""
        check_query(vector, self._segments.dim)
        if k < 1:
            return NOTHING
        query = np.ascontiguousarray(vector, dtype=np.float32)
        if allowed is not None and self._narrow(allowed):
            return ranked(self._segments, query, self._segments.live_rows_of(allowed), k)
        halves = to_float16(query)
        candidates = Candidates(k, _slack(query, halves))
        for start, block, keep in self._segments.blocks(allowed):
            scores = dots(halves, block)
            candidates.offer(start, scores if keep is None else np.where(keep, scores, -np.inf))
        return ranked(self._segments, query, candidates.rows, k)

    def search_batch(self, vectors: Vectors, k: int, allowed: Allowed | None = None) -> list[Ranking]:
        """Return what ``search`` returns for each row of ``vectors``, reading the vectors once for many queries."""
        check_query(vectors, self._segments.dim)
        if len(vectors) == 1:
            return [self.search(vectors[0], k, allowed)]
        if k < 1:
            return [NOTHING for _ in vectors]
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        if allowed is not None and self._narrow(allowed):
            rows = self._segments.live_rows_of(allowed)
            labels = self._segments.labels_of(rows)
            return [best(labels, self._segments.scores(vector, rows), k) for vector in vectors]
        groups = [vectors[at : at + _BATCH] for at in range(0, len(vectors), _BATCH)]
        return list(chain.from_iterable(in_threads(lambda group: self._scan(group, k, allowed), groups)))

    def _narrow(self, allowed: Allowed) -> bool:
        return allowed.count * _NARROW < self._segments.total

    def _scan(self, queries: Vectors, k: int, allowed: Allowed | None) -> list[Ranking]:
        halves = to_float16(queries)
        multiply = dots_of_many(halves)
        candidates = [Candidates(k, _slack(*pair)) for pair in zip(queries, halves, strict=True)]
        for start, block, keep in self._segments.blocks(allowed, _BATCH_ROWS):
            products = multiply(block)
            if keep is not None:
                products[:, ~keep] = -np.inf
            for scores, found in zip(products, candidates, strict=True):
                found.offer(start, scores)
        return [ranked(self._segments, query, found.rows, k) for query, found in zip(queries, candidates, strict=True)]


def in_threads(work: Callable[[Vectors], Found], batch: Sequence[Vectors] | Vectors) -> list[Found]:
    """Return what ``work`` makes of each part of ``batch``, several at once; one alone needs no thread."""
    if len(batch) < 2:
        return [work(one) for one in batch]
    from concurrent.futures import ThreadPoolExecutor  # with logging, a tenth of a cold query

    with ThreadPoolExecutor(min(len(batch), processors())) as threads:
        return list(threads.map(work, batch))


def _slack(query: Vectors, halves: Halves) -> float:
    """Return how far a product with the rounded query can be from that with the query, for rows of unit norm."""
    return 1.01 * float(np.linalg.norm(query - to_float32(halves))) + _ROUNDING


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
            self.rows = np.append(self.rows, near + start)
            self.scores = np.append(self.scores, scores[near].astype(np.float32))
            if 0 < self.k < len(self.scores):
                self.least = float(np.partition(self.scores, -self.k)[-self.k]) - 2 * self.slack
                kept = self.scores >= self.least
                self.rows, self.scores = self.rows[kept], self.scores[kept]


def ranked(segments: Segments, vector: Vectors, rows: Rows, k: int) -> Ranking:
    """Return the ``k`` best of ``rows`` by their exact scores, ties by ascending label."""
    return best(segments.labels_of(rows), segments.scores(vector, rows), k)


def best(labels: Labels, scores: NDArray[np.float32], k: int) -> Ranking:
    """Return the ``k`` best of these, ties by ascending label."""
    order = np.lexsort((labels, -scores))[: max(k, 0)]
    return Ranking(labels[order], scores[order])
