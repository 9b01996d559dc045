"""Examination of the rows: they have document and payload of every live chunk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..arms.examiner import Examiner, Flaw, length_flaws
from ..errors import DamagedError
from ..store.segments import segment_records
from .payload import payloads, shown_of
from .rows import BLOCK, FILES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..store.layout import Layout
    from ..store.manifest import EncoderRecord, Part
    from ..store.piece import Piece
    from .rows import Rows


class RowsExaminer(Examiner):
    """See :class:`~embedctl.arms.examiner.Examiner`."""

    def look(self, piece: Piece, encoder: EncoderRecord | None, sound: Callable[[str], bool]) -> Iterator[Flaw]:
        """Compare lengths of files with the numbers of rows; rows of dead chunks may be there, too."""
        del encoder, sound
        try:
            sizes = segment_records(piece.record, "rows")
        except DamagedError as error:
            yield Flaw(error.message)
            return
        expected: dict[str, int | None] = {}
        for number, rows in sizes:
            lengths = (8 * rows, 8 * rows, 8 * -(-rows // BLOCK), None)
            expected |= zip((f"{number:06d}/{name}" for name in FILES), lengths, strict=True)
        yield from length_flaws(piece.record, expected)
        held = sum(rows for _, rows in sizes)
        if held < piece.record.rows:
            yield Flaw(f"The rows of {held:,} chunks are there; the manifest says {piece.record.rows:,}.")

    def check_part(self, opened: Rows, layout: Layout, part: Part) -> Iterator[Flaw]:
        """Compare document and payload of each live chunk of a part."""
        expected = list(payloads(layout, part))
        labels = np.array([label for label, _, _ in expected], dtype=np.uint64)
        try:
            documents, found = opened.documents(labels), opened.payloads(labels)
            if documents.tolist() != [document for _, document, _ in expected]:
                yield Flaw(f"Chunks of part {part.number} are rows of other documents.")
            if not all(_same(payload, text) for (_, _, payload), text in zip(expected, found, strict=True)):
                yield Flaw(f"Chunks of part {part.number} are shown as other chunks.")
        except DamagedError as error:
            yield Flaw(f"Part {part.number}: {error.message}")


def _same(expected: str, found: str) -> bool:
    return expected == found or shown_of(expected) == shown_of(found)
