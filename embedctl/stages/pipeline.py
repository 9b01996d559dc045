"""The stages in order, under one lock and into one report: what ``embedctl index`` does."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

from ..chunkers.budget import budget_for
from ..config import TEXT_FIELD, DistillConfig, RuntimeConfig, SettingsRequest
from ..encoders import card, student_card
from ..errors import MismatchError, NoStoreError
from ..store.garbage import collect
from ..store.manifest import Manifest
from ..store.students import student_folder, usable_student
from ..store.writer import Writer, read_manifest, writing
from ..system.resources import require_memory
from .chunk import chunk, pending
from .decide import reads_otherwise
from .distill import distill, distinct_chunks
from .embed import FieldWork, embed
from .index import index
from .ingest import ingest
from .overlap import with_losing
from .report import RunReport, reported
from .settings import settle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..contracts import Encoder, Reporter
    from ..records import Source
    from ..store.layout import Layout
    from ..store.manifest import EncoderRecord


@dataclass
class PipelineRun:
    """One command that writes: which stages, with which settings, for which store."""

    layout: Layout
    command: str
    stages: Sequence[str]
    reporter: Reporter
    settings: SettingsRequest = field(default_factory=SettingsRequest)
    rebuild: bool = False
    wait: float = 0.0
    runtime: RuntimeConfig = field(default_factory=RuntimeConfig)
    share: float | None = None
    """For ``distill``: of the chunks, instead of what the store was made with."""
    allow_empty: bool = False
    """For ``ingest``: drop the documents of sources that are gone or empty."""

    def go(self, sources: Callable[[Manifest], Sequence[Source]] = lambda manifest: ()) -> RunReport:  # noqa: ARG005
        """Run the stages; ``sources`` says which to ingest, given the snapshot (none: every remembered one).

        Raises:
            LockedError: another process is writing.
            MismatchError: other settings were asked for without ``rebuild``.
            NoStoreError: there is nothing to work on.
        """
        try:
            read_manifest(self.layout)
        except NoStoreError:
            if "ingest" not in self.stages or not sources(Manifest()):
                raise
        report = RunReport(self.command)
        with writing(self.layout, f"embedctl {self.command}", self.wait) as writer, reported(self.layout, report):
            self._stages(writer, sources, report)
        return report

    def _stages(self, writer: Writer, sources: Callable[[Manifest], Sequence[Source]], report: RunReport) -> None:
        manifest = settle(writer.manifest, self.settings, self.rebuild, refresh="ingest" in self.stages)
        model = manifest.settings.model
        # Before anything is written: a setting that leads nowhere must not get into the store.
        if "chunk" in self.stages:
            budget_for(card(model).tokenizer(), manifest.settings.chunk)
        elif "embed" in self.stages:
            card(model)
        given = sources(manifest) if "ingest" in self.stages else ()
        stored_otherwise = writer.manifest.settings.documents_made_with != manifest.settings.documents_made_with
        if manifest != writer.manifest and writer.layout.manifest.exists():
            writer.commit(manifest)
        writer.manifest = manifest
        if "ingest" in self.stages:
            self._ingest(writer, given, report)
        elif not manifest.parts:
            raise NoStoreError(f"There are no documents in {self.layout.root}.", 'Run "embedctl ingest PATH" first.')
        if "embed" in self.stages:
            self._check_model(writer.manifest, model)
        if "chunk" in self.stages:
            fast = writer.manifest.settings.fast
            chunk(writer, card(model).tokenizer(), self.reporter, report, keep_tokens=fast)
        if "distill" in self.stages or "embed" in self.stages:
            self._vectors(writer, cache(lambda: self._load(model)), report)
        if "index" in self.stages:
            index(writer, self.reporter, report, self.rebuild)
        if stored_otherwise:  # what is not to be stored any more does not wait for the next run
            collect(writer.layout, writer.manifest)

    def _vectors(self, writer: Writer, load: Callable[[], Encoder], report: RunReport) -> None:
        """Distil and embed: with the model, or in a fast store with its student, made where there is none."""
        teacher = card(writer.manifest.settings.model).fingerprint
        if "distill" in self.stages:
            distill(writer, self.share or _share(writer.manifest, teacher), load, self.reporter, report)
        if "embed" not in self.stages:
            return
        student = usable_student(writer.manifest, teacher)
        if writer.manifest.settings.fast and student is None and self._enough(writer):
            student = distill(writer, writer.manifest.settings.teacher_share, load, self.reporter, report)
        text = FieldWork(teacher, load)
        if student is not None and writer.manifest.settings.fast:
            folder = student_folder(writer.layout, student)
            text = FieldWork(student.fingerprint, student_card(folder).open)
        embed(writer, text, self.reporter, report)
        for one in writer.manifest.settings.fields:
            if one.name != TEXT_FIELD:
                embed(writer, self._work(writer.manifest, one.name), self.reporter, report)

    def _work(self, manifest: Manifest, field: str) -> FieldWork:
        """Return how a field beside the text is filled: always by its own model.

        Raises:
            MismatchError: the files of the model changed.
        """
        model = manifest.settings.model_of(field)
        self._check_files(manifest.encoders.get(field), model)
        return FieldWork(card(model).fingerprint, cache(lambda: self._load(model)), field)

    def _check_files(self, made_by: EncoderRecord | None, model: str) -> None:
        """Refuse to embed with a model whose files changed."""
        if made_by and made_by.model == model and not self.rebuild:
            made_by.check_model(card(model).fingerprint)

    def _enough(self, writer: Writer) -> bool:
        """Return whether there are chunks enough to distil from; if not, the store takes the model's vectors."""
        least = DistillConfig().least_chunks
        chunks = len(distinct_chunks(writer).hashes)
        if chunks < least:
            self.reporter.message(
                "warning",
                f"{chunks:,} distinct chunks are too few to distil an encoder ({least:,} are the least), "
                "so the model embeds all of them, as without --fast.",
            )
            settings = replace(writer.manifest.settings, teacher_share=1.0)
            writer.commit(replace(writer.manifest, settings=settings))
        return chunks >= least

    def _check_model(self, manifest: Manifest, model: str) -> None:
        """Refuse to embed with a model whose files changed, or chunks that were cut for another one."""
        self._check_files(manifest.encoder, model)
        made_with = manifest.settings.chunk_fingerprint(card(model).tokenizer().fingerprint)
        if "chunk" not in self.stages and any(part.chunks for part in pending(manifest, made_with)):
            raise MismatchError(
                f'The chunks in this store were cut with other settings, or for another model than "{model}".',
                'Cut them again with "embedctl chunk --rebuild", or do everything with "embedctl index --rebuild".',
            )

    def _load(self, model: str) -> Encoder:
        found = card(model)
        require_memory(found.weights_bytes, f"Loading the model {model}")  # in half precision, as read and as compiled
        self.reporter.message("detail", f"Loading the model {model}.")
        return found.open(self.runtime, self.reporter.message)

    def _ingest(self, writer: Writer, given: Sequence[Source], report: RunReport) -> None:
        manifest = writer.manifest
        if not given and not manifest.sources:
            raise NoStoreError("This store has no sources yet.", 'Name some: "embedctl index PATH".')
        known = {source.name: source for source in manifest.sources}
        read_otherwise = [
            source for source in given if source.name in known and reads_otherwise(known[source.name], source)
        ]
        known.update({source.name: source for source in given if source not in read_otherwise})
        if tuple(known.values()) != manifest.sources or not writer.layout.manifest.exists():
            writer.commit(replace(manifest, sources=tuple(known.values())))
        sources = with_losing(given, manifest.sources, writer.layout.base) if given else tuple(known.values())
        ingest(writer, sources, self.reporter, report, read_otherwise, allow_empty=self.allow_empty)


def _share(manifest: Manifest, teacher: str) -> float:
    """Return the share of the chunks to distil from: of those that the model embedded already, all."""
    if manifest.settings.fast:
        return manifest.settings.teacher_share
    embedded = all(part.has_vectors(TEXT_FIELD, teacher) for part in manifest.parts)
    return 1.0 if embedded else DistillConfig().share
