"""Exact lists of nearest chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from ..contracts import Labels, Progress, Vectors

    Indices = NDArray[np.int64]
    Cosines = NDArray[np.float32]

_BLOCK = 256
"""Rows that are compared with all others at once."""
_GROUPS = 32
"""Groups of columns for each neighbour that is looked for."""
SELF = -2.0
"""Less than any cosine."""


def nearest(vectors: Vectors, k: int, progress: Progress) -> tuple[Indices, Cosines]:
    """Return the ``min(k, n - 1)`` nearest others of each of unit vectors float32 ``(n, dim)``, by all products.

    Rows int64 ``(n, k)`` and cosines float32 ``(n, k)``, nearest first; ties break by row.
    """
    count = len(vectors)
    k = min(k, count - 1)
    rows, cosines = np.empty((count, k), np.int64), np.empty((count, k), np.float32)
    for start in range(0, count if k else 0, _BLOCK):
        products = vectors[start : start + _BLOCK] @ vectors.T
        here = np.arange(len(products))
        products[here, start + here] = SELF
        rows[start : start + _BLOCK], cosines[start : start + _BLOCK] = _largest(products, k)
        progress.advance(len(products))
    return rows, cosines


def _largest(scores: Cosines, k: int) -> tuple[Indices, Cosines]:
    """Return column and value of the ``k`` largest of each row, largest first, ties by column.

    Columns are put into groups: the k-th largest of the groups' maxima is no larger than the k-th largest score, so
    that all scores below are out. That is 25 times as fast as ``argpartition``.
    """
    height, width = scores.shape
    size = max(width // (_GROUPS * k), 1)
    groups = scores[:, : width // size * size].reshape(height, size, -1).max(axis=1)
    least = np.partition(groups, -k, axis=1)[:, -k]
    near = np.flatnonzero(scores >= least[:, None])
    values, rows, columns = scores.ravel()[near], near // width, near % width
    order = np.lexsort((columns, -values, rows))
    first = np.searchsorted(rows, np.arange(height))
    best = order[first[:, None] + np.arange(k)]
    return columns[best], values[best]


def nearest_of_all(
    queries: Vectors,
    texts: NDArray[np.uint64],
    blocks: Iterable[tuple[Labels, NDArray[np.uint64], Vectors]],
    progress: Progress,
) -> tuple[Labels, Cosines]:
    """Return the nearest vector with another text for each query, among all vectors, read once.

    ``queries``: float32 ``(queries, dim)``, unit norm; ``texts``: hash of the text of each; ``blocks``: labels, hashes
    and vectors. Returns labels uint64 ``(queries,)`` and cosines float32 ``(queries,)``, ``SELF`` without another text.
    """
    labels = np.zeros(len(queries), np.uint64)
    cosines = np.full(len(queries), SELF, np.float32)
    for mine, hashes, vectors in blocks:
        for start in range(0, len(mine), _BLOCK * 16):
            stop = start + _BLOCK * 16
            block = vectors[start:stop]
            sound = np.logical_and.reduce(np.isfinite(block), axis=1)
            products = queries @ (block if sound.all() else np.where(sound[:, np.newaxis], block, 0)).T
            products[np.equal(texts[:, np.newaxis], hashes[start:stop])] = SELF
            best = products.argmax(axis=1)
            scores = products[np.arange(len(queries)), best]
            better = scores > cosines
            cosines[better], labels[better] = scores[better], mine[start:stop][best[better]]
        progress.advance(len(mine))
    return labels, cosines
