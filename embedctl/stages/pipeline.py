"""The stages in order, under one lock and into one report: what ``embedctl index`` does."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

from ..chunkers.budget import budget_for
from ..config import RuntimeConfig, SettingsRequest
from ..encoders import find_model, open_encoder, open_tokenizer
from ..errors import MismatchError, NoStoreError
from ..store.handle import Writer, writing
from .chunk import chunk, pending
from .embed import embed
from .index import index
from .ingest import ingest
from .report import RunReport, reported
from .settings import check_fingerprint, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..contracts import Encoder, Reporter
    from ..records import Source
    from ..store.layout import Layout
    from ..store.manifest import Manifest


@dataclass
class Run:
    """One command that writes: which stages, with which settings, for which store."""

    layout: Layout
    command: str
    stages: Sequence[str]
    reporter: Reporter
    settings: SettingsRequest = field(default_factory=SettingsRequest)
    rebuild: bool = False
    wait: float = 0.0
    runtime: RuntimeConfig = field(default_factory=RuntimeConfig)

    def go(self, sources: Callable[[Manifest], Sequence[Source]] = lambda manifest: ()) -> RunReport:  # noqa: ARG005
        """Run the stages; ``sources`` says which to ingest, given the snapshot (none: every remembered one).

        Raises:
            LockedError: another process is writing.
            MismatchError: other settings were asked for without ``rebuild``.
            NoStoreError: there is nothing to work on.
        """
        report = RunReport(self.command)
        with writing(self.layout, f"embedctl {self.command}", self.wait) as writer, reported(self.layout, report):
            self._stages(writer, sources, report)
        return report

    def _stages(self, writer: Writer, sources: Callable[[Manifest], Sequence[Source]], report: RunReport) -> None:
        manifest = settle(writer.manifest, self.settings, self.rebuild)
        model = manifest.settings.model
        # Before anything is written: a setting that leads nowhere must not get into the store.
        if "chunk" in self.stages:
            budget_for(open_tokenizer(model), manifest.settings.chunk)
        elif "embed" in self.stages:
            find_model(model)
        given = sources(manifest) if "ingest" in self.stages else ()
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
            chunk(writer, open_tokenizer(model), self.reporter, report)
        if "embed" in self.stages:
            encoder = cache(lambda: self._load(model))
            embed(writer, find_model(model).fingerprint, encoder, self.reporter, report)
        if "index" in self.stages:
            index(writer, self.reporter, report, self.rebuild)

    def _check_model(self, manifest: Manifest, model: str) -> None:
        """Refuse to embed with a model whose files changed, or chunks that were cut for another one."""
        made_by = manifest.encoder
        if made_by and made_by.model == model and not self.rebuild:
            check_fingerprint(made_by, find_model(model).fingerprint)
        made_with = manifest.settings.chunk.fingerprint(open_tokenizer(model).fingerprint)
        if "chunk" not in self.stages and any(part.chunks for part in pending(manifest, made_with)):
            raise MismatchError(
                f'The chunks in this store were cut with other settings, or for another model than "{model}".',
                'Cut them again with "embedctl chunk --rebuild", or do everything with "embedctl index --rebuild".',
            )

    def _load(self, model: str) -> Encoder:
        self.reporter.message("detail", f"Loading the model {model}.")
        return open_encoder(model, self.runtime)

    def _ingest(self, writer: Writer, given: Sequence[Source], report: RunReport) -> None:
        manifest = writer.manifest
        if not given and not manifest.sources:
            raise NoStoreError("This store has no sources yet.", 'Name some: "embedctl index PATH".')
        known = {source.name: source for source in manifest.sources}
        changed_fields = {
            source.name for source in given if source.name in known and known[source.name].fields != source.fields
        }
        known.update({source.name: source for source in given})
        if tuple(known.values()) != manifest.sources or not writer.layout.manifest.exists():
            writer.commit(replace(manifest, sources=tuple(known.values())))
        ingest(writer, given or tuple(known.values()), self.reporter, report, reread=changed_fields)
