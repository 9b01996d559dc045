"""The snapshot that a store's queries are put to, kept open between them and replaced when another is published."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ..errors import DamagedError, ModelError
from ..store.writer import read_manifest

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..config import QueryEncoder, RuntimeConfig
    from ..contracts import Encoder, Reporter
    from ..store.layout import Layout
    from ..store.manifest import Manifest
    from .searcher import Searcher

Result = TypeVar("Result")
_ANSWERING = ("index", "sources", "student", "tuned", "settings")
"""Fields of a manifest that answers depend on."""


class _Opened(NamedTuple):
    manifest: Manifest
    which: QueryEncoder
    load: Callable[[str], Encoder]
    searcher: Searcher

    def answers_for(self, manifest: Manifest) -> bool:
        """Return whether an answer from it is one from ``manifest``: most commits of a run leave the index alone."""
        mine = self.manifest
        return mine is manifest or all(getattr(mine, name) == getattr(manifest, name) for name in _ANSWERING)

    def encodes_for(self, manifest: Manifest) -> bool:
        """Return whether its encoders are those of ``manifest``, so that they need not be loaded again."""
        mine = self.manifest
        if mine.index is None or manifest.index is None:
            return False
        return (mine.index.encoders, mine.student) == (manifest.index.encoders, manifest.student)


class Session:
    """Reads of one store, from whichever snapshot is current."""

    def __init__(self, layout: Layout, reporter: Reporter, runtime: RuntimeConfig) -> None:
        self._layout = layout
        self._reporter = reporter
        self._runtime = runtime
        self._opened: _Opened | None = None

    def read(self, work: Callable[[Manifest], Result]) -> Result:
        """Return what ``work`` makes of the current snapshot, or of the next where a writer removed files meanwhile.

        Nothing is waited for: each further round means that one more snapshot was published. A failure under a manifest
        that is still the current one is a failure.
        """
        while True:
            manifest = read_manifest(self._layout)
            try:
                return work(manifest)
            except (DamagedError, ModelError, OSError):
                if read_manifest(self._layout) == manifest:
                    raise

    def ask(self, work: Callable[[Searcher], Result], which: QueryEncoder | None = None) -> Result:
        """Return what ``work`` makes of the index that is published now."""
        return self.read(lambda manifest: work(self.searcher(manifest, which)))

    def searcher(self, manifest: Manifest, which: QueryEncoder | None = None) -> Searcher:
        """Return a snapshot, opened; ``which`` encodes queries, ``None``: as the last time."""
        from .query_encoder import query_encoder
        from .searcher import Searcher  # with numpy: too much for commands that only read the manifest

        last = self._opened
        which = which or (last.which if last else "auto")
        load: Callable[[str], Encoder] | None = None
        if last and last.which == which:
            if last.answers_for(manifest):
                self._opened = last._replace(manifest=manifest)
                return last.searcher
            load = last.load if last.encodes_for(manifest) else None
        chosen = which
        load = load or cache(
            lambda field: query_encoder(self._layout, manifest, field, self._runtime, self._reporter, chosen)
        )
        self._opened = _Opened(manifest, which, load, Searcher(self._layout, manifest, load))
        return self._opened.searcher
