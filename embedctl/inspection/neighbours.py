"""Exact lists of nearest chunks; and hubs, chunks that are near to so many others that they turn up for any query."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .glossary import figure
from .inspection import Histogram, Topic, worst

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from ..contracts import Labels, Progress, Vectors
    from .inspection import Verdict

    Indices = NDArray[np.int64]
    Cosines = NDArray[np.float32]

_BLOCK = 256
"""Rows that are compared with all others at once."""
_GROUPS = 32
"""Groups of columns for each neighbour that is looked for."""
SELF = -2.0
"""Less than any cosine."""
_SOURCE = "Radovanović, Nanopoulos, Ivanović: Hubs in Space, JMLR 11 (2010)"
_LEAST_LISTS = 20
"""So many lists of neighbours for each place on one: with fewer chunks everybody is near to everybody."""
_STRONG = 5
"""A hub is on so many times as many lists as a chunk is on the average."""


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


def occurrences(neighbours: Indices, count: int) -> Indices:
    """Return how many lists each of ``count`` vectors is on: its k-occurrence, int64 ``(count,)``."""
    return np.bincount(neighbours.ravel(), minlength=count)


def skewness(values: NDArray[np.int64]) -> float:
    """Return the standardized third moment, ``E[(v - mean)³] / std³``; 0 where all are equal.

    Radovanović, Nanopoulos, Ivanović: Hubs in Space, JMLR 11 (2010), Section 2.1.
    """
    off = values - values.mean()
    deviation = float(np.sqrt((off**2).mean()))
    return float((off**3).mean()) / deviation**3 if deviation else 0.0


def hubness(lists: Indices, k: int, student: bool = False) -> Topic:
    """Return how unevenly chunks are spread over the lists of nearest chunks.

    ``lists``, int64 ``(n, k)``, has the nearest others of each chunk, and chunks of one text are one; a full list has
    ``k``. ``student``: the vectors are those of an encoder distilled from the model.
    """
    count = len(lists)
    fair = count > _LEAST_LISTS * k
    found = occurrences(lists, count)
    skew, anti = skewness(found), float((found == 0).mean()) if count else 0.0
    largest = int(found.max(initial=0))
    figures = (
        figure("skewness", "skewness", skew, "number", _SOURCE, fair, k=k),
        figure("anti_hubs", "anti-hubs", anti, "share", _SOURCE, fair, k=k),
        figure("largest_hub", "largest hub", largest / count if count else 0.0, "share", _SOURCE, k=k),
    )
    edges = [0.0, *(2.0**power for power in range(largest.bit_length() + 1))]  # 0, 1, 2, 4 ... beyond the largest
    histogram = Histogram.of("occurrences", f"lists of {k} nearest chunks that a chunk is on", edges, found)
    return Topic("hubness", figures, _advice(worst(figures), fair, student), (histogram,))


def _advice(verdict: Verdict | None, fair: bool, student: bool) -> str:
    if not fair:
        return "There are too few chunks to speak of hubs: nothing to do."
    if verdict == "good":
        return "No chunk is near to everything: nothing to do."
    if student:
        return (
            "A student has more hubs than the model that it was distilled from: compare "
            '"embedctl index --no-fast --rebuild" in a copy of the store.'
        )
    return (
        'Read the hubs with "embedctl show ID": where they are headers, lists or boilerplate, leave them out with '
        "--exclude; else give BM25, which has no hubs of this kind, more say with --bm25-weight 2."
    )


def strong_hubs(labels: Labels, lists: Indices, most: int, k: int) -> list[tuple[int, int]]:
    """Return label and number of lists of up to ``most`` chunks that stand out, the greatest first, ties by label.

    ``labels``, uint64 ``(n,)``, are those of the rows of ``lists``, which :func:`hubness` describes. On the average, a
    chunk is on ``k`` lists.
    """
    found = occurrences(lists, len(lists))
    order = np.lexsort((labels, -found))[:most]
    return [(int(labels[at]), int(found[at])) for at in order if found[at] >= _STRONG * k]
