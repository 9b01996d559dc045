"""Putting questions to the current snapshot, which a writer may replace meanwhile."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ..config import QueryConfig, RuntimeConfig
from ..errors import DamagedError, ModelError
from ..reporters import make_reporter
from ..store.writer import read_manifest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..config import QueryEncoder
    from ..contracts import Encoder, Reporter
    from ..query.searcher import Searcher
    from ..store.layout import Layout
    from ..store.manifest import Manifest

PathLike = str | os.PathLike[str]
Answered = TypeVar("Answered")
_ANSWERING = ("index", "sources", "student", "tuned", "settings")
"""Fields of a manifest that answers depend on."""


class _Opened(NamedTuple):
    """What the last question was put to."""

    manifest: Manifest
    runtime: RuntimeConfig
    encoder: QueryEncoder
    load: Callable[[str], Encoder]
    searcher: Searcher

    def answers_for(self, manifest: Manifest) -> bool:
        """Return whether an answer from it is one from ``manifest``: most commits of a run leave the index alone."""
        mine = self.manifest
        return mine is manifest or all(getattr(mine, name) == getattr(manifest, name) for name in _ANSWERING)


class Reading:
    """One store, and the snapshot of it that is open."""

    def __init__(self, layout: Layout, reporter: Reporter | str = "silent") -> None:
        self._layout = layout
        self._reporter = make_reporter(reporter) if isinstance(reporter, str) else reporter
        self._opened: _Opened | None = None

    @property
    def path(self) -> Path:
        """The store's folder."""
        return self._layout.root

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
        from ..query.query_encoder import query_encoder
        from ..query.searcher import Searcher

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
        load = load or cache(lambda field: query_encoder(self._layout, manifest, field, how, self._reporter, which))
        self._opened = _Opened(manifest, how, which, load, Searcher(self._layout, manifest, load))
        return self._opened.searcher


def _encoded_alike(one: Manifest, other: Manifest) -> bool:
    """Return whether the same encoder answers for both, so that it need not be loaded again."""
    if one.index is None or other.index is None:
        return False
    return (one.index.encoders, one.student) == (other.index.encoders, other.student)
