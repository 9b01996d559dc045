"""Building a dense arm: which segments are linked, merged and written, their sign bits, and the graph."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ...config import limits
from ...encoders import card
from ...errors import DamagedError, EmbedctlError
from ...labels import labels
from ...store.arrays import save_array
from ...store.files import link_or_copy
from ...store.parts import dead_chunk_rows, read_vectors
from ...store.segments import SegmentRecord, segment_records, to_merge
from ...system.resources import available_memory, processors, require_disk, require_memory
from ..kind import Built
from .hnsw_file import facts_path, labels_path
from .hnsw_writer import GraphPlan, graph_bytes, graph_file_bytes, plan_graph, write_graph
from .segments import BITS, LABELS, VECTORS, DenseFiles, Segment, Segments, open_segments
from .segments_writer import centre_of, runs_of, write_planes, write_segment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from ...config import StoreSettings
    from ...contracts import Labels, Vectors
    from ...store.layout import Layout
    from ...store.manifest import Part
    from ..kind import ArmWork
    from .segments_writer import Batch

_NO_LABELS: Labels = np.empty(0, dtype=np.uint64)
_BASE_BYTES = 350_000_000
"""Memory of a run besides the graph and the heap of BM25: libraries, a part, buffers. Measured, rounded up."""
_TOLD_ROWS = 10_000
"""Smaller builds without a graph take no memory worth reporting."""
_BUILDING = "Building the dense arm"


def live_vectors(
    store: Layout, part: Part, field: str, dead: NDArray[np.int64] | None = None
) -> tuple[Labels, Vectors]:
    """Return labels and vectors of the live chunks of a part; ``dead``: rows of the others, where they are known."""
    if dead is None:
        dead = dead_chunk_rows(store, part)
    vectors = read_vectors(store, part, field)
    rows = np.delete(np.arange(len(vectors)), dead)
    return labels(part.number, rows), vectors if not len(dead) else vectors[rows]


def build(work: ArmWork) -> Built:
    """Write vectors, sign bits where they pay, and the graph."""
    made = DenseBuild(work)
    made.write_segments()
    if not work.scans_only:
        made.write_bits()
        made.write_graph()
    segments: list[list[int]] = [[one.number, one.rows] for one in made.records]
    return Built(len(made.segments), {"segments": segments})  # type: ignore[dict-item]


class DenseBuild:
    """One dense arm in the making."""

    def __init__(self, work: ArmWork) -> None:
        assert work.encoder is not None
        assert work.field is not None
        self._work = work
        self._field = work.field
        self._dim = work.encoder.dim
        self._files = DenseFiles(work.folder)
        self._before = DenseFiles(work.previous.folder) if work.previous else None
        self._old = segment_records(work.previous.record) if work.previous else []
        self._linked: set[int] = set()
        """Numbers of segments that the previous arm has, too."""
        self.records: list[SegmentRecord] = []
        """The segments, the largest first."""
        self.segments = Segments([], self._dim)
        """The same, opened."""

    def write_segments(self) -> None:
        """Link or write all segments, and the list of the dead; the cost follows the changes."""
        work, most = self._work, limits.INDEX
        work.folder.mkdir(parents=True, exist_ok=True)
        opened = self._open_previous()
        fresh = {part.number: dead_chunk_rows(work.layout, part) for part in work.changes.added}
        rows = sum(part.chunks.rows - len(fresh[part.number]) for part in work.changes.added if part.chunks)
        sizes = [(len(segment.labels) - len(segment.dead), len(segment.dead)) for segment in opened]
        merged = to_merge(sizes, rows, most.segment_ratio, most.dead_share)
        kept = [at for at in range(len(self._old)) if at not in merged]
        records = [self._old[at] for at in kept]
        self._linked = {record.number for record in records}
        for record in records:
            assert self._before is not None
            for name in (VECTORS, LABELS):
                link_or_copy(self._before.segment(record.number) / name, self._files.segment(record.number) / name)
        runs: dict[int, Callable[[], Batch]] = {}
        for at in merged:
            runs.update(runs_of(opened[at]))
        for part in work.changes.added:
            runs[part.number] = partial(live_vectors, work.layout, part, self._field, fresh[part.number])
        number = max((record.number for record in self._old), default=0) + 1
        if runs and (written := write_segment(self._files.segment(number), runs, self._dim)):
            records.append(SegmentRecord(number, written))
        self.records = sorted(records, key=lambda record: -record.rows)
        dead = np.sort(np.concatenate([_NO_LABELS, *(opened[at].labels[opened[at].dead] for at in kept)]))
        save_array(self._files.dead, dead.astype("<u8"))
        self.segments = Segments(open_segments(self._files, self.records, self._dim, dead), self._dim)

    def write_bits(self) -> None:
        """Give every segment of a large arm sign bits: around the centre that linked ones have, or a new one."""
        if len(self.segments) <= limits.INDEX.flat_rows:
            return
        require_memory(len(self.segments) * self._dim // 8, _BUILDING)
        linked = set(self._linked)
        if linked and self._before and self._before.centre.exists():
            link_or_copy(self._before.centre, self._files.centre)
            centre = np.fromfile(self._files.centre, dtype="<f4").astype(np.float32)
            for number in linked:
                link_or_copy(self._before.segment(number) / BITS, self._files.segment(number) / BITS)
        else:
            linked = set()
            centre = centre_of(self.segments)
            save_array(self._files.centre, centre.astype("<f4"))
        for record, segment in zip(self.records, self.segments.segments, strict=True):
            if record.number not in linked:
                write_planes(self._files.segment(record.number), segment, centre)

    def write_graph(self) -> None:
        """Keep, extend or build the graph, as far as there is memory for it."""
        work, config, before = self._work, self._work.settings.hnsw, self._previous_graph()
        most = _most_graph_rows(work.settings)
        plan = self._affordable(plan_graph(self.segments, config, limits.INDEX, before, most))
        if plan.action == "keep":
            assert before is not None
            for path in (before, facts_path(before), labels_path(before)):
                link_or_copy(path, self._files.root / path.name)
        if not plan.work:
            return
        require_disk(work.layout.root, graph_file_bytes(plan.rows, self._dim, config), _BUILDING)
        if plan.action == "extend":
            try:
                write_graph(self._files.hnsw, self.segments, plan, config, before, work.advance)
            except DamagedError:
                plan = replace(plan, action="build", rows=len(self.segments), work=len(self.segments))
        if plan.action == "build":
            write_graph(self._files.hnsw, self.segments, plan, config, None, work.advance)

    def _affordable(self, plan: GraphPlan) -> GraphPlan:
        """Report what a large build takes; without the memory, leave the graph as it is."""
        work, config, rows = self._work, self._work.settings.hnsw, len(self.segments)
        if not plan.work and work.changes.rows < _TOLD_ROWS:
            return plan
        graph = graph_bytes(plan.rows, self._dim, config, config.threads or processors()) if plan.work else 0
        needed, free = graph + limits.INDEX.bm25_heap_bytes + _BASE_BYTES, available_memory()
        if plan.work and (plan.action == "extend" or work.previous):
            work.message("detail", f"The HNSW graph: {plan.action}; {plan.reason}.")
        told = f"Building the index: {rows:,} chunks, about {needed / 1e9:.1f} GB of memory"
        if free is None or needed <= free or not plan.work:
            work.message("info", f"{told}.")
            return plan
        work.message(
            "warning",
            f"{told}, of which {free / 1e9:.1f} GB are there: the graph is left as it is, and queries scan what it "
            'lacks. Free some memory, then run "embedctl index --no-refresh --rebuild".',
        )
        if plan.action == "extend":
            return replace(plan, action="keep", work=0)
        return GraphPlan("none", "not enough memory")

    def _open_previous(self) -> list[Segment]:
        """Open the segments of the previous arm; rows that have died since count among their dead."""
        if self._before is None:
            return []
        store, changes = self._work.layout, self._work.changes
        dead = [np.fromfile(self._before.dead, dtype="<u8").astype(np.uint64)]
        for part, rows in changes.buried:
            dead.append(labels(part.number, dead_chunk_rows(store, replace(part, dead=tuple(rows)))))
        dead += [labels(part.number, np.arange(part.chunks.rows if part.chunks else 0)) for part in changes.removed]
        return open_segments(self._before, self._old, self._dim, np.unique(np.concatenate(dead)))

    def _previous_graph(self) -> Path | None:
        if self._work.previous is None or self._before is None:
            return None
        return self._before.hnsw if self._before.hnsw.name in self._work.previous.record.files else None


def _most_graph_rows(settings: StoreSettings) -> int | None:
    """Return how many rows a new graph may have before it takes more than a tenth of the run; ``None``: any number."""
    models = {settings.model_of(one.name) for one in settings.fields if not settings.fast or one.model is not None}
    if any(_is_slow(model) for model in models):
        return None
    return limits.INDEX.distilled_graph_rows if settings.fast else limits.INDEX.cheap_graph_rows


def _is_slow(model: str) -> bool:
    try:
        return card(model).distillable
    except EmbedctlError:
        return True  # it is not on this machine: nothing is embedded now
