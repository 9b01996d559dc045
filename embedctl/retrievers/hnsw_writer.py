"""Making a generation of the HNSW graph: from the one before it where that pays, from all vectors otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import hnswlib
import numpy as np

from ..errors import DamagedError, MismatchError, ModelError
from .hnsw_file import SPACE, HnswFacts, checked_facts, load_graph, save_graph

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from ..config import HnswConfig
    from ..contracts import Labels, Vectors

Batches: TypeAlias = "Iterable[tuple[Labels, Vectors]]"

_SEED = 100


@dataclass(frozen=True, slots=True)
class HnswChange:
    """What the new graph holds, told twice: as a difference, and as a whole in case the difference will not do."""

    dim: int
    removed: Labels
    """Rows that the previous graph has alive and the new one has not."""
    added: Callable[[], Batches]
    """Rows that the previous graph has not, in ascending order of label; called at most once."""
    added_rows: int
    live: Callable[[], Batches]
    """Every row of the new graph, in ascending order of label; called at most once."""
    live_rows: int


@dataclass(frozen=True, slots=True)
class HnswOutcome:
    """What became of an update."""

    facts: HnswFacts
    rebuilt: str | None
    """Why the graph was built from all vectors, as a clause; ``None`` where the previous one was extended."""


def write_hnsw(
    path: Path, change: HnswChange, config: HnswConfig, previous: Path | None = None, dead_share: float = 0.25
) -> HnswOutcome:
    """Write the graph that ``change`` describes to ``path``, a file that no manifest names yet.

    Args:
        path: the new file; its facts go beside it.
        change: what it is to hold.
        config: graph parameters; one thread makes the file reproducible byte for byte.
        previous: graph to start from; never modified.
        dead_share: build from all vectors when more than this share of the rows would be dead.

    Raises:
        ModelError: a vector is not finite.
        MismatchError: vectors do not have ``change.dim`` dimensions.
        ResourceError: the disk is full.
    """
    reason: str | None = "there was no graph"
    graph = None
    deleted = 0
    if previous is not None:
        try:
            facts = checked_facts(previous, change.dim)
            deleted = facts.deleted + len(change.removed)
            reason = _reason_to_rebuild(facts, change, config, deleted, dead_share)
            if reason is None:
                graph = load_graph(previous, facts, facts.count + change.added_rows)
                for label in change.removed.tolist():
                    graph.mark_deleted(label)
        except (DamagedError, MismatchError) as error:
            reason = f"the previous graph is of no use ({error.message.rstrip('.')})"
        except RuntimeError:  # mark_deleted: no such row, or dead already
            reason = "the previous graph has other rows than it should"
    if graph is None or reason is not None:
        deleted = 0
        graph = hnswlib.Index(SPACE, change.dim)
        graph.init_index(max(change.live_rows, 1), config.m, config.ef_construction, _SEED)
        _fill(graph, change.live(), config.threads)
    else:
        _fill(graph, change.added(), config.threads)
    facts = save_graph(graph, path, deleted)
    if facts.live != change.live_rows:
        raise DamagedError(f"The HNSW graph has {facts.live} live rows instead of {change.live_rows}.")
    return HnswOutcome(facts, reason)


def _reason_to_rebuild(
    facts: HnswFacts, change: HnswChange, config: HnswConfig, deleted: int, dead_share: float
) -> str | None:
    if (facts.m, facts.ef_construction) != (config.m, config.ef_construction):
        return "the graph parameters changed"
    if deleted > dead_share * (facts.count + change.added_rows):
        return "too many of its rows were dead"
    if facts.count + change.added_rows - deleted != change.live_rows:
        return "the previous graph has other rows than it should"
    return None


def _fill(graph: hnswlib.Index, batches: Batches, threads: int) -> None:
    for labels, vectors in batches:
        if vectors.ndim != 2 or vectors.shape[1] != graph.dim or len(labels) != len(vectors):
            raise MismatchError(
                f"Vectors of shape {vectors.shape} do not fit {len(labels)} labels and {graph.dim} dimensions."
            )
        if not np.isfinite(vectors).all():
            raise ModelError("A vector holds values that are not finite numbers.")
        if len(labels):
            graph.add_items(vectors, labels, num_threads=threads or -1)
