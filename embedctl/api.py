"""The library: what ``import embedctl`` gives, and the only thing that the command line calls."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .config import DEFAULT_MODEL, QueryConfig, RuntimeConfig, SettingsRequest, SourceRequest
from .errors import DamagedError, ModelError, NoStoreError
from .reporters import make_reporter
from .store.handle import read_manifest
from .store.layout import Layout, new_store, require_store
from .store.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .contracts import Encoder, Reporter
    from .records import Source
    from .search.answer import Answer
    from .search.lookup import Shown
    from .search.searcher import Searcher
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


class Store:
    """One store: the stages that fill it, and the questions it answers.

    Stages take the write lock and return a :class:`~embedctl.stages.report.RunReport`; everything else reads the
    current snapshot and takes no lock.
    """

    def __init__(self, layout: Layout, reporter: Reporter | str = "silent") -> None:
        self._layout = layout
        self._reporter = make_reporter(reporter) if isinstance(reporter, str) else reporter
        self._opened: tuple[int, Searcher] | None = None

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

        Raises:
            EmbedctlError: see ``embedctl.errors``; what was committed before stays.
        """
        stages = ("ingest", "chunk", "embed", "index") if refresh else ("chunk", "embed", "index")
        return self._run("index", stages, self._wanted(paths, files, source), settings, rebuild, wait)

    def ingest(
        self,
        paths: Sequence[PathLike] = (),
        *,
        files: Sequence[str] | None = None,
        source: SourceRequest | None = None,
        wait: float = 0.0,
    ) -> RunReport:
        """Read sources into ``documents/``; arguments as for :meth:`index`."""
        return self._run("ingest", ("ingest",), self._wanted(paths, files, source), None, False, wait)

    def chunk(self, *, settings: SettingsRequest | None = None, rebuild: bool = False, wait: float = 0.0) -> RunReport:
        """Cut documents into ``chunks/``; arguments as for :meth:`index`."""
        return self._run("chunk", ("chunk",), _no_sources, settings, rebuild, wait)

    def embed(self, *, settings: SettingsRequest | None = None, rebuild: bool = False, wait: float = 0.0) -> RunReport:
        """Embed chunks into ``embeddings/``; arguments as for :meth:`index`."""
        return self._run("embed", ("embed",), _no_sources, settings, rebuild, wait)

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
    ) -> Preflight:
        """Return what :meth:`index` would do, without writing anything; arguments as there."""
        from .encoders import open_encoder, open_tokenizer
        from .stages.preflight import preflight
        from .stages.settings import settle

        manifest = settle(self._manifest_or_empty(), settings or SettingsRequest(), rebuild)
        sources = self._wanted(paths, files, source)(manifest) or manifest.sources
        if not sources:
            raise NoStoreError("There is nothing to look at.", 'Name a path: "embedctl index PATH --dry-run".')
        model = manifest.settings.model
        load = cache(lambda: open_encoder(model, RuntimeConfig()))
        return preflight(self._layout, manifest, sources, open_tokenizer(model), load, self._reporter)

    # --- questions

    def query(self, text: str, config: QueryConfig | None = None, *, n: int | None = None) -> Answer:
        """Return the best chunks for ``text``; any text is a valid query.

        The snapshot stays open between calls and is replaced when a new one was published.

        Args:
            text: words, ``"phrases"`` and ``-exclusions``.
            config: mode, number of hits, filters, fusion; see :class:`~embedctl.config.QueryConfig`.
            n: number of hits, instead of ``config.n``.

        Raises:
            NoStoreError: there is no index yet.
            UsageError: a filter is malformed.
            MismatchError: the model is not the one that made the store.
        """
        wanted = config or QueryConfig()
        if n is not None:
            wanted = replace(wanted, n=n)
        return self._ask(lambda searcher: searcher.search(text, wanted))

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

        return status(self._layout, read_manifest(self._layout), check, files)

    def show(self, name: str) -> Shown:
        """Return one document or chunk by its id.

        Raises:
            UsageError: no such id, or several.
        """
        from .search.lookup import show

        return show(self._layout, read_manifest(self._layout), name)

    # --- inside

    @property
    def _snapshot(self) -> int:
        return self._opened[0] if self._opened else -1

    def _ask(self, question: Callable[[Searcher], Answered]) -> Answered:
        """Put a question to the current snapshot; once more where it is gone before all of it was open."""
        searcher = self._searcher()
        try:
            return question(searcher)
        except (DamagedError, FileNotFoundError):
            if read_manifest(self._layout).snapshot == self._snapshot:
                raise
            self._opened = None  # a writer published and cleaned up while this snapshot was being opened
            return question(self._searcher())

    def _searcher(self) -> Searcher:
        from .search.searcher import Searcher

        manifest = read_manifest(self._layout)
        if self._opened is None or self._opened[0] != manifest.snapshot:
            self._opened = (
                manifest.snapshot,
                Searcher(self._layout, manifest, cache(lambda: _query_encoder(manifest))),
            )
        return self._opened[1]

    def _manifest_or_empty(self) -> Manifest:
        return read_manifest(self._layout) if self._layout.manifest.exists() else Manifest()

    def _run(
        self,
        command: str,
        stages: Sequence[str],
        sources: Callable[[Manifest], list[Source]],
        settings: SettingsRequest | None,
        rebuild: bool,
        wait: float,
    ) -> RunReport:
        from .stages.pipeline import Run

        if not self._layout.manifest.exists():
            if "ingest" not in stages:
                read_manifest(self._layout)
            if not sources(Manifest()):
                raise NoStoreError(f"There is no store in {self._layout.root}.", 'Make one with "embedctl index PATH".')
        request = settings or SettingsRequest()
        return Run(self._layout, command, stages, self._reporter, request, rebuild, wait).go(sources)

    def _wanted(
        self, paths: Sequence[PathLike], files: Sequence[str] | None, request: SourceRequest | None
    ) -> Callable[[Manifest], list[Source]]:
        """Return what makes the sources of a command, given the snapshot it starts from."""
        from .sources.request import requested_sources

        asked = request or SourceRequest()
        places = [Path(path) for path in paths]
        return lambda manifest: requested_sources(places, files, asked, manifest.sources, self._layout.base)


def _no_sources(_: Manifest) -> list[Source]:
    return []


def _query_encoder(manifest: Manifest) -> Encoder:
    """Load the encoder that made the vectors of the index, which may not be the one the store is changing to."""
    from .encoders import find_model, open_encoder
    from .stages.settings import check_fingerprint

    assert manifest.index is not None
    made_by = manifest.index.encoder
    try:
        fingerprint = find_model(made_by.model).fingerprint
    except ModelError as error:
        hint = f'The index was made with it; for another: "embedctl index --rebuild --model {DEFAULT_MODEL}".'
        raise ModelError(error.message, f"{error.hint} {hint}") from error
    check_fingerprint(made_by, fingerprint)
    return open_encoder(made_by.model, RuntimeConfig())
