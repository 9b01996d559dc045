"""Documents and payloads by label: what fusion and hits need of a chunk, whichever arm found it.

Segments, immutable and merged like those of vectors::

    rows/<segment>/labels.u64      label of each row, ascending
    rows/<segment>/documents.u64   label of each row's document
    rows/<segment>/blocks.u64      where each block of payloads ends
    rows/<segment>/payloads.z      blocks of up to 8 payloads, one on a line, each block compressed by zlib

Rows whose document died stay until their segment is merged; nothing asks for them.
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from ..arms.kind import ArmKind, Built, Examiner, Flaw, length_flaws
from ..config import limits
from ..errors import DamagedError
from ..labels import label, part_of
from ..store.arrays import check_ascending, mapped, save_array
from ..store.files import link_or_copy
from ..store.piece import REPAIR
from ..store.segments import SegmentRecord, segment_records, to_merge
from .payload import payloads, shown_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..arms.bm25.arm import StoredRows
    from ..arms.kind import ArmWork, ExtraRows, Opening
    from ..contracts import Labels
    from ..store.layout import Layout
    from ..store.manifest import EncoderRecord, Part
    from ..store.piece import Checks, Piece

_LABELS, _DOCUMENTS, _BLOCKS, _PAYLOADS = "labels.u64", "documents.u64", "blocks.u64", "payloads.z"
FILES = (_LABELS, _DOCUMENTS, _BLOCKS, _PAYLOADS)
BLOCK = 8
"""Payloads that are compressed together."""
_LEVEL = 1
_BLOCKS_KEPT = 1_024
_SHARE = 4
"""Payloads take at least such a fraction of the chunks on disk."""

Rows: TypeAlias = "RowStore | StoredRows"
"""Documents and payloads by label: of a generation, or of an index up to format 3, which kept them in BM25."""
Row = tuple[int, int, bytes]
"""Label, label of the document, payload."""


def shown(rows: Rows, labels: Labels) -> list[dict[str, Any]]:
    """Return the fields of a hit of each of ``labels``.

    Raises:
        DamagedError: there is no such row, or it does not say what it shows.
    """
    return [shown_of(payload) for payload in rows.payloads(labels)]


class _Segment(NamedTuple):
    labels: Labels
    documents: NDArray[np.uint64]
    ends: NDArray[np.uint64]
    payloads: NDArray[np.uint8]


class RowStore:
    """The rows of one generation, mapped."""

    def __init__(self, segments: Sequence[_Segment], folder: Path) -> None:
        self._segments = tuple(segments)
        self._folder = folder
        self._block = lru_cache(maxsize=_BLOCKS_KEPT)(self._read)

    def documents(self, labels: Labels) -> NDArray[np.uint64]:
        """Return the label of the document of each of ``labels``, uint64 ``(n,)``.

        Raises:
            DamagedError: there is no such row.
        """
        documents = np.empty(len(labels), dtype=np.uint64)
        for places, number, rows in self._located(labels):
            documents[places] = self._segments[number].documents[rows]
        return documents

    def payloads(self, labels: Labels) -> list[str]:
        """Return the JSON that hits show, in the order of ``labels``.

        Raises:
            DamagedError: there is no such row.
        """
        found = [""] * len(labels)
        for places, number, rows in self._located(labels):
            for at, row in zip(places.tolist(), rows.tolist(), strict=True):
                found[at] = self._block(number, row // BLOCK)[row % BLOCK].decode()
        return found

    def _located(self, labels: Labels) -> Iterator[tuple[NDArray[np.intp], int, NDArray[np.intp]]]:
        """Yield places in ``labels``, the place of their segment, and their rows in it."""
        left = len(labels)
        for number, segment in enumerate(self._segments):
            rows = np.minimum(np.searchsorted(segment.labels, labels), len(segment.labels) - 1)
            places = np.flatnonzero(segment.labels[rows] == labels)
            if len(places):
                left -= len(places)
                yield places, number, rows[places]
        if left:
            raise DamagedError(f"The rows in {self._folder} lack {left} of {len(labels)} labels.", REPAIR)

    def _read(self, number: int, block: int) -> list[bytes]:
        segment = self._segments[number]
        start = int(segment.ends[block - 1]) if block else 0
        try:
            lines = zlib.decompress(segment.payloads[start : int(segment.ends[block])].data).split(b"\n")
        except zlib.error as error:
            raise DamagedError(f"The rows in {self._folder} cannot be read: {error}.", REPAIR) from error
        if len(lines) != min(BLOCK, len(segment.labels) - block * BLOCK):
            raise DamagedError(f"The rows in {self._folder} are not those of its labels.", REPAIR)
        return lines


class RowsKind(ArmKind):
    """Builds and opens rows as arms are built and opened."""

    def build(self, work: ArmWork) -> Built:
        """Link, merge and write segments; the cost follows the changes."""
        work.folder.mkdir(parents=True, exist_ok=True)
        before = segment_records(work.previous.record, "rows") if work.previous else []
        opened = [_mapped(work.previous.folder, *one) for one in before] if work.previous else []
        live = [_live(segment, work) for segment in opened]
        sizes = [(int(mask.sum()), int((~mask).sum())) for mask in live]
        added = sum(part.chunks.rows for part in work.changes.added if part.chunks)
        merged = to_merge(sizes, added, limits.INDEX.segment_ratio, limits.INDEX.dead_share)
        kept = [at for at in range(len(opened)) if at not in merged]
        for at in kept:
            assert work.previous is not None
            for name in FILES:
                source = _folder(work.previous.folder, before[at].number) / name
                link_or_copy(source, _folder(work.folder, before[at].number) / name)
        number = max((one.number for one in before), default=0) + 1
        written = _write(_folder(work.folder, number), _fresh(work, [(opened[at], live[at]) for at in merged]))
        segments = [before[at] for at in kept] + ([SegmentRecord(number, written)] if written else [])
        rows = sum(sizes[at][0] for at in kept) + written
        return Built(rows, {"segments": [list(one) for one in sorted(segments, key=lambda one: -one.rows)]})

    def open(self, piece: Piece, opening: Opening) -> RowStore:
        """Map the segments, whose files are all verified."""
        piece.verify(piece.record.files)
        segments = [_mapped(piece.folder, *one) for one in segment_records(piece.record, "rows")]
        if opening.extra is not None and opening.extra.rows:
            segments.append(_in_memory(opening.extra))
        return RowStore(segments, piece.folder)

    def checks(self, encoder: object) -> Checks:
        """Return what must be right about the labels."""
        return {_LABELS: lambda path: check_ascending(path, REPAIR)}

    def extends(self, piece: Piece, settings: object) -> bool:
        """Return ``True``: segments stay as they are."""
        return True

    def disk_bytes(self, work: ArmWork) -> int:
        """Return a share of the size of the chunks."""
        return sum(part.chunks.bytes for part in work.changes.added if part.chunks) // _SHARE

    def examiner(self) -> RowsExaminer:
        """Return what ``doctor`` checks of it."""
        return RowsExaminer()


class RowsExaminer(Examiner):
    """See :class:`~embedctl.arms.kind.Examiner`."""

    def look(self, piece: Piece, encoder: EncoderRecord | None, sound: Callable[[str], bool]) -> Iterator[Flaw]:
        """Compare lengths of files with the numbers of rows; rows of dead chunks may be there, too."""
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
            if not all(
                payload == text or shown_of(payload) == shown_of(text)
                for (_, _, payload), text in zip(expected, found, strict=True)
            ):
                yield Flaw(f"Chunks of part {part.number} are shown as other chunks.")
        except DamagedError as error:
            yield Flaw(f"Part {part.number}: {error.message}")


ROWS = RowsKind()


def _folder(root: Path, number: int) -> Path:
    return root / f"{number:06d}"


def _mapped(root: Path, number: int, rows: int) -> _Segment:
    folder, blocks = _folder(root, number), -(-rows // BLOCK)
    ends = mapped(folder / _BLOCKS, "<u8", (blocks,))
    try:
        size = (folder / _PAYLOADS).stat().st_size
    except OSError as error:
        raise DamagedError(f"{folder / _PAYLOADS} cannot be read: {error.strerror}.", REPAIR) from error
    if (np.diff(ends.astype(np.int64), prepend=0) <= 0).any() or int(ends[-1]) != size:
        raise DamagedError(f"{folder / _BLOCKS} does not describe the payloads beside it.", REPAIR)
    return _Segment(
        mapped(folder / _LABELS, "<u8", (rows,)),
        mapped(folder / _DOCUMENTS, "<u8", (rows,)),
        ends,
        mapped(folder / _PAYLOADS, "u1", (size,)),
    )


def _in_memory(extra: ExtraRows) -> _Segment:
    texts = [payload.encode() for payload in extra.payloads]
    blocks = [_compressed(texts[at : at + BLOCK]) for at in range(0, len(texts), BLOCK)]
    return _Segment(
        np.array([row.label for row in extra.rows], dtype=np.uint64),
        np.array([row.doc_key for row in extra.rows], dtype=np.uint64),
        np.cumsum([len(block) for block in blocks], dtype=np.uint64),
        np.frombuffer(b"".join(blocks), dtype=np.uint8),
    )


def _live(segment: _Segment, work: ArmWork) -> NDArray[np.bool_]:
    """Return which rows of a segment are of live documents, bool ``(n,)``."""
    numbers = np.array([part.number for part in work.parts], dtype=np.uint64)
    dead = [label(part.number, row) for part in work.parts for row in part.dead]
    alive: NDArray[np.bool_] = np.isin(part_of(segment.labels), numbers)
    return alive & ~np.isin(segment.documents, np.array(dead, dtype=np.uint64))


def _fresh(work: ArmWork, merged: Sequence[tuple[_Segment, NDArray[np.bool_]]]) -> Iterator[Row]:
    """Yield the rows of a new segment by ascending label: those of merged segments and of added parts."""
    runs: dict[int, tuple[_Segment, NDArray[np.intp]]] = {}
    for segment, live in merged:
        numbers = part_of(segment.labels)
        for number in np.unique(numbers[live]).tolist():
            runs[number] = (segment, np.flatnonzero(live & (numbers == number)))
    added = {part.number: part for part in work.changes.added}
    for number in sorted({*runs, *added}):
        if number in added:
            part = added[number]
            for label_, document, payload in payloads(work.layout, part):
                yield label_, document, payload.encode()
            work.advance(part.chunks.rows if part.chunks else 0)
            continue
        segment, rows = runs[number]
        store = RowStore([segment], work.folder)
        for start in range(0, len(rows), BLOCK):
            block = rows[start : start + BLOCK]
            texts = store.payloads(segment.labels[block])
            for row, text in zip(block.tolist(), texts, strict=True):
                yield int(segment.labels[row]), int(segment.documents[row]), text.encode()


def _compressed(texts: Sequence[bytes]) -> bytes:
    """Return a block of payloads as it lies in the file."""
    return zlib.compress(b"\n".join(texts), _LEVEL)


def _write(folder: Path, rows: Iterator[Row]) -> int:
    """Write a segment; return how many rows it has, of which none leaves no files."""
    labels_: list[int] = []
    documents: list[int] = []
    ends: list[int] = []
    folder.mkdir(parents=True)
    with (folder / _PAYLOADS).open("wb") as stream:
        while block := list(islice(rows, BLOCK)):
            labels_ += [label_ for label_, _, _ in block]
            documents += [document for _, document, _ in block]
            stream.write(_compressed([payload for _, _, payload in block]))
            ends.append(stream.tell())
    if not labels_:
        (folder / _PAYLOADS).unlink()
        folder.rmdir()
        return 0
    for name, values in ((_LABELS, labels_), (_DOCUMENTS, documents), (_BLOCKS, ends)):
        save_array(folder / name, np.array(values, dtype="<u8"))
    return len(labels_)
