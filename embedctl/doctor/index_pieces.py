"""The pieces of the published index, each with the examiner of its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..arms.examiner import Examiner
from ..errors import UsageError
from ..index.pieces import PAYLOADS, examiner_of, piece, pieces
from ..store.piece import Piece
from .findings import REPAIR, Finding

if TYPE_CHECKING:
    from ..arms.examiner import Flaw
    from ..store.layout import Layout
    from ..store.manifest import EncoderRecord, IndexRecord


class IndexPiece(NamedTuple):
    """An arm, or the rows."""

    name: str
    piece: Piece
    encoder: EncoderRecord | None
    examiner: Examiner
    folder: str
    """Below the store's folder, POSIX style."""
    unknown: UsageError | None = None
    """Why its kind cannot be loaded; only its files are checked then."""

    @property
    def title(self) -> str:
        """How messages call it."""
        return "The rows" if self.name == PAYLOADS else f'The arm "{self.name}"'

    def file(self, name: str = "") -> str:
        """Return where one of its files lies below the store's folder, or its folder."""
        return f"{self.folder}/{name}" if name else self.folder

    def finding(self, flaw: Flaw) -> Finding:
        """Return a flaw as damage."""
        return Finding("index", "damage", flaw.message, self.file(flaw.file), REPAIR)


def index_pieces(layout: Layout, index: IndexRecord) -> list[IndexPiece]:
    """Return all pieces of an index, the rows last."""
    generation = layout.generation(index.generation)
    found = []
    for name, record in pieces(index).items():
        encoder = index.encoders[record.field] if record.field else None
        folder = (generation / record.folder).relative_to(layout.root).as_posix()
        try:
            one = IndexPiece(name, piece(layout, index, record), encoder, examiner_of(record.kind), folder)
        except UsageError as error:
            one = IndexPiece(name, Piece(generation, record, {}, ""), encoder, Examiner(), folder, error)
        found.append(one)
    return found
