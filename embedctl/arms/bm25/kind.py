"""The kind ``bm25``: words in text, title and path, over a Tantivy index."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...config import limits
from ...errors import DamagedError, MismatchError
from ...labels import labels
from ...store.piece import REPAIR
from ..kind import ArmKind, Built, Examiner, Flaw, length_flaws, text_rows
from .analysis import AUTO, is_current
from .arm import Bm25Arm
from .tantivy_files import can_bury, check_schema, row_counts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from ...config import StoreSettings
    from ...records import JSON
    from ...store.layout import Layout
    from ...store.manifest import ArmRecord, EncoderRecord, Part
    from ...store.piece import Piece
    from ..kind import ArmWork, ExtraRows, Opening, TextRow

_META = "meta.json"
_TEXT_SHARE = 4
"""The index is at least so many times smaller than the chunks on disk."""


class Bm25Kind(ArmKind):
    """See :class:`~embedctl.arms.kind.ArmKind`."""

    feedback = "rm3"
    holds_out = True

    def build(self, work: ArmWork) -> Built:
        """Write a Tantivy index, from the previous one where there is one."""
        from .writer import Bm25Change, build_bm25

        language, previous, change = work.settings.language, work.previous, None
        if previous is not None:
            added, before = _rows(work, work.changes.added), _languages(previous.record)
            change = Bm25Change(previous.folder, previous.record.files, _buried(work), added, before)
        rows = build_bm25(work.folder, language, _heap(), _rows(work, work.parts), change)
        spoken: dict[str, JSON] = {"languages": dict(rows.languages)} if language == AUTO else {}
        return Built(rows.live, {"language": language, **spoken})

    def open(self, piece: Piece, opening: Opening) -> Bm25Arm:
        """Open the index, whose files are all verified."""
        piece.verify(piece.record.files)
        language = opening.settings.language
        arm = Bm25Arm(piece.folder, language, piece.record.files, _languages(piece.record))
        if arm.rows != piece.record.rows:
            raise DamagedError(
                f"The BM25 index in {piece.folder} has {arm.rows} rows; the manifest says {piece.record.rows}.",
                REPAIR,
            )
        return _with_rows(piece, language, opening.extra) if opening.extra and opening.extra.rows else arm

    def extends(self, piece: Piece, settings: StoreSettings) -> bool:
        """Return whether the index is of that language, and has the fields that are written since format 4."""
        of_language = piece.record.facts.get("language") == settings.language
        return of_language and can_bury(piece.folder) and self.current(piece)

    def current(self, piece: Piece) -> bool:
        """Return whether texts were analysed as they are now."""
        try:
            return is_current(check_schema(piece.folder, str(piece.record.facts.get("language"))).tokenizer)
        except (DamagedError, MismatchError):
            return False

    def disk_bytes(self, work: ArmWork) -> int:
        """Return a share of the size of the chunks."""
        return sum(part.chunks.bytes for part in work.changes.added if part.chunks) // _TEXT_SHARE

    def memory_bytes(self, work: ArmWork) -> int:
        """Return the least that Tantivy's writer is given."""
        return limits.INDEX.bm25_least_heap_bytes

    def examiner(self) -> Bm25Examiner:
        """Return what ``doctor`` checks of it."""
        return Bm25Examiner()


def _rows(work: ArmWork, parts: Iterable[Part]) -> Iterator[TextRow]:
    for part in parts:
        yield from text_rows(work.layout, part)
        work.advance(part.chunks.rows if part.chunks else 0)


def _buried(work: ArmWork) -> Iterator[TextRow]:
    """Yield the rows of the previous index that are dead now: of parts that are gone, and of dead documents."""
    for part in work.changes.removed:
        yield from text_rows(work.layout, part)
    for part, documents in work.changes.buried:
        yield from text_rows(work.layout, part, documents)


def _languages(record: ArmRecord) -> Mapping[str, int]:
    """Return live rows by language, of an index with ``AUTO``."""
    counts = record.facts.get("languages")
    return {name: count for name, count in counts.items() if isinstance(count, int)} if isinstance(counts, dict) else {}


def _heap() -> int:
    """Return the memory to fill before a segment is written: less where memory is scarce."""
    from ...system.resources import available_memory

    heap, free = limits.INDEX.bm25_heap_bytes, available_memory()
    if free is None or free >= 2 * heap:
        return heap
    return max(free // 4, limits.INDEX.bm25_least_heap_bytes)


def _with_rows(piece: Piece, language: str, extra: ExtraRows) -> Bm25Arm:
    """Return a copy of the index, made of links, with rows added; its folder is gone again when this returns."""
    from .writer import Bm25Writer

    with tempfile.TemporaryDirectory(prefix="embedctl-", ignore_cleanup_errors=True) as folder:
        target = Path(folder) / "bm25"
        heap = limits.INDEX.bm25_least_heap_bytes
        with Bm25Writer(target, language, heap, piece.folder, piece.record.files) as writer:
            for row in extra.rows:
                writer.add(row)
            more = writer.commit().languages
        return Bm25Arm(target, language, languages={**_languages(piece.record), **more})


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
        from ...store.parts import dead_chunk_rows

        rows = np.arange(part.chunks.rows if part.chunks else 0)
        live = labels(part.number, np.delete(rows, dead_chunk_rows(layout, part)))
        if not np.array_equal(opened.part_labels(part.number, len(live)), live):
            yield Flaw(f"BM25 does not hold each live chunk of part {part.number} once.")


BM25 = Bm25Kind()
