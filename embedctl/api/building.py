"""What fills a store and keeps it whole: the stages, and what looks after them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import RuntimeConfig, SettingsRequest, SourceRequest
from ..errors import ModelError, NoStoreError, UsageError
from ..store.manifest import Manifest
from ..store.writer import read_manifest
from .reading import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..doctor.findings import DoctorReport
    from ..records import Source
    from ..stages.preflight import Preflight
    from ..stages.report import RunReport
    from .reading import PathLike


class Building(Reading):
    """Stages take the write lock and return a :class:`~embedctl.stages.report.RunReport`."""

    def index(
        self,
        paths: Sequence[PathLike] = (),
        *,
        files: Sequence[str] | None = None,
        source: SourceRequest | None = None,
        settings: SettingsRequest | None = None,
        refresh: bool = True,
        rebuild: bool = False,
        wait: float = 0.0,
        runtime: RuntimeConfig | None = None,
    ) -> RunReport:
        """Run the whole pipeline: ingest, chunk, embed, index.

        Args:
            paths: folders and files to cover from now on; none: refresh what the store covers.
            files: a list of files to cover as one source, relative to the working directory.
            source: rules, record fields and name for ``paths`` and ``files``.
            settings: what the store is to be made with; must agree with what it was made with, or ``rebuild``.
            refresh: ``False``: leave the sources alone and only finish what is ingested.
            rebuild: make everything again that was made with other settings, and both indexes from nothing.
            wait: seconds to wait for another writer.
            runtime: how the encoder is run.

        Raises:
            EmbedctlError: see ``embedctl.errors``; what was committed before stays.
        """
        stages = ("ingest", "chunk", "embed", "index") if refresh else ("chunk", "embed", "index")
        return self._run("index", stages, self._wanted(paths, files, source), settings, rebuild, wait, runtime)

    def ingest(
        self,
        paths: Sequence[PathLike] = (),
        *,
        files: Sequence[str] | None = None,
        source: SourceRequest | None = None,
        settings: SettingsRequest | None = None,
        rebuild: bool = False,
        wait: float = 0.0,
    ) -> RunReport:
        """Read sources into ``documents/``; arguments as for :meth:`index`."""
        return self._run("ingest", ("ingest",), self._wanted(paths, files, source), settings, rebuild, wait)

    def chunk(self, *, settings: SettingsRequest | None = None, rebuild: bool = False, wait: float = 0.0) -> RunReport:
        """Cut documents into ``chunks/``; arguments as for :meth:`index`."""
        return self._run("chunk", ("chunk",), _no_sources, settings, rebuild, wait)

    def embed(
        self,
        *,
        settings: SettingsRequest | None = None,
        rebuild: bool = False,
        wait: float = 0.0,
        runtime: RuntimeConfig | None = None,
    ) -> RunReport:
        """Embed chunks into ``embeddings/``; arguments as for :meth:`index`."""
        return self._run("embed", ("embed",), _no_sources, settings, rebuild, wait, runtime)

    def distill(
        self, share: float | None = None, *, wait: float = 0.0, runtime: RuntimeConfig | None = None
    ) -> RunReport:
        """Fit a student to the store's model on the store's chunks: a static encoder in the same space.

        The model embeds only sampled chunks that have no vector of it yet. A store that was made with ``--fast`` is
        then embedded and indexed with the new student; any other keeps its vectors, and queries may use the student.

        Args:
            share: of the distinct chunks to learn from; ``None``: all where the model embedded all of them, else the
                share that the store was made with, or the default.
            wait: seconds to wait for another writer.
            runtime: how the model is run.

        Raises:
            UsageError: there are too few chunks.
            MismatchError: documents are not cut for the store's model yet.
        """
        stages = ("distill", "embed", "index") if read_manifest(self._layout).settings.fast else ("distill",)
        return self._run("distill", stages, _no_sources, None, False, wait, runtime, share)

    def student(self) -> Path:
        """Return the folder of the store's student, which is not to be changed.

        Raises:
            ModelError: it has none.
            DamagedError: a file of it is missing.
        """
        from ..store.students import student_folder

        manifest = read_manifest(self._layout)
        if manifest.student is None:
            raise ModelError("This store has no student.", 'Make one with "embedctl distill".')
        return student_folder(self._layout, manifest.student)

    def export_student(self, folder: PathLike) -> None:
        """Copy the store's student to a new or empty folder, in a form that other libraries read.

        Raises:
            ModelError: there is no student.
            UsageError: the folder has something in it.
        """
        import shutil

        target = Path(folder).expanduser()
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise UsageError(f"{target} is there already, and not an empty folder.", "Name another.")
        self._read(lambda _: shutil.copytree(self.student(), target, dirs_exist_ok=True))

    def forget(self, targets: Sequence[str], *, wait: float = 0.0) -> RunReport:
        """Remove sources (by name), files or documents (by path or id), and their text from every live file."""
        from ..stages.forget import forget

        read_manifest(self._layout)
        return forget(self._layout, targets, self._reporter, wait)

    def preflight(
        self,
        paths: Sequence[PathLike] = (),
        *,
        files: Sequence[str] | None = None,
        source: SourceRequest | None = None,
        settings: SettingsRequest | None = None,
        rebuild: bool = False,
        runtime: RuntimeConfig | None = None,
    ) -> Preflight:
        """Return what :meth:`index` would do, without writing anything; arguments as there."""
        from ..encoders import card
        from ..stages.preflight import preflight
        from ..stages.settings import settle

        def look(current: Manifest) -> Preflight:
            manifest = settle(current, settings or SettingsRequest(), rebuild)
            sources = self._wanted(paths, files, source)(manifest) or manifest.sources
            if not sources:
                raise NoStoreError("There is nothing to look at.", 'Name a path: "embedctl index PATH --dry-run".')
            model = card(manifest.settings.model)
            load = cache(lambda: model.open(runtime or RuntimeConfig(), self._reporter.message))
            return preflight(self._layout, manifest, sources, model.tokenizer(), load, self._reporter)

        there = self._layout.manifest.exists() or self._layout.backup.exists()
        return self._read(look) if there else look(Manifest())

    def doctor(
        self,
        *,
        deep: bool = False,
        repair: bool = False,
        dry_run: bool = False,
        wait: float = 0.0,
        runtime: RuntimeConfig | None = None,
    ) -> DoctorReport:
        """Look for damage, and make the store whole; what is found and done is in the report.

        Args:
            deep: read every byte, compare what must agree, and measure recall.
            repair: take the write lock and repair; reads every byte, too.
            dry_run: with ``repair``, say what would be done and write nothing.
            wait: with ``repair``, seconds to wait for another writer.
            runtime: how the encoder is run, where texts have to be embedded.

        Raises:
            NoStoreError, MismatchError, LockedError, ModelError: see ``embedctl.errors``.
        """
        from ..doctor.doctor import DoctorRequest, doctor

        request = DoctorRequest(deep, repair, dry_run, wait, runtime or RuntimeConfig())
        return doctor(self._layout, request, self._reporter)

    def _run(
        self,
        command: str,
        stages: Sequence[str],
        sources: Callable[[Manifest], list[Source]],
        settings: SettingsRequest | None,
        rebuild: bool,
        wait: float,
        runtime: RuntimeConfig | None = None,
        share: float | None = None,
    ) -> RunReport:
        from ..stages.pipeline import PipelineRun

        try:
            read_manifest(self._layout)
        except NoStoreError:
            if "ingest" not in stages or not sources(Manifest()):
                raise
        request = settings or SettingsRequest()
        how = runtime or RuntimeConfig()
        return PipelineRun(self._layout, command, stages, self._reporter, request, rebuild, wait, how, share).go(
            sources
        )

    def _wanted(
        self, paths: Sequence[PathLike], files: Sequence[str] | None, request: SourceRequest | None
    ) -> Callable[[Manifest], list[Source]]:
        """Return what makes the sources of a command, given the snapshot it starts from."""
        from ..sources.request import requested_sources

        asked = request or SourceRequest()
        places = [Path(path) for path in paths]
        return lambda manifest: requested_sources(places, files, asked, manifest.sources, self._layout.base)


def _no_sources(_: Manifest) -> list[Source]:
    return []
