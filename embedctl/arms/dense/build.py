"""The dense side of a generation: which segments are linked, merged and written, their bits, and the graph."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ...errors import DamagedError
from ...store.arrays import save_array
from ...store.files import link_or_copy
from ...store.manifest import SegmentRecord
from ...store.parts import dead_chunk_rows, read_vectors
from .hnsw_file import facts_path, labels_path
from .hnsw_writer import GraphPlan, graph_bytes, plan_graph, write_graph
from .segments import BITS, LABELS, VECTORS, Segment, Segments, open_segment
from .segments_writer import Size, centre_of, runs_of, to_merge, write_planes, write_segment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

    from ...config import HnswConfig, IndexLimits
    from ...contracts import Labels, Vectors
    from ...store.layout import GenerationLayout, Layout
    from ...store.manifest import IndexRecord, Part
    from .segments_writer import Batch

_NO_LABELS: Labels = np.empty(0, dtype=np.uint64)


def labels_of(part: Part, rows: NDArray[Any]) -> Labels:
    """Return the labels of chunk rows of a part: its number in the upper 32 bits."""
    return (np.uint64(part.number) << np.uint64(32)) | rows.astype(np.uint64)


def live_vectors(store: Layout, part: Part, dead: NDArray[np.int64] | None = None) -> tuple[Labels, Vectors]:
    """Return labels and vectors of the live chunks of a part; ``dead``: rows of the others, where they are known."""
    if dead is None:
        dead = dead_chunk_rows(store, part)
    vectors = read_vectors(store, part)
    if not len(dead):
        return labels_of(part, np.arange(len(vectors))), vectors
    rows = np.delete(np.arange(len(vectors)), dead)
    return labels_of(part, rows), vectors[rows]


@dataclass(frozen=True, slots=True)
class Previous:
    """The generation to start from."""

    record: IndexRecord
    files: GenerationLayout


class VectorBuild:
    """The vectors and the graph of one new generation."""

    def __init__(
        self, store: Layout, files: GenerationLayout, dim: int, limits: IndexLimits, previous: Previous | None
    ) -> None:
        self._store = store
        self._files = files
        self._dim = dim
        self._limits = limits
        self._previous = previous
        self.records: tuple[SegmentRecord, ...] = ()
        """The segments of the new generation, the largest first."""
        self.segments = Segments([], dim)
        """The same, opened."""

    def write_segments(
        self, added: Sequence[Part], removed: Sequence[Part], buried: Sequence[tuple[Part, Sequence[int]]]
    ) -> None:
        """Link or write all segments, and the list of the dead; the cost follows the change.

        Args:
            added: parts that the previous generation has not.
            removed: parts that it has and this one has not.
            buried: parts of both, with the rows of their documents that died meanwhile.
        """
        old = self._previous.record.segments if self._previous else ()
        opened = self._open_previous(removed, buried)
        fresh = {part.number: dead_chunk_rows(self._store, part) for part in added}
        rows = sum(part.chunks.rows - len(fresh[part.number]) for part in added if part.chunks)
        sizes = [Size(len(segment.labels) - len(segment.dead), len(segment.dead)) for segment in opened]
        merged = to_merge(sizes, rows, self._limits.segment_ratio, self._limits.dead_share)
        kept = [at for at in range(len(old)) if at not in merged]
        records = [old[at] for at in kept]
        for record in records:
            self._link_segment(record)
        runs: dict[int, Callable[[], Batch]] = {}
        for at in merged:
            runs.update(runs_of(opened[at]))
        runs.update({part.number: partial(live_vectors, self._store, part, fresh[part.number]) for part in added})
        number = max((record.number for record in old), default=0) + 1
        if runs and (written := write_segment(self._files.segment(number), runs, self._dim)):
            records.append(SegmentRecord(number, written))
        self.records = tuple(sorted(records, key=lambda record: -record.rows))
        dead = np.sort(np.concatenate([_NO_LABELS, *(opened[at].labels[opened[at].dead] for at in kept)]))
        save_array(self._files.dead, dead.astype("<u8"))
        self.segments = self._open_new(dead)
        if len(self.segments) > self._limits.flat_rows:
            self._write_bits({record.number for record in records if record.number != number})

    def plan_graph(self, config: HnswConfig) -> GraphPlan:
        """Decide what becomes of the graph."""
        return plan_graph(self.segments, config, self._limits, self._previous_graph())

    def write_graph(self, plan: GraphPlan, config: HnswConfig, advance: Callable[[int], None]) -> None:
        """Do what was planned."""
        previous = self._previous_graph()
        if plan.action == "keep":
            assert previous is not None
            for path in (previous, facts_path(previous), labels_path(previous)):
                link_or_copy(path, self._files.root / path.name)
        elif plan.action == "extend":
            assert previous is not None
            try:
                write_graph(self._files.hnsw, self.segments, plan, config, previous, advance)
            except DamagedError:
                whole = replace(plan, action="build", rows=len(self.segments), work=len(self.segments))
                write_graph(self._files.hnsw, self.segments, whole, config, None, advance)
        elif plan.action == "build":
            write_graph(self._files.hnsw, self.segments, plan, config, None, advance)

    def memory(self, plan: GraphPlan, config: HnswConfig, threads: int) -> int:
        """Return about how many bytes the planned work on the graph takes."""
        return graph_bytes(plan.rows, self._dim, config, threads) if plan.work else 0

    def _open_previous(self, removed: Sequence[Part], buried: Sequence[tuple[Part, Sequence[int]]]) -> list[Segment]:
        """Open the segments of the previous generation, with what has died since counted among their dead."""
        if self._previous is None:
            return []
        files, records = self._previous.files, self._previous.record.segments
        dead = [np.fromfile(files.dead, dtype="<u8").astype(np.uint64)]
        for part, rows in buried:
            newly = dead_chunk_rows(self._store, replace(part, dead=tuple(rows)))
            dead.append(labels_of(part, newly))
        dead += [labels_of(part, np.arange(part.chunks.rows if part.chunks else 0)) for part in removed]
        every = np.unique(np.concatenate(dead))
        return [open_segment(files.segment(one.number), one.rows, self._dim, every, planes=False) for one in records]

    def _open_new(self, dead: Labels) -> Segments:
        opened = [
            open_segment(self._files.segment(record.number), record.rows, self._dim, dead, planes=False)
            for record in self.records
        ]
        return Segments(opened, self._dim)

    def _link_segment(self, record: SegmentRecord) -> None:
        assert self._previous is not None
        source, target = self._previous.files.segment(record.number), self._files.segment(record.number)
        for name in (VECTORS, LABELS):
            link_or_copy(source / name, target / name)

    def _write_bits(self, linked: set[int]) -> None:
        """Give every segment sign bits: around the centre that linked ones have, or around a new one."""
        before = self._previous.files if self._previous else None
        if linked and before and before.centre.exists():
            link_or_copy(before.centre, self._files.centre)
            centre = np.fromfile(self._files.centre, dtype="<f4").astype(np.float32)
            for number in linked:
                link_or_copy(before.segment(number) / BITS, self._files.segment(number) / BITS)
        else:
            linked = set()
            centre = centre_of(self.segments)
            save_array(self._files.centre, centre.astype("<f4"))
        for record, segment in zip(self.records, self.segments.segments, strict=True):
            if record.number not in linked:
                write_planes(self._files.segment(record.number), segment, centre)

    def _previous_graph(self) -> Path | None:
        if self._previous is None or self._previous.files.hnsw.name not in self._previous.record.files:
            return None
        return self._previous.files.hnsw
