"""Opening one published index generation, each piece when it is first needed and once its files are verified.

A damaged piece is rebuilt from the parts for this session, in a temporary folder; ``damage`` says so.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

from ..arms.kind import ArmWork, Opening, PartChanges
from ..errors import DamagedError, EmbedctlError, NoStoreError, ResourceError, shortage
from ..store.manifest import INDEX_SINCE, ArmRecord
from ..store.piece import REPAIR, Piece
from ..store.writer import read_manifest
from .pieces import PAYLOADS, described, kind_of, piece, pieces

if TYPE_CHECKING:
    from ..arms.kind import ExtraRows
    from ..contracts import Arm
    from ..store.layout import Layout
    from ..store.manifest import IndexRecord, Manifest
    from .rows import Rows

_FROM_PARTS = "Answers come from the parts instead."


def require_index(layout: Layout, manifest: Manifest) -> IndexRecord:
    """Return the published index.

    Raises:
        NoStoreError: there is none, or one of a format that is not read any more.
    """
    if manifest.index is None:
        if manifest.format_version < INDEX_SINCE:
            raise NoStoreError(
                f"The index in {layout.root} was made by an older embedctl (format {manifest.format_version}).",
                'Rebuild it with "embedctl index"; nothing is embedded again.',
            )
        raise NoStoreError(f"The store in {layout.root} has no index yet.", 'Make it with "embedctl index".')
    return manifest.index


def superseded(layout: Layout, index: IndexRecord) -> bool:
    """Return whether another index than ``index`` is published now, so that a writer may have removed files of it.

    Ask after a file was missing, not before. Numbers of generations never come back: an index that is still published
    was published all the time, and what is missing of it is damage.
    """
    return read_manifest(layout).index != index


class Index:
    """One generation, opened for queries; safe to share between threads."""

    def __init__(self, layout: Layout, record: IndexRecord, extra: ExtraRows | None = None) -> None:
        """Look at a generation; with ``extra``, rows are searched beside it."""
        self.record = record
        self.damage: dict[str, str] = {}
        """Piece -> a sentence on what is damaged, and how to repair it; more may come while queries are answered."""
        self._layout = layout
        self._extra = extra
        self._opened: dict[str, Any] = {}
        self._turn = Lock()

    @property
    def rows_count(self) -> int:
        """Live chunks."""
        return self.record.rows + (len(self._extra.rows) if self._extra else 0)

    def arm(self, name: str) -> Arm:
        """Return an arm, opened.

        Raises:
            DamagedError: it is of a generation that was replaced, or a part is damaged, too.
        """
        return cast("Arm", self._open(name))

    @property
    def rows(self) -> Rows:
        """Documents and payloads by label.

        Raises:
            DamagedError: as :meth:`arm`.
        """
        if self.record.payloads is None and self._extra is None:  # up to format 3
            stored = cast("Any", self._open("bm25")).stored
            if stored is not None:
                return cast("Rows", stored)
        return cast("Rows", self._open(PAYLOADS))

    def lexical(self) -> str | None:
        """Return the name of an arm that knows which rows match a word; ``None``: there is none."""
        return next((name for name, record in self.record.arms.items() if record.kind == "bm25"), None)

    def _open(self, name: str) -> Any:
        with self._turn:
            if name not in self._opened:
                self._opened[name] = self._sound(name)
            return self._opened[name]

    def _sound(self, name: str) -> Any:
        record = pieces(self.record).get(name) or ArmRecord(PAYLOADS, None, PAYLOADS, {}, self.record.rows)
        kind = kind_of(record.kind)
        opening = Opening(
            settings=self.record.settings,
            encoder=self.record.encoders[record.field] if record.field else None,
            extra=self._extra,
            lose=partial(self._lose, name),
        )
        if name == PAYLOADS and self.record.payloads is None:
            return self._from_parts(record, opening)
        try:
            return kind.open(piece(self._layout, self.record, record), opening)
        except DamagedError as error:
            if superseded(self._layout, self.record):
                raise
            self.damage.setdefault(name, f"{error.message} {_FROM_PARTS} {REPAIR}")
            return self._from_parts(record, opening)

    def _lose(self, name: str, error: EmbedctlError, instead: str) -> None:
        if not superseded(self._layout, self.record):
            self.damage.setdefault(name, f"{error.message} {instead} {REPAIR}")

    def _from_parts(self, record: ArmRecord, opening: Opening) -> Any:
        """Build a piece from the parts in a temporary folder, and open it; mapped files stay readable after that."""
        kind, parts = kind_of(record.kind), self.record.parts
        try:
            with tempfile.TemporaryDirectory(prefix="embedctl-", ignore_cleanup_errors=True) as folder:
                work = ArmWork(
                    layout=self._layout,
                    folder=Path(folder) / record.kind,
                    parts=parts,
                    changes=PartChanges(parts),
                    settings=self.record.settings,
                    field=record.field,
                    encoder=opening.encoder,
                    scans_only=True,
                )
                built = kind.build(work)
                if built.rows != self.record.rows:
                    raise DamagedError(
                        f"The parts have {built.rows} live chunks; the index in the manifest has {self.record.rows}.",
                        'Find out what is damaged with "embedctl doctor".',
                    )
                made = ArmRecord(record.kind, record.field, record.kind, described(work)[0], record.rows, built.facts)
                return kind.open(Piece(Path(folder), made, {}, ""), opening)
        except OSError as error:
            if shortage(error) is None:
                raise
            raise ResourceError(
                f"A damaged index cannot be rebuilt for this query: {error.strerror or error} in "
                f"{tempfile.gettempdir()}.",
                'Repair the index with "embedctl doctor --repair", or name another temporary folder in TMPDIR.',
            ) from error
