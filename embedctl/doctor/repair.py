"""Making a damaged store whole: what can be derived is derived, what can be read is kept, the rest is read again.

A file that a manifest names never changes. So a part with a damaged file goes on as a new part, with links to its good
files; the index is brought up to date last, and answers as it did until then. Vectors of damaged parts are kept as
sampled vectors while the parts are made anew. Each step is a commit: an interrupted repair is run again.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from .. import encoders
from ..config import TEXT_FIELD
from ..stages.chunk import chunk
from ..stages.distill import distill
from ..stages.embed import FieldWork, embed
from ..stages.embed import pending as without_vectors
from ..stages.index import index
from ..stages.ingest import ingest
from ..store.students import usable_student
from . import salvage
from .examine import maker, maker_of_field
from .part_repair import UNREAD, PartRepair
from .rebuilt_ledger import ledger_of
from .rescued_vectors import Donors

if TYPE_CHECKING:
    from pathlib import Path

    from ..config import RuntimeConfig
    from ..contracts import Encoder, Reporter
    from ..stages.report import RunReport
    from ..store.manifest import Manifest
    from ..store.writer import Writer
    from .findings import DoctorReport
    from .plan import RepairPlan


class Repair:
    """One repair of one store, under its write lock."""

    def __init__(
        self,
        writer: Writer,
        plan: RepairPlan,
        report: DoctorReport,
        run: RunReport,
        reporter: Reporter,
        how: RuntimeConfig,
    ) -> None:
        self.writer = writer
        self.layout = writer.layout
        self.plan = plan
        self.report = report
        self.run = run
        self.reporter = reporter
        self.how = how
        self.donors = Donors(writer)
        self.parts = PartRepair(writer, plan, report, self.donors, reporter)

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
                manifest, files = self.donors.add(manifest, hashes, vectors, sample.file.made_with, stays=True)
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
        writer, run = self.writer, self.run
        self.parts.lost.remember(writer.manifest)
        sources = writer.manifest.sources
        if self.parts.all_files or self.plan.reread or self.parts.lost.expected:
            only = self.parts.lost.expected.keys() if self.parts.lost.expected and not self.parts.all_files else None
            ingest(writer, sources, self.reporter, run, only=only)
            self.report.lost = self.parts.lost.still(writer.manifest)
        touched = bool(
            self.plan.parts or self.plan.student or self.plan.ledger or self.parts.lost.expected or self.plan.reread
        )
        if touched or (self.plan.index and self._index_has_more()):
            self._through_the_pipeline()
        if writer.manifest.index is not None and (touched or self.plan.index or self.plan.served):
            index(writer, self.reporter, run, rebuild=self.plan.index)
            if self.plan.index:
                self.report.done.append(f"Rebuilt the index: {writer.manifest.index.rows:,} chunks.")
        self.donors.drop()
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
        made_by = writer.manifest.encoder
        if made_by is None:
            return
        if made_by.teacher and usable_student(writer.manifest, made_by.teacher) is None:
            student = distill(writer, settings.teacher_share, lambda: self._model, self.reporter, self.run)
            made_by = replace(made_by, fingerprint=student.fingerprint)
            self.report.done.append(f"Fitted the distilled encoder again: {student.fingerprint}.")
        if without_vectors(writer.manifest, TEXT_FIELD, made_by.fingerprint):
            work = FieldWork(made_by.fingerprint, lambda: self._encoder, without=self.plan.broken)
            embed(writer, work, self.reporter, self.run)
        for name, other in writer.manifest.encoders.items():
            if name != TEXT_FIELD and without_vectors(writer.manifest, name, other.fingerprint):
                load = partial(maker_of_field, writer.manifest, name, self.how, self.reporter)
                embed(writer, FieldWork(other.fingerprint, load, name, self.plan.broken), self.reporter, self.run)

    @cached_property
    def _encoder(self) -> Encoder:
        return maker(self.layout, self._with_encoder, self.how, self.reporter)

    @property
    def _with_encoder(self) -> Manifest:
        """The manifest, with the student as its encoder where that was just made."""
        manifest = self.writer.manifest
        if manifest.encoder and manifest.encoder.teacher and manifest.student:
            return manifest.with_encoder(
                TEXT_FIELD, replace(manifest.encoder, fingerprint=manifest.student.fingerprint)
            )
        return manifest

    @cached_property
    def _model(self) -> Encoder:
        return encoders.card(self.writer.manifest.settings.model).open(self.how, self.reporter.message)
