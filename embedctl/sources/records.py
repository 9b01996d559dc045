"""Read the records of a file: one row, one document."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..errors import ParseError
from ..records import BadRecord, Record
from .columns import guessed_columns, named_columns
from .delimited import open_delimited
from .jsonl import open_jsonl
from .mailboxes import is_named_mailbox
from .parquet import open_parquet
from .row import make_record
from .table import WHOLE, Extent, RawRow
from .text_file import PACKED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ..config import RecordFields
    from ..records import JSON
    from .columns import Columns
    from .table import RecordTable

_READERS: dict[str, Callable[[Path, Extent], RecordTable]] = {
    ".jsonl": open_jsonl,
    ".ndjson": open_jsonl,
    ".csv": open_delimited,
    ".tsv": open_delimited,
    ".parquet": open_parquet,
}
_ENDINGS = (*_READERS, *(f"{ending}{PACKED}" for ending in _READERS if ending != ".parquet"))
_SAMPLED_ROWS = 100
"""Rows by whose content columns are chosen where no name tells; as many as JSON Lines are searched for columns."""
READ_BY = "records/2"
"""Raise its number when the same row comes to mean another record: record files are then read again, row by row."""


@dataclass(frozen=True, slots=True)
class SameRecords:
    """Rows whose records are known and were not read again."""

    count: int


class KnownRecords(Protocol):
    """The records of one file as they were read before."""

    def meet_next(self, hashes: NDArray[np.uint64], rows: Sequence[int]) -> bool:
        """Note that the records which followed the last match are in these rows; ``False``: they are not, or not all.

        Hashes are ``(rows,)``.
        """
        ...

    def match(self, hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return which known record each row hash belongs to, -1: none; both ``(rows,)``."""
        ...

    def meet(self, known: int, row: int) -> bool:
        """Note that a known record is in this row; ``False``: it was in an earlier one already."""
        ...

    def row_of(self, record_id: str) -> int:
        """Return in which row a record of this id was met; 0: in none yet."""
        ...


def is_record_file(path: str) -> bool:
    """Return whether the file's rows, or its messages, are documents, going by its name."""
    return path.lower().endswith(_ENDINGS) or is_named_mailbox(path)


class RecordReader:
    """The rows of a record file in order; a row that cannot be read is a ``BadRecord``, and reading goes on.

    The text is the text column verbatim, or made of several as :class:`Columns` says; only NUL and lone surrogates,
    which no index can hold, become U+FFFD. Memory stays bounded by the longest rows, plus some 100 bytes for each id
    (ids are compared by 64-bit hash).
    """

    def __init__(
        self, path: Path, fields: RecordFields, known: KnownRecords | None = None, extent: Extent = WHOLE
    ) -> None:
        """Prepare to read the rows of ``extent`` that are not spelled as one of the ``known`` records was."""
        self.rows = extent.rows_before
        """Number of the last row that was read."""
        self.note: str | None = None
        """Which columns are searched, where that was guessed; known with the first row."""
        self._path = path
        self._fields = fields
        self._known = known
        self._extent = extent
        self._first_rows: dict[int, int] = {}

    def __iter__(self) -> Iterator[Record | BadRecord | SameRecords]:
        """Read.

        Raises:
            ParseError: the file has no text column, or lacks a column that ``fields`` names, or is damaged; in the
                last case, the records before the damage have been given.
        """
        table = _open(self._path, self._extent)
        if not table.columns:
            for block in table.blocks:
                self.rows = block.last
                yield from (BadRecord(row.number, row.problem) for raw in block.rows if (row := table.read(raw)))
            return
        columns = self._columns(table)
        salt = _salt(table, columns)
        for block in table.blocks:
            hashes = _row_hashes(block.rows, salt, numbered=columns.id is None)
            yield from self._block(table, columns, block.rows, hashes)
            self.rows = block.last

    def _columns(self, table: RecordTable) -> Columns:
        columns = named_columns(table.columns, self._fields)
        if not columns.text:
            head = _open(self._path, WHOLE)  # wherever the extent begins, the same rows decide
            columns = guessed_columns(table.columns, columns, _sample(head))
            self.note = columns.note
        return columns

    def _block(
        self, table: RecordTable, columns: Columns, rows: list[RawRow], hashes: NDArray[np.uint64]
    ) -> Iterator[Record | BadRecord | SameRecords]:
        known = self._known
        if known is not None and rows and known.meet_next(hashes, [raw.number for raw in rows]):
            yield SameRecords(len(rows))
            return
        matches = [-1] * len(rows) if known is None else known.match(hashes).tolist()
        same = 0
        for raw, row_hash, match in zip(rows, hashes.tolist(), matches, strict=True):
            if known is not None and match >= 0 and known.meet(match, raw.number):
                same += 1
                continue
            try:
                row = table.read(raw)
                if row is None:
                    continue
                record = make_record(row, columns, table.convert, row_hash if raw.spelled else None)
            except RecursionError:
                record = BadRecord(raw.number, "is nested too deep")
            yield self._checked(record)
        if same:
            yield SameRecords(same)

    def _checked(self, record: Record | BadRecord) -> Record | BadRecord:
        if isinstance(record, BadRecord):
            return record
        row = record.row
        earlier = self._first_rows.setdefault(hash(record.id), row)
        if self._known is not None and earlier == row:
            earlier = self._known.row_of(record.id) or row
        return record if earlier == row else BadRecord(row, f'its id "{record.id}" was already used in row {earlier}')


def _sample(table: RecordTable) -> list[dict[str, JSON]]:
    """Return the values of the first rows that can be read."""
    found: list[dict[str, JSON]] = []
    with suppress(ParseError):  # damage is met again
        for block in table.blocks:
            found += [row.values for raw in block.rows[:_SAMPLED_ROWS] if (row := table.read(raw)) and not row.problem]
            if block.last >= _SAMPLED_ROWS:
                break
    return found[:_SAMPLED_ROWS]


def _salt(table: RecordTable, columns: Columns) -> bytes:
    """Return everything besides its spelling that decides the meaning of a row."""
    header = list(table.columns) if table.convert else []
    return hashlib.sha256(json.dumps([int(READ_BY.partition("/")[2]), header, *columns[:4]]).encode()).digest()[:8]


def _row_hashes(rows: list[RawRow], salt: bytes, numbered: bool) -> NDArray[np.uint64]:
    """Return 64 bits of SHA-256 for each row; ``numbered``: its number is its id, and so part of what it means."""
    import numpy as np

    sha256 = hashlib.sha256
    if numbered:
        digests = [sha256(b"%b%d %b" % (salt, row.number, row.spelled)).digest() for row in rows]
    else:
        digests = [sha256(salt + row.spelled).digest() for row in rows]
    return np.frombuffer(b"".join(digests), dtype="<u8")[::4].astype(np.uint64)


def _open(path: Path, extent: Extent) -> RecordTable:
    ending = Path(path.name.lower().removesuffix(PACKED)).suffix
    reader = _READERS.get(ending)
    if reader is None:
        raise ParseError(f"is not a record file; those end in {', '.join(_READERS)}")
    return reader(path, extent)
