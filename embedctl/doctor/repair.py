"""Making a damaged store whole: what can be derived is derived, what can be read is kept, the rest is read again.

A file that a manifest names never changes. So a part with a damaged file goes on as a new part, with links to its good
files; the index is brought up to date last, and answers as it did until then. Vectors of damaged parts are kept as
sampled vectors while the parts are made anew. Each step is a commit: an interrupted repair is run again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING

from .. import encoders
from ..records import Outcome
from ..sources.describe import path_from_base
from ..stages.chunk import chunk
from ..stages.distill import distill
from ..stages.embed import FieldWork, embed
from ..stages.embed import pending as without_vectors
from ..stages.index import index
from ..stages.ingest import ingest
from ..store.ledger import FileKey, FileState, Ledger, read_ledger
from ..store.parts import live_documents
from ..store.snapshot import Snapshot
from ..store.students import usable_student
from ..store.vectors import with_sample
from . import salvage
from .examine import maker
from .part_repair import LOST_REASON, UNREAD, PartRepair

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from ..config import RuntimeConfig
    from ..contracts import Reporter
    from ..stages.report import RunReport
    from ..store.layout import Layout
    from ..store.manifest import Manifest, Part
    from ..store.writer import Writer
    from .findings import DoctorReport, RepairPlan


@dataclass
class Repair:
    """One repair of one store, under its write lock."""

    writer: Writer
    plan: RepairPlan
    report: DoctorReport
    run: RunReport
    reporter: Reporter
    how: RuntimeConfig

    def __post_init__(self) -> None:
        self.layout = self.writer.layout
        self.parts = PartRepair(self.writer, self.plan, self.report, self.reporter)

    def go(self) -> None:
        """Do what is planned.

        Raises:
            ModelError: a text has to be cut or embedded again, and the model is not on this machine.
        """
        with self.run.timing("repair"):
            self._samples()
            self._student()
            self.parts.documents()
            for number, kinds in self.plan.parts.items():
                if "documents" not in kinds:
                    part = self.writer.manifest.part(number)
                    self.parts.chunks(part) if "chunks" in kinds else self.parts.embeddings(part)
            if self.plan.ledger:
                self._ledger()
        self._finish()

    # --- what no answer depends on

    def _samples(self) -> None:
        for sample in [one for one in self.writer.manifest.samples if one.number in self.plan.samples]:
            hashes, vectors = salvage.saved_sample(self.layout, sample)
            others = tuple(one for one in self.writer.manifest.samples if one != sample)
            manifest = replace(self.writer.manifest, samples=others)
            files: list[Path] = []
            if len(hashes):
                manifest = with_sample(self.layout, manifest, hashes, vectors, sample.file.made_with)
                files.append(self.layout.sample(manifest.samples[-1].number))
            self.writer.commit(manifest, files)
            self.report.done.append(f"Kept {len(hashes):,} of {sample.file.rows:,} sampled vectors.")

    def _student(self) -> None:
        if not self.plan.student:
            return
        self.writer.commit(replace(self.writer.manifest, student=None))
        told = "Dropped the distilled encoder."
        if not self.writer.manifest.settings.fast:
            told += ' Make it again with "embedctl distill".'
        self.report.done.append(told)

    def _ledger(self) -> None:
        """Rebuild the ledger from the parts; what it said of files without documents is found again by a refresh."""
        manifest = self.writer.manifest
        ledger = ledger_of(self.layout, manifest.parts)
        record = replace(ledger.write(self.layout, manifest), covers=UNREAD)
        self.writer.commit(replace(manifest, files=record), [self.layout.files(record.number)])
        self.parts.all_files = True
        self.report.done.append(f"Rebuilt the ledger from the parts: {len(ledger):,} files.")

    # --- the end

    def _finish(self) -> None:
        """Run the stages that have something to do now, the index last."""
        writer, run, plan, parts = self.writer, self.run, self.plan, self.parts
        parts.expected = unread(self.layout, writer.manifest) | parts.expected
        if parts.all_files or plan.reread or parts.expected:
            only = parts.expected.keys() if parts.expected and not parts.all_files else None
            ingest(writer, writer.manifest.sources, self.reporter, run, only=only)
            self.report.lost = still_lost(self.layout, writer.manifest, parts.expected, parts.lost_names)
        touched = bool(plan.parts or plan.student or plan.ledger or parts.expected or plan.reread)
        if touched or (plan.index and self._index_has_more()):
            self._through_the_pipeline()
        if writer.manifest.index is not None and (touched or plan.index or plan.served):
            index(writer, self.reporter, run, rebuild=plan.index)
            if plan.index:
                self.report.done.append(f"Rebuilt the index: {writer.manifest.index.rows:,} chunks.")
        parts.drop_donated()
        reused = run.counts.get("reused", 0) - self.report.counts.get("salvaged", 0)
        self.report.counts |= {"embedded": run.counts.get("embedded", 0), "reused": max(0, reused)}

    def _index_has_more(self) -> bool:
        """Return whether a new index would lack documents that the old one has: they are being rebuilt."""
        manifest = self.writer.manifest
        waiting = [without_vectors(manifest, name, made_by.fingerprint) for name, made_by in manifest.encoders.items()]
        return any(waiting) or any(part.chunks is None for part in manifest.parts)

    def _through_the_pipeline(self) -> None:
        """Cut and embed what is not."""
        writer, settings = self.writer, self.writer.manifest.settings
        if any(part.chunks is None for part in writer.manifest.parts):
            tokenizer = encoders.card(settings.model).tokenizer()
            chunk(writer, tokenizer, self.reporter, self.run, keep_tokens=settings.fast)
        for name, made_by in writer.manifest.encoders.items():
            if made_by.teacher and usable_student(writer.manifest, made_by.teacher) is None:
                load_model = cache(lambda: encoders.card(settings.model).open(self.how, self.reporter.message))
                student = distill(writer, settings.teacher_share, load_model, self.reporter, self.run)
                made_by = replace(made_by, fingerprint=student.fingerprint)
                self.report.done.append(f"Fitted the distilled encoder again: {student.fingerprint}.")
            if without_vectors(writer.manifest, name, made_by.fingerprint):
                load = partial(maker, self.layout, writer.manifest, made_by, self.how, self.reporter)
                work = FieldWork(made_by.fingerprint, load, name, self.plan.broken)
                embed(writer, work, self.reporter, self.run)


def unread(layout: Layout, manifest: Manifest) -> dict[FileKey, int]:
    """Return the files that an earlier repair, which did not come to its end, was to read again; how many documents."""
    files = read_ledger(layout, manifest).items()
    return {key: state.documents + 1 for key, state in files if state.reason == LOST_REASON}


def still_lost(layout: Layout, manifest: Manifest, expected: Mapping[FileKey, int], names: set[str]) -> list[str]:
    """Return the documents that are gone, because their file could not be read again when all sources were.

    ``expected`` are the files that lost documents, and how many they had; ``names`` are ``source:doc_id`` of the
    documents in damaged parts, as far as anything told.
    """
    if not expected:
        return []
    ledger = read_ledger(layout, manifest)
    gone = {key for key in expected if (state := ledger.get(key)) is None or state.outcome is Outcome.FAILED}
    snapshot = Snapshot(layout, manifest)
    rows = snapshot.live_rows(("source", "path", "doc_id")) if gone else ()
    live = {f"{one['source']}:{one['doc_id']}" for _, _, one in rows if (one["source"], one["path"]) in gone}
    alone = {source.name for source in manifest.sources if source.only is not None and len(source.only) == 1}
    lost: list[str] = []
    for source, path in sorted(gone):
        file = f"{source}:{path}"
        mine = {name for name in names if name == file or name.startswith(f"{file}#")}
        if source in alone:
            mine |= {name for name in names if name.startswith(f"{source}:")}
        missing = sorted(mine - live)
        count = expected[source, path] - len(mine & live)
        lost += missing or [f"{path_from_base(snapshot.roots.get(source, ''), path)}: {max(1, count):,} documents"]
    return lost


def ledger_of(layout: Layout, parts: Iterable[Part]) -> Ledger:
    """Return a ledger of the files that the live documents of ``parts`` came from.

    Times are not trusted, so that each file is read again and compared by its hash; a record file is compared record
    by record. Files that gave no document are not known.
    """
    states: dict[FileKey, FileState] = {}
    records: Counter[FileKey] = Counter()
    for part in parts:
        for _, document in live_documents(layout, part, ("source", "path", "record", "size", "sha256")):
            source, path, record, size, sha256 = document.values()
            if record is None:
                states[source, path] = FileState(size, 0, sha256, Outcome.INDEXED, None, 1)
            else:
                records[source, path] += 1
    for key, documents in records.items():
        states[key] = FileState(0, 0, None, Outcome.INDEXED, None, documents)
    return Ledger.of(states)
