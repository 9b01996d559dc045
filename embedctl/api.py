"""The library: what ``import embedctl`` gives, and the only thing that the command line calls."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from .config import QueryConfig, RuntimeConfig, SettingsRequest, SourceRequest
from .errors import DamagedError, ModelError, NoStoreError, UsageError
from .reporters import make_reporter
from .store.handle import read_manifest
from .store.layout import Layout, new_store, require_store
from .store.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from .config import QueryEncoder
    from .contracts import Encoder, Reporter
    from .records import Source
    from .search.answer import Answer
    from .search.lookup import Shown
    from .search.queryfile import QuerySource
    from .search.searcher import Searcher
    from .stages.doctor.findings import DoctorReport
    from .stages.preflight import Preflight
    from .stages.report import RunReport

PathLike = str | os.PathLike[str]
Answered = TypeVar("Answered")


def open(path: PathLike | None = None, *, reporter: Reporter | str = "silent") -> Store:  # noqa: A001
    """Open an existing store.

    Args:
        path: the store's folder; ``None``: the environment variable ``EMBEDCTL_STORE``, else the nearest
            ``.embedctl`` in the working directory or above it.
        reporter: who hears of progress: ``silent``, ``lines``, ``bars``, ``tqdm`` or an object of your own.

    Raises:
        NoStoreError: there is none.
    """
    return Store(require_store(path), reporter)


def create(path: PathLike | None = None, *, reporter: Reporter | str = "silent") -> Store:
    """Open a store, or say where the first ``index`` or ``ingest`` is to make it; takes what :func:`open` takes."""
    return Store(new_store(path), reporter)


class _Opened(NamedTuple):
    """What the last question was put to."""

    manifest: Manifest
    runtime: RuntimeConfig
    encoder: QueryEncoder
    load: Callable[[], Encoder]
    searcher: Searcher

    def answers_for(self, manifest: Manifest) -> bool:
        """Return whether an answer from it is one from ``manifest``: most commits of a run leave the index alone."""
        mine = self.manifest
        return mine is manifest or all(
            getattr(mine, name) == getattr(manifest, name) for name in ("index", "sources", "student", "tuned")
        )


class Store:
    """One store: the stages that fill it, and the questions it answers.

    Stages take the write lock and return a :class:`~embedctl.stages.report.RunReport`; everything else reads the
    current snapshot and takes no lock.
    """

    def __init__(self, layout: Layout, reporter: Reporter | str = "silent") -> None:
        self._layout = layout
        self._reporter = make_reporter(reporter) if isinstance(reporter, str) else reporter
        self._opened: _Opened | None = None

    @property
    def path(self) -> Path:
        """The store's folder."""
        return self._layout.root

    # --- stages

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
        from .store.students import student_folder

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
        from .stages.forget import forget

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
        from .encoders import open_encoder, open_tokenizer
        from .stages.preflight import preflight
        from .stages.settings import settle

        def look(current: Manifest) -> Preflight:
            manifest = settle(current, settings or SettingsRequest(), rebuild)
            sources = self._wanted(paths, files, source)(manifest) or manifest.sources
            if not sources:
                raise NoStoreError("There is nothing to look at.", 'Name a path: "embedctl index PATH --dry-run".')
            model = manifest.settings.model
            load = cache(lambda: open_encoder(model, runtime or RuntimeConfig(), self._reporter.message))
            return preflight(self._layout, manifest, sources, open_tokenizer(model), load, self._reporter)

        there = self._layout.manifest.exists() or self._layout.backup.exists()
        return self._read(look) if there else look(Manifest())

    # --- questions

    def query(
        self,
        text: str,
        config: QueryConfig | None = None,
        *,
        n: int | None = None,
        runtime: RuntimeConfig | None = None,
    ) -> Answer:
        """Return the best chunks for ``text``; any text is a valid query.

        The snapshot stays open between calls and is replaced when a new one was published.

        Args:
            text: words, ``"phrases"`` and ``-exclusions``.
            config: mode, number of hits, filters, fusion; see :class:`~embedctl.config.QueryConfig`.
            n: number of hits, instead of ``config.n``.
            runtime: how the encoder is run.

        Raises:
            NoStoreError: there is no index yet.
            UsageError: a filter is malformed, or a number of the configuration out of range.
            MismatchError: the model is not the one that made the store.
        """
        wanted = _wanted(config, n)
        return self._ask(lambda searcher: searcher.search(text, wanted), runtime, wanted.encoder)

    def query_many(
        self,
        queries: Iterable[str | tuple[str, str]] | QuerySource,
        config: QueryConfig | None = None,
        *,
        n: int | None = None,
        runtime: RuntimeConfig | None = None,
    ) -> Iterator[Answer]:
        """Yield what :meth:`query` returns for each of ``queries``, in their order and much faster.

        Queries are encoded in batches and answered by as many threads as there are processors. The snapshot that
        is current at the first answer answers all of them.

        Args:
            queries: texts, or pairs of id and text; the id is in ``Answer.query_id``, and the place from 1 where there
                is none. Read by another thread, up to two batches ahead of the answers.
            config: as for :meth:`query`, for all of them.
            n: number of hits, instead of ``config.n``.
            runtime: how the encoder is run.

        Raises:
            NoStoreError, UsageError, MismatchError: as for :meth:`query`, at the first answer.
        """
        from .search.batch import search_many
        from .search.queryfile import QueryFile, QueryList, QueryStream

        wanted = _wanted(config, n)
        source = queries if isinstance(queries, QueryFile | QueryStream | QueryList) else QueryList(queries)
        ready = self._ask(lambda searcher: searcher.ready(wanted, source.count), runtime, wanted.encoder)
        with self._reporter.stage("query", source.count, "queries") as progress:
            for answer in search_many(ready, source):
                yield answer
                progress.advance()

    def matcher(self, text: str) -> Callable[[str], bool]:
        """Return a function that tells whether a word of a text is one that ``query(text)`` looks up in BM25.

        Words count up to inflection, as the index stems them; exclusions do not count. No model is loaded.

        Raises:
            NoStoreError: there is no index yet.
        """
        return self._ask(lambda searcher: searcher.matcher(text))

    def pending(self) -> dict[str, int]:
        """Return how many documents wait for each of ``chunk``, ``embed`` and ``index``; all 0: nothing is waiting."""
        from .stages.status import pending

        return pending(read_manifest(self._layout))

    def status(self, *, check: bool = False, files: str | None = None) -> dict[str, Any]:
        """Return what the store holds and what is pending, as ``docs/schema/status.v1.json`` describes it."""
        from .stages.status import status

        return self._read(lambda manifest: status(self._layout, manifest, check, files))

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
        from .stages.doctor.doctor import DoctorRequest, doctor

        request = DoctorRequest(deep, repair, dry_run, wait, runtime or RuntimeConfig())
        return doctor(self._layout, request, self._reporter)

    def show(self, name: str) -> Shown:
        """Return one document or chunk by its id.

        Raises:
            UsageError: no such id, or several.
        """
        from .search.lookup import show

        return self._read(lambda manifest: show(self._layout, manifest, name))

    # --- inside

    def _read(self, question: Callable[[Manifest], Answered]) -> Answered:
        """Put a question to the current snapshot, or to the next where a writer removed files of it meanwhile.

        Nobody is waited for: each further round means that one more snapshot was published. A failure under a manifest
        that is still the current one is a failure.
        """
        while True:
            manifest = read_manifest(self._layout)
            try:
                return question(manifest)
            except (DamagedError, ModelError, OSError):
                if read_manifest(self._layout) == manifest:
                    raise

    def _ask(
        self,
        question: Callable[[Searcher], Answered],
        runtime: RuntimeConfig | None = None,
        encoder: QueryEncoder | None = None,
    ) -> Answered:
        """Put a question to the index that is published now; everything in the answer is from that one."""
        return self._read(lambda manifest: question(self._searcher(manifest, runtime, encoder)))

    def _searcher(self, manifest: Manifest, runtime: RuntimeConfig | None, encoder: QueryEncoder | None) -> Searcher:
        from .search.query_encoder import query_encoder
        from .search.searcher import Searcher

        last = self._opened
        how = runtime or (last.runtime if last else RuntimeConfig())
        which = encoder or (last.encoder if last else QueryConfig().encoder)
        if last and (last.runtime, last.encoder) == (how, which):
            if last.answers_for(manifest):
                self._opened = last._replace(manifest=manifest)
                return last.searcher
            load = last.load if _encoded_alike(last.manifest, manifest) else None
        else:
            load = None
        load = load or cache(lambda: query_encoder(self._layout, manifest, how, self._reporter, which))
        self._opened = _Opened(manifest, how, which, load, Searcher(self._layout, manifest, load))
        return self._opened.searcher

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
        from .stages.pipeline import Run

        try:
            read_manifest(self._layout)
        except NoStoreError:
            if "ingest" not in stages or not sources(Manifest()):
                raise
        request = settings or SettingsRequest()
        how = runtime or RuntimeConfig()
        return Run(self._layout, command, stages, self._reporter, request, rebuild, wait, how, share).go(sources)

    def _wanted(
        self, paths: Sequence[PathLike], files: Sequence[str] | None, request: SourceRequest | None
    ) -> Callable[[Manifest], list[Source]]:
        """Return what makes the sources of a command, given the snapshot it starts from."""
        from .sources.request import requested_sources

        asked = request or SourceRequest()
        places = [Path(path) for path in paths]
        return lambda manifest: requested_sources(places, files, asked, manifest.sources, self._layout.base)


def _wanted(config: QueryConfig | None, n: int | None) -> QueryConfig:
    from .search.checked import checked

    wanted = config or QueryConfig()
    return checked(wanted if n is None else replace(wanted, n=n))


def _encoded_alike(one: Manifest, other: Manifest) -> bool:
    """Return whether the same encoder answers for both, so that it need not be loaded again."""
    if one.index is None or other.index is None:
        return False
    return (one.index.encoder, one.student) == (other.index.encoder, other.student)


def _no_sources(_: Manifest) -> list[Source]:
    return []
