"""Linking rows of an HNSW graph that no walk reaches.

hnswlib links a row to its neighbours, and each neighbour back only while it is not nearer to another one. Where many
rows lie round one, as texts of one template do, that one has no room for all, and the rest have no link to them at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .hnsw_file import HEADER, load_graph

if TYPE_CHECKING:
    from pathlib import Path

    import hnswlib
    from numpy.typing import NDArray

    from ...contracts import Labels, Vectors
    from .hnsw_file import HnswFacts

    Words = NDArray[np.uint32]
    Rows = NDArray[np.int64]
    Flags = NDArray[np.bool_]

_ROUNDS = 8
"""Rows that were linked in one round are neighbours in the next."""
_NEAR = 64
"""Neighbours among which room for a link is looked for."""
_BLOCK_ROWS = 8_192


def link_lost_rows(path: Path, facts: HnswFacts, threads: int) -> int:
    """Link every row of the graph in ``path`` that no walk reaches from its nearest neighbour with room for a link.

    Returns:
        How many rows are still out of reach: 0, unless no neighbour has room.
    """
    if not facts.count:
        return 0
    with path.open("rb") as file:
        entry = HEADER.unpack(file.read(HEADER.size))[7]
    shape = (facts.count, 2 * facts.m + facts.dim + 3)
    rows: Words = np.memmap(path, "<u4", "r+", HEADER.size, shape)
    labels = rows[:, -2].astype(np.uint64) | rows[:, -1].astype(np.uint64) << np.uint64(32)
    reached = _reached(rows, entry, facts.m)
    for _ in range(_ROUNDS):
        lost = np.flatnonzero(~reached)
        if not len(lost):
            break
        graph = load_graph(path, facts, facts.count)
        graph.set_ef(max(_NEAR, facts.ef_construction))
        for at in range(0, len(lost), _BLOCK_ROWS):
            block = lost[at : at + _BLOCK_ROWS]
            vectors = np.ascontiguousarray(rows[block, 1 + 2 * facts.m : -2]).view(np.float32)
            _link(rows, block, _rows_of(labels, _nearest(graph, vectors, threads)), 2 * facts.m, reached)
    return int(np.count_nonzero(~reached))


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


def _rows_of(labels: Labels, wanted: Labels) -> Rows:
    order = np.argsort(labels)
    return order[np.searchsorted(labels[order], wanted)]


def _link(rows: Words, lost: Rows, near: Rows, room: int, reached: Flags) -> None:
    """Add a link to each lost row where one of the rows near it is reached and has less than ``room`` links."""
    for row, neighbours in zip(lost.tolist(), near.tolist(), strict=True):
        for neighbour in neighbours:
            links = int(rows[neighbour, 0])
            if reached[neighbour] and links < room:
                rows[neighbour, 0] = links + 1
                rows[neighbour, 1 + links] = row
                reached[row] = True
                break
