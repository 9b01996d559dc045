"""``index``: what is embedded becomes a new generation of both indexes, made from the one before it."""

from __future__ import annotations

import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from ..arms.bm25.documents import bm25_documents
from ..arms.bm25.writer import Bm25Writer
from ..arms.dense.build import Previous, VectorBuild
from ..arms.dense.hnsw_writer import GraphPlan
from ..config import TEXT_FIELD, IndexLimits
from ..errors import DamagedError, NoStoreError
from ..index.files import IndexFiles, remember_written
from ..store.durable import naming
from ..store.files import describe_file
from ..store.layout import GenerationLayout
from ..store.manifest import ArmRecord, EncoderRecord, FileRecord, IndexRecord, Manifest
from ..system.memory import available_memory
from .compact import compact
from .preconditions import index_disk_bytes, index_memory_bytes, require_disk, require_memory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..config import StoreSettings
    from ..contracts import Progress, Reporter
    from ..records import JSON
    from ..store.manifest import Part
    from ..store.writer import Writer
    from .report import RunReport

_BASE_BYTES = 350_000_000
"""What a run takes besides the graph and the heap of BM25: libraries, a part, buffers. Measured, rounded up."""
_BUILDING = "Building both indexes"
_TOLD_ROWS = 10_000
"""Smaller builds without a graph take no memory worth telling."""


def index(writer: Writer, reporter: Reporter, report: RunReport, rebuild: bool = False) -> None:
    """Publish an index of every embedded part; the cost follows what changed since the last one.

    ``rebuild`` makes both indexes from nothing, so that no deleted text is left in any file of theirs.

    Raises:
        NoStoreError: nothing is embedded.
    """
    if not writer.manifest.parts and writer.manifest.encoder is None:
        return  # sources without a single document: there is nothing to index, and nothing is wrong
    with report.timing("index"):
        compact(writer, report)
        change = _sound_change(writer, reporter, rebuild)
        if change.nothing:
            return
        build = _Build(writer, change, reporter)
        with naming(build.files.root):
            record, new_files = build.run()
        manifest = replace(writer.manifest, index=record, next_generation=record.generation + 1)
        writer.commit(manifest, new_files)
        report.add("indexed", change.rows)


def made_alike(record: IndexRecord, settings: StoreSettings, encoder: EncoderRecord) -> bool:
    """Say whether a generation can be extended: same analysis, same graph parameters, same encoder."""
    old, new = record.settings, settings
    return (old.language, old.hnsw.m, old.hnsw.ef_construction, record.encoder.fingerprint) == (
        new.language,
        new.hnsw.m,
        new.hnsw.ef_construction,
        encoder.fingerprint,
    )


class IndexChange:
    """What an index generation lacks and has too much of, against the parts that are embedded now."""

    def __init__(self, manifest: Manifest, rebuild: bool = False) -> None:
        encoder = manifest.encoder
        if encoder is None:
            raise NoStoreError("Nothing is embedded yet.", 'Run "embedctl embed" first.')
        self.parts = tuple(
            part for part in manifest.parts if part.embeddings and part.embeddings.made_with == encoder.fingerprint
        )
        old = manifest.index
        usable = old is not None and made_alike(old, manifest.settings, encoder) and not rebuild
        self.previous = old if usable else None
        before = {part.number: part for part in old.parts} if old and usable else {}
        now = {part.number for part in self.parts}
        self.added = [part for part in self.parts if part.number not in before]
        self.removed = [part for number, part in before.items() if number not in now]
        self.buried = [
            (part, sorted(set(part.dead) - set(before[part.number].dead)))
            for part in self.parts
            if part.number in before and part.dead != before[part.number].dead
        ]
        self.nothing = usable and not (self.added or self.removed or self.buried)

        self.rows = sum(part.chunks.rows for part in self.added if part.chunks)
        """Chunks to be added."""


def _sound_change(writer: Writer, reporter: Reporter, rebuild: bool) -> IndexChange:
    """Return what is to be done; nothing is linked from a damaged generation, which is made anew instead."""
    change = IndexChange(writer.manifest, rebuild)
    if change.previous is None:
        return change
    damage = IndexFiles(writer.layout, change.previous).damage()
    if not damage:
        return change
    more = f" So are {len(damage) - 1} other files of the index." if len(damage) > 1 else ""
    reporter.message("warning", f"{damage[0].message}{more} Both indexes are made anew from the parts.")
    return IndexChange(writer.manifest, rebuild=True)


