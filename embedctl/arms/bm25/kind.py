"""The kind ``bm25``: words in text, title and path, over a Tantivy index."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ...config import limits
from ...errors import DamagedError
from ...labels import label
from ...store.piece import REPAIR
from ...system.memory import available_memory
from ..kind import Built
from ..text_rows import text_rows
from .arm import Bm25Arm
from .retriever import Bm25Retriever
from .writer import Bm25Writer

if TYPE_CHECKING:
    from ...config import StoreSettings
    from ...store.manifest import EncoderRecord
    from ...store.piece import Checks, Piece
    from ..kind import ArmWork, ExtraRows, Opening
    from .examine import Bm25Examiner

_TEXT_SHARE = 4
"""The index is at least so many times smaller than the chunks on disk."""


class Bm25Kind:
    """See :class:`~embedctl.arms.kind.ArmKind`."""

    score = "bm25"
    least = 0.0
    shape = None
    feedback = "rm3"
    holds_out = True

    def build(self, work: ArmWork) -> Built:
        """Write a Tantivy index, from the previous one where there is one."""
        before = work.previous
        writer = Bm25Writer(
            work.folder, work.settings.language, _heap(), before.folder if before else None, _files(before)
        )
        with writer as bm25:
            for part in work.changes.removed:
                bm25.delete_part(part.number)
            for part, buried in work.changes.buried:
                for row in buried:
                    bm25.delete_document(label(part.number, row))
            for part in work.changes.added:
                for row_ in text_rows(work.layout, part):
                    bm25.add(row_)
                work.advance(part.chunks.rows if part.chunks else 0)
            return Built(bm25.commit().live, {"language": work.settings.language})

    def open(self, piece: Piece, opening: Opening) -> Bm25Arm:
        """Open the index, whose files are all verified."""
        piece.verify(piece.record.files)
        language = opening.settings.language
        retriever = Bm25Retriever(piece.folder, language, _files(piece))
        if len(retriever) != piece.record.rows:
            raise DamagedError(
                f"The BM25 index in {piece.folder} has {len(retriever)} rows; the manifest says {piece.record.rows}.",
                REPAIR,
            )
        if opening.extra is not None and opening.extra.rows:
            retriever = _with_rows(piece, language, opening.extra)
        return Bm25Arm(retriever, language)

    def checks(self, encoder: EncoderRecord | None) -> Checks:
        """Return nothing: Tantivy's files have checksums only."""
        del encoder
        return {}

    def extends(self, piece: Piece, settings: StoreSettings) -> bool:
        """Return whether the index is of that language, and has the fields that are written since format 4."""
        return piece.record.facts.get("language") == settings.language

    def disk_bytes(self, work: ArmWork) -> int:
        """Return a share of the size of the chunks."""
        return sum(part.chunks.bytes for part in work.changes.added if part.chunks) // _TEXT_SHARE

    def examiner(self) -> Bm25Examiner:
        """Return what ``doctor`` checks of it."""
        from .examine import Bm25Examiner

        return Bm25Examiner()


def _files(piece: Piece | None) -> list[str] | None:
    return None if piece is None else list(piece.record.files)


def _heap() -> int:
    """Return the memory to fill before a segment is written: less where memory is scarce."""
    heap, free = limits.INDEX.bm25_heap_bytes, available_memory()
    if free is None or free >= 2 * heap:
        return heap
    return max(free // 4, limits.INDEX.bm25_least_heap_bytes)


def _with_rows(piece: Piece, language: str, extra: ExtraRows) -> Bm25Retriever:
    """Return a copy of the index, made of links, with rows added; its folder is gone again when this returns."""
    with tempfile.TemporaryDirectory(prefix="embedctl-", ignore_cleanup_errors=True) as folder:
        target = Path(folder) / "bm25"
        heap = limits.INDEX.bm25_least_heap_bytes
        with Bm25Writer(target, language, heap, piece.folder, _files(piece)) as writer:
            for row in extra.rows:
                writer.add(row)
            writer.commit()
        return Bm25Retriever(target, language)


BM25 = Bm25Kind()
