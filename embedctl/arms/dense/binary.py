"""Approximate nearest neighbours by sign bits: the rows that differ from the query in fewest bits, compared exactly.

A bit says on which side of the centre (the mean of the vectors) a row lies in one dimension. Embedding models put all
vectors to one side of zero in some dimensions; around their centre every bit tells something.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...contracts import DenseRetriever
from .flat import FlatRetriever, in_threads, ranked
from .kernels import hamming, sign_planes
from .segments import check_query

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...contracts import Allowed, Ranking, Vectors
    from .kernels import Planes
    from .segments import Rows, Segments

_OUT = np.iinfo(np.uint16).max
"""Further than any row."""


class BinaryRetriever(DenseRetriever):
    """Scans the bits of every live row; a twentieth of the bytes of the vectors."""

    def __init__(self, segments: Segments, centre: Vectors, per_row: int, least: int) -> None:
        """Take segments with bits around ``centre``, float32 ``(dim,)``.

        So many candidates are compared exactly: ``per_row`` for each row wanted, and ``least`` at least.
        """
        self._segments = segments
        self._centre = centre
        self._per_row = per_row
        self._least = least

    def __len__(self) -> int:
        """Return the number of live rows."""
        return len(self._segments)

    def candidates(self, k: int) -> int:
        """Return how many rows are compared exactly to find ``k``."""
        return max(self._least, self._per_row * k)

    def search_batch(self, vectors: Vectors, k: int, allowed: Allowed | None = None) -> list[Ranking]:
        """Return what ``search`` returns for each row of ``vectors``; several are searched by threads."""
        check_query(vectors, self._segments.dim)
        wanted = self.candidates(k)
        if k < 1 or (len(self) if allowed is None else allowed.count) <= wanted:
            return FlatRetriever(self._segments).search_batch(vectors, k, allowed)
        keeps = [segment.kept(allowed) for segment in self._segments.segments]

        def search(query: Vectors) -> Ranking:
            return ranked(self._segments, query, self._nearest(query, wanted, keeps), k)

        return in_threads(search, np.ascontiguousarray(vectors, dtype=np.float32))

    def _nearest(self, query: Vectors, wanted: int, keeps: list[NDArray[np.bool_] | None]) -> Rows:
        """Return the rows nearest by bits, at least ``wanted`` of them where there are so many; in any order."""
        bits: Planes = sign_planes(query[np.newaxis], self._centre)
        distances = np.empty(self._segments.total, dtype=np.uint16)
        for segment, start, keep in zip(self._segments.segments, self._segments.starts, keeps, strict=False):
            assert segment.planes is not None
            near = hamming(segment.planes, bits)
            distances[start : start + len(near)] = near if keep is None else np.where(keep, near, _OUT)
        counts = np.bincount(distances)
        counts[_OUT:] = 0
        furthest = int(np.searchsorted(np.cumsum(counts), min(wanted, int(counts.sum()))))
        inside = np.flatnonzero(distances < furthest)
        ties = np.flatnonzero(distances == furthest)
        if len(ties) > wanted:  # copies of one row: those with the smallest labels are enough
            order = np.argsort(self._segments.labels_of(ties))
            ties = ties[order[:wanted]]
        return np.concatenate([inside, ties])
