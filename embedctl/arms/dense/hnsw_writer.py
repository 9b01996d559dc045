"""Making an HNSW graph: extending the one before it where that pays, from all vectors otherwise.

Most generations do neither. The graph is linked from the generation before; rows that it lacks are scanned beside it,
and rows that died are dropped from its answers, until they are too many.

hnswlib links a row to its neighbours, and each neighbour back only while it is not nearer to another one. Where many
rows lie round one, as texts of one template do, that one has no room for all, and the rest have no link to them at all:
no walk reaches them, until they are linked here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import hnswlib
import numpy as np

from ...errors import DamagedError, MismatchError
from ...labels import is_in
from .hnsw_file import HEADER, SPACE, HnswFacts, checked_facts, load_graph, read_labels, save_graph
from .segments_writer import in_order

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from ...config import HnswConfig, IndexLimits
    from ...contracts import Labels, Vectors
    from .segments import Segments

    Advance = Callable[[int], None]
    Words = NDArray[np.uint32]
    Rows = NDArray[np.int64]
    Flags = NDArray[np.bool_]

_SEED = 100
_BLOCK_ROWS = 8_192
"""Rows handed to hnswlib at once; between them a run can be interrupted."""
_NEAR = 64
"""Neighbours among which room for a link is looked for."""
_LINKS = 2
"""Links to a lost row, so that it is found from more than one side."""


@dataclass(frozen=True, slots=True)
class GraphPlan:
    """What is to become of the graph."""

    action: Literal["none", "keep", "extend", "build"]
    reason: str
    """One clause."""
    rows: int = 0
    """Rows that the graph will have, dead ones included."""
    work: int = 0
    """Rows that are put into it now."""


def plan_graph(
    segments: Segments, config: HnswConfig, limits: IndexLimits, previous: Path | None = None, most: int | None = None
) -> GraphPlan:
    """Decide how the vectors of a generation get their graph, given the graph of the one before.

    ``most``: rows above which ``auto`` does not build one from nothing; ``None``: any number.
    """
    if config.build == "off" or not len(segments):
        return GraphPlan("none", "--hnsw off" if len(segments) else "there are no vectors")
    plan = _graph_plan(segments, config, limits, previous)
    if plan.action == "build" and config.build == "auto" and most is not None and plan.rows > most:
        return GraphPlan("none", "building it would take more than a tenth of the run")
    return plan


def _graph_plan(segments: Segments, config: HnswConfig, limits: IndexLimits, previous: Path | None) -> GraphPlan:
    live = len(segments)
    if previous is None:
        return GraphPlan("build", "there was no graph", live, live)
    try:
        facts = checked_facts(previous, segments.dim)
        labels = read_labels(previous, facts)
    except (DamagedError, MismatchError) as error:
        return GraphPlan("build", f"the previous graph is of no use ({error.message.rstrip('.')})", live, live)
    if (facts.m, facts.ef_construction) != (config.m, config.ef_construction):
        return GraphPlan("build", "the graph parameters changed", live, live)
    held = int(np.count_nonzero(is_in(segments.live_labels, labels)))
    tail, dead = live - held, facts.count - held
    if dead > limits.dead_share * facts.count:
        return GraphPlan("build", "too many of its rows were dead", live, live)
    if tail > max(limits.graph_tail_rows, limits.graph_tail_share * facts.count):
        return GraphPlan("extend", f"it lacked {tail:,} rows", facts.count + tail, tail)
    return GraphPlan("keep", f"it lacks {tail:,} rows, which are scanned", facts.count)


def graph_bytes(rows: int, dim: int, config: HnswConfig, threads: int) -> int:
    """Return about how much memory a graph of so many rows takes while it is built.

    In hnswlib 0.8, for each row: the vector, ``2 * m`` links and their count, the label; a pointer and links of the
    upper levels; its level; a lock; an entry in the table of labels; and a mark for each thread.
    """
    row = 4 * dim + 8 * config.m + 4 + 8 + (8 + 4 * config.m // max(1, config.m - 1)) + 4 + 40 + 56 + 2 * threads
    return rows * row


def graph_file_bytes(rows: int, dim: int, config: HnswConfig) -> int:
    """Return about how long the file of a graph of so many rows is."""
    return rows * (4 * dim + 2 * config.m * 4 + 12)


def write_graph(
    path: Path, segments: Segments, plan: GraphPlan, config: HnswConfig, previous: Path | None, advance: Advance
) -> HnswFacts:
    """Write the graph that ``plan`` says to ``path``, a file that no manifest names yet.

    Args:
        path: the new file; its facts and labels go beside it.
        segments: the vectors of the generation.
        plan: to extend or to build.
        config: graph parameters; one thread makes the file reproducible byte for byte.
        previous: graph to extend, with a checksum that was compared; never modified.
        advance: told how many rows were put in.

    Raises:
        DamagedError: the previous graph cannot be loaded.
        ResourceError: the disk is full.
    """
    if plan.action == "extend":
        assert previous is not None
        facts = checked_facts(previous, segments.dim)
        labels = read_labels(previous, facts)
        graph = load_graph(previous, facts, plan.rows)
        for label in dead_labels(segments, labels).tolist():
            graph.mark_deleted(label)  # so that new rows are not linked to them where others are near
        added = segments.beside(labels)
        _fill(graph, added, config.threads, advance)
        for label in dead_labels(segments, labels).tolist():
            graph.unmark_deleted(label)
        labels = np.concatenate([labels, added.live_labels])
    else:
        graph = hnswlib.Index(SPACE, segments.dim)
        graph.init_index(max(plan.rows, 1), config.m, config.ef_construction, _SEED)
        _fill(graph, segments, config.threads, advance)
        labels = segments.live_labels
    facts = save_graph(graph, path, labels)
    _link_lost_rows(graph, path, facts, config.threads)
    return facts


def dead_labels(segments: Segments, labels: Labels) -> Labels:
    """Return which of the graph's sorted labels are no live rows any more."""
    return labels[~is_in(labels, segments.live_labels)]


def _fill(graph: hnswlib.Index, segments: Segments, threads: int, advance: Advance) -> None:
    for labels, vectors in in_order(segments):
        for at in range(0, len(labels), _BLOCK_ROWS):
            block = labels[at : at + _BLOCK_ROWS]
            graph.add_items(vectors[at : at + _BLOCK_ROWS], block, num_threads=threads or -1)
            advance(len(block))


def _link_lost_rows(graph: hnswlib.Index, path: Path, facts: HnswFacts, threads: int) -> None:
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
