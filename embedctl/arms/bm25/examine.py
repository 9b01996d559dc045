"""Examination of a BM25 index: it holds the live chunks of each part once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...errors import DamagedError
from ...labels import labels
from ...store.parts import dead_chunk_rows
from ..kind import Examiner, Flaw, length_flaws
from .tantivy_files import row_counts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ...store.layout import Layout
    from ...store.manifest import EncoderRecord, Part
    from ...store.piece import Piece
    from .arm import Bm25Arm

_META = "meta.json"


class Bm25Examiner(Examiner):
    """See :class:`~embedctl.arms.kind.Examiner`."""

    def means(self, name: str) -> str:
        """Return how queries are answered while a file is damaged."""
        return "Answers come from the parts instead: right, but much slower."

    def look(self, piece: Piece, encoder: EncoderRecord | None, sound: Callable[[str], bool]) -> Iterator[Flaw]:
        """Compare the number of rows in Tantivy's ``meta.json``."""
        yield from length_flaws(piece.record, {_META: None})
        if not all(map(sound, piece.record.files)):
            return
        try:
            live = row_counts(piece.folder)[0]
        except DamagedError as error:
            yield Flaw(error.message, _META)
        except (KeyError, TypeError) as error:
            yield Flaw(f"It is not what Tantivy writes: {error!r}.", _META)
        else:
            if live != piece.record.rows:
                yield Flaw(f"BM25 has {live:,} rows; the manifest says {piece.record.rows:,}.", _META)

    def check_part(self, opened: Bm25Arm, layout: Layout, part: Part) -> Iterator[Flaw]:
        """Compare the labels of a part with those of its live chunks."""
        rows = np.arange(part.chunks.rows if part.chunks else 0)
        live = labels(part.number, np.delete(rows, dead_chunk_rows(layout, part)))
        if not np.array_equal(opened.part_labels(part.number, len(live)), live):
            yield Flaw(f"BM25 does not hold each live chunk of part {part.number} once.")
