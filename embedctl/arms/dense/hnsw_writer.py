"""Making an HNSW graph: extending the one before it where that pays, from all vectors otherwise.

Most generations do neither. The graph is linked from the generation before; rows that it lacks are scanned beside it,
and rows that died are dropped from its answers, until they are too many.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import hnswlib
import numpy as np

from ...errors import DamagedError, MismatchError
from ...labels import is_in
from .hnsw_file import SPACE, HnswFacts, checked_facts, load_graph, read_labels, save_graph
from .hnsw_links import link_lost_rows
from .segments_writer import in_order

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ...config import HnswConfig, IndexLimits
    from ...contracts import Labels
    from .segments import Segments

    Advance = Callable[[int], None]

_SEED = 100
_BLOCK_ROWS = 8_192
"""Rows handed to hnswlib at once; between them a run can be interrupted."""


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
        facts = save_graph(graph, path, np.concatenate([labels, added.live_labels]))
        link_lost_rows(graph, path, facts, config.threads)
        return facts
    graph = hnswlib.Index(SPACE, segments.dim)
    graph.init_index(max(plan.rows, 1), config.m, config.ef_construction, _SEED)
    _fill(graph, segments, config.threads, advance)
    facts = save_graph(graph, path, segments.live_labels)
    link_lost_rows(graph, path, facts, config.threads)
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
