"""Linking rows of an HNSW graph that no walk reaches.

hnswlib links a row to its neighbours, and each neighbour back only while it is not nearer to another one. Where many
rows lie round one, as texts of one template do, that one has no room for all, and the rest have no link to them at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .hnsw_file import HEADER

if TYPE_CHECKING:
    from pathlib import Path

    import hnswlib
    from numpy.typing import NDArray

    from ...contracts import Labels, Vectors
    from .hnsw_file import HnswFacts

    Words = NDArray[np.uint32]
    Rows = NDArray[np.int64]
    Flags = NDArray[np.bool_]

_NEAR = 64
"""Neighbours among which room for a link is looked for."""
_LINKS = 2
"""Links to a lost row, so that it is found from more than one side."""
_BLOCK_ROWS = 8_192


def link_lost_rows(graph: hnswlib.Index, path: Path, facts: HnswFacts, threads: int) -> None:
    """Link the rows of ``graph``, saved in ``path``, that no walk reaches: from near rows that have room for a link."""
    if not facts.count:
        return
    with path.open("rb") as file:
        entry = HEADER.unpack(file.read(HEADER.size))[7]
    rows: Words = np.memmap(path, "<u4", "r+", HEADER.size, (facts.count, 2 * facts.m + facts.dim + 3))
    labels = rows[:, -2].astype(np.uint64) | rows[:, -1].astype(np.uint64) << np.uint64(32)
    order = np.argsort(labels)
    reached = _reached(rows, entry, facts.m)
    lost = np.flatnonzero(~reached)
    graph.set_ef(max(_NEAR, facts.ef_construction))
    for at in range(0, len(lost), _BLOCK_ROWS):
        block = lost[at : at + _BLOCK_ROWS]
        vectors = np.ascontiguousarray(rows[block, 1 + 2 * facts.m : -2]).view(np.float32)
        near = order[np.searchsorted(labels[order], _nearest(graph, vectors, threads))]
        _link(rows, block, near, 2 * facts.m, reached)


def _reached(rows: Words, entry: int, m: int) -> Flags:
    """Return which rows the links of the lowest level lead to from ``entry``."""
    reached = np.zeros(len(rows), dtype=np.bool_)
    reached[entry] = True
    front = np.array([entry])
    while len(front):
        used = np.arange(2 * m) < rows[front, :1]
        targets = np.unique(rows[front, 1 : 1 + 2 * m][used])
        front = targets[~reached[targets]]
        reached[front] = True
    return reached


def _nearest(graph: hnswlib.Index, vectors: Vectors, threads: int) -> Labels:
    """Return labels of rows near each vector, the nearest first: as many as every walk finds."""
    k = min(_NEAR, graph.element_count)
    while True:
        try:
            labels: Labels = graph.knn_query(vectors, k=k, num_threads=threads or -1)[0]
        except RuntimeError:  # one of the walks ends with fewer
            k = max(1, k // 2)
        else:
            return labels


def _link(rows: Words, lost: Rows, near: Rows, room: int, reached: Flags) -> None:
    """Add a link to each lost row from the nearest rows that are reached and have less than ``room`` links."""
    for row, neighbours in zip(lost.tolist(), near.tolist(), strict=True):
        added = 0
        for neighbour in neighbours:
            links = int(rows[neighbour, 0])
            if added < _LINKS and neighbour != row and links < room and reached[neighbour]:
                rows[neighbour, 0] = links + 1
                rows[neighbour, 1 + links] = row
                added += 1
        reached[row] |= added > 0