class _StoppedError(Exception):
    """The other side of the build failed or was interrupted."""


class _Tracks:
    """Progress of two sides that work at once, shown as that of the slower one."""

    def __init__(self, progress: Progress, total: int, work: dict[str, int]) -> None:
        self._progress = progress
        self._total = total
        self._work = {name: amount for name, amount in work.items() if amount}
        self._done = dict.fromkeys(self._work, 0)
        self._shown = 0
        self._lock = threading.Lock()
        self.stopped = threading.Event()

    def advance(self, name: str, units: int) -> None:
        """Say that ``units`` more of the work called ``name`` are done.

        Raises:
            _StoppedError: the other side has ended.
        """
        if self.stopped.is_set():
            raise _StoppedError
        with self._lock:
            self._done[name] = self._done.get(name, 0) + units
            least = min(self._done[one] / amount for one, amount in self._work.items()) if self._work else 1.0
            further = int(self._total * min(1.0, least)) - self._shown
            self._shown += further
        if further:
            self._progress.advance(further)


class _Build:
    """One generation in the making, in a folder that no manifest names yet."""

    def __init__(self, writer: Writer, change: IndexChange, reporter: Reporter) -> None:
        self.store = writer.layout
        self.manifest = writer.manifest
        assert self.manifest.encoder is not None
        self.encoder = self.manifest.encoder
        self.change = change
        self.reporter = reporter
        self.limits = IndexLimits()
        self.generation = self.manifest.next_generation
        self.files = GenerationLayout(self.store.generation(self.generation))
        record = change.previous
        self.previous = Previous(record, GenerationLayout(self.store.generation(record.generation))) if record else None
        self.vectors = VectorBuild(self.store, self.files, self.encoder.dim, self.limits, self.previous)

    def run(self) -> tuple[IndexRecord, list[Path]]:
        """Write the generation; return its record and the files to be made durable."""
        shutil.rmtree(self.files.root, ignore_errors=True)  # of a run that was killed here
        self.files.root.mkdir(parents=True)
        require_disk(self.store.root, self._disk_bytes(self.change.added, 0), _BUILDING)
        self.vectors.write_segments(self.change.added, self.change.removed, self.change.buried)
        plan = self._affordable(self.vectors.plan_graph(self.manifest.settings.hnsw))
        self._shrink_heap()
        require_disk(self.store.root, self._disk_bytes(self.change.added, plan.rows if plan.work else 0), _BUILDING)
        total = max(self.change.rows, plan.work)
        with self.reporter.stage("index", total, "chunks") as progress:
            self._both(plan, _Tracks(progress, total, {"bm25": self.change.rows, "graph": plan.work}))
        written = sorted(path for path in self.files.root.rglob("*") if path.is_file())
        described = {path: self._describe(path) for path in written}
        sums = [(path, file.sha256) for path, (file, _) in described.items()]
        remember_written(self.files.root, sums, self.encoder.dim)
        new_files = [path for path, (_, new) in described.items() if new]
        folders = {path.parent for path in written} | {self.files.root, self.files.segment(0).parent}
        files = {path.relative_to(self.files.root).as_posix(): file for path, (file, _) in described.items()}
        text = {name.removeprefix("bm25/"): file for name, file in files.items() if name.startswith("bm25/")}
        vectors = {name: file for name, file in files.items() if not name.startswith("bm25/")}
        rows = len(self.vectors.segments)
        segments: JSON = [[one.number, one.rows] for one in self.vectors.records]
        record = IndexRecord(
            generation=self.generation,
            settings=self.manifest.settings,
            encoders={TEXT_FIELD: self.encoder},
            parts=self.change.parts,
            arms={
                "bm25": ArmRecord("bm25", None, "bm25", text, rows),
                "dense": ArmRecord("dense", TEXT_FIELD, "", vectors, rows, {"segments": segments}),
            },
            rows=rows,
        )
        return record, [*new_files, *(folder for folder in sorted(folders) if folder.exists())]

    def _disk_bytes(self, added: Sequence[Part], graph_rows: int) -> int:
        return index_disk_bytes(added, self.encoder.dim, graph_rows, self.manifest.settings.hnsw)

    def _affordable(self, plan: GraphPlan) -> GraphPlan:
        """Tell what a large build takes; where the memory is not there, do without the graph, or with the old one.

        Raises:
            ResourceError: there is not enough for anything.
        """
        rows = len(self.vectors.segments)
        require_memory(index_memory_bytes(self.change.added, self.encoder.dim, rows, self.limits), _BUILDING)
        if not plan.work and self.change.rows < _TOLD_ROWS:
            return plan
        hnsw = self.manifest.settings.hnsw
        graph = self.vectors.memory(plan, hnsw, hnsw.threads or os.cpu_count() or 1) if plan.work else 0
        needed = graph + self.limits.bm25_heap_bytes + _BASE_BYTES
        free = available_memory()
        if plan.work and (plan.action == "extend" or self.previous):
            self.reporter.message("detail", f"The HNSW graph: {plan.action}; {plan.reason}.")
        told = f"Building both indexes: {len(self.vectors.segments):,} chunks, about {needed / 1e9:.1f} GB of memory"
        if free is None or needed <= free or not plan.work:
            self.reporter.message("info", f"{told}.")
            return plan
        self.reporter.message(
            "warning",
            f"{told}, of which {free / 1e9:.1f} GB are there: the graph is left as it is, and queries scan what it "
            'lacks. Free some memory, then run "embedctl index --no-refresh --rebuild".',
        )
        if plan.action == "extend":
            return replace(plan, action="keep", work=0)
        return GraphPlan("none", "not enough memory")

    def _shrink_heap(self) -> None:
        """Have BM25 fill smaller segments where memory is scarce."""
        free = available_memory()
        if free is not None and free < 2 * self.limits.bm25_heap_bytes:
            heap = max(free // 4, self.limits.bm25_least_heap_bytes)
            self.limits = replace(self.limits, bm25_heap_bytes=heap)

    def _both(self, plan: GraphPlan, tracks: _Tracks) -> None:
        """Write the BM25 index here, and the graph in a thread: hnswlib does not hold Python's lock."""
        with ThreadPoolExecutor(1, thread_name_prefix="graph") as thread:
            graph = thread.submit(
                self.vectors.write_graph, plan, self.manifest.settings.hnsw, lambda rows: tracks.advance("graph", rows)
            )
            graph.add_done_callback(lambda done: tracks.stopped.set() if done.exception() else None)
            try:
                with suppress(_StoppedError):  # by the graph, whose error follows
                    self._bm25(tracks)
                graph.result()
            except BaseException:
                tracks.stopped.set()  # or leaving this block would wait for the whole graph
                raise

    def _describe(self, path: Path) -> tuple[FileRecord, bool]:
        """Describe a file and say whether it is new: one linked from the previous generation was described before."""
        name = path.relative_to(self.files.root).as_posix()
        if self.previous and name in self.previous.record.files:
            old = self.previous.files.root / name
            if old.exists() and old.samefile(path):
                return self.previous.record.files[name], False
        return describe_file(path), True

    def _bm25(self, tracks: _Tracks) -> None:
        previous = self.previous.files.bm25 if self.previous else None
        files = IndexFiles(self.store, self.previous.record).bm25_files() if self.previous else None
        language = self.manifest.settings.language
        rows = len(self.vectors.segments)
        with Bm25Writer(self.files.bm25, language, self.limits.bm25_heap_bytes, previous, files) as bm25:
            for part in self.change.removed:
                bm25.delete_part(part.number)
            for part, buried in self.change.buried:
                for row in buried:
                    bm25.delete_document((part.number << 32) | row)
            for part in self.change.added:
                for document in bm25_documents(self.store, part):
                    bm25.add(document)
                tracks.advance("bm25", part.chunks.rows if part.chunks else 0)
            counted = bm25.commit()
        if counted.live != rows:
            raise DamagedError(
                f"The BM25 index has {counted.live} rows instead of {rows}.",
                'Make both indexes anew with "embedctl index --no-refresh --rebuild".',
            )
