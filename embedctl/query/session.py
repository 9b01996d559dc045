"""The snapshot that a store's queries are put to, kept open between them and replaced when another is published."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ..config import DEFAULT_MODEL
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


def query_encoder(
    layout: Layout, manifest: Manifest, field: str, runtime: RuntimeConfig, reporter: Reporter, which: QueryEncoder
) -> Encoder:
    """Open the encoder of queries in a field.

    It is the model of the index, which may not be the one that the store is changing to, or the student of that model,
    without a look at the model itself.

    Raises:
        ModelError: the model is not on this machine, or the store has no student of it.
        MismatchError: the model's files are not those that made the vectors.
        DamagedError: a file of the student is missing.
    """
    from .. import encoders
    from ..store.students import student_folder, usable_student

    assert manifest.index is not None
    made_by = manifest.index.encoders[field]
    student = usable_student(manifest, made_by.space)
    if which == "student" and manifest.settings.model_of(field) == manifest.settings.model:
        if student is None:
            raise ModelError(
                f'The store has no student of the model "{made_by.model}".',
                'Make one with "embedctl distill", or leave out --query-encoder.',
            )
        return encoders.student_card(student_folder(layout, student)).open()
    try:
        card = encoders.card(made_by.model)
        fingerprint = card.fingerprint
    except ModelError as error:
        hint = f'The index was made with it; for another: "embedctl index --rebuild --model {DEFAULT_MODEL}".'
        if student:
            hint += ' Queries can do without: "--query-encoder student".'
        raise ModelError(error.message, f"{error.hint} {hint}") from error
    made_by.check_model(fingerprint)
    return card.open(runtime, reporter.message)
