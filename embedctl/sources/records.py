"""Read the records of a file: one row, one document."""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..errors import ParseError
from ..records import JSON, BadRecord, Outcome, Record
from .delimited import open_delimited
from .jsonl import open_jsonl
from .mailboxes import is_named_mailbox
from .parquet import open_parquet
from .paths import is_utf8
from .table import WHOLE, Columns, Extent, RawRow, find_columns
from .text_file import PACKED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ..config import RecordFields
    from .table import RecordTable, Row

_READERS: dict[str, Callable[[Path, Extent], RecordTable]] = {
    ".jsonl": open_jsonl,
    ".ndjson": open_jsonl,
    ".csv": open_delimited,
    ".tsv": open_delimited,
    ".parquet": open_parquet,
}
_ENDINGS = (*_READERS, *(f"{ending}{PACKED}" for ending in _READERS if ending != ".parquet"))
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_NESTED_METADATA = "metadata"
_DEEPEST = 100
"""Levels of lists and objects in metadata: code that reads it later may recurse."""
_SIMPLE = frozenset({str, int, bool, type(None)})
"""Types whose values an index can hold where their strings can be held."""
READ_BY = "records/1"
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

    The text is the text column verbatim, but for NUL and lone surrogates, which no index can hold: they become
    U+FFFD. Memory stays bounded by the longest rows, plus some 100 bytes for each id (ids are compared by 64-bit
    hash).
    """

    def __init__(
        self, path: Path, fields: RecordFields, known: KnownRecords | None = None, extent: Extent = WHOLE
    ) -> None:
        """Prepare to read the rows of ``extent`` that are not spelled as one of the ``known`` records was."""
        self.rows = extent.rows_before
        """Number of the last row that was read."""
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
        columns = find_columns(table.columns, self._fields)
        salt = _salt(table, columns)
        for block in table.blocks:
            hashes = _row_hashes(block.rows, salt, numbered=columns.id is None)
            yield from self._block(table, columns, block.rows, hashes)
            self.rows = block.last

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
                record = _record(row, columns, table.convert, row_hash if raw.spelled else None)
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


def _salt(table: RecordTable, columns: Columns) -> bytes:
    """Return everything besides its spelling that decides the meaning of a row."""
    header = list(table.columns) if table.convert else []
    return hashlib.sha256(json.dumps([int(READ_BY.partition("/")[2]), header, *columns]).encode()).digest()[:8]


def _row_hashes(rows: list[RawRow], salt: bytes, numbered: bool) -> NDArray[np.uint64]:
    """Return 64 bits of SHA-256 for each row; ``numbered``: its number is its id, and so part of what it means."""
    import numpy as np

    sha256 = hashlib.sha256
    if numbered:
        digests = [sha256(b"%b%d %b" % (salt, row.number, row.spelled)).digest() for row in rows]
    else:
        digests = [sha256(salt + row.spelled).digest() for row in rows]
    return np.frombuffer(b"".join(digests), dtype="<u8")[::4].astype(np.uint64)


def storable(value: JSON, levels: int = _DEEPEST) -> JSON:
    """Return ``value`` with U+FFFD for NUL and lone surrogates, and ``None`` for numbers that are not finite.

    Raises:
        RecursionError: it is nested deeper than ``levels``.
    """
    if levels < 0:
        raise RecursionError
    if isinstance(value, str):
        return _storable_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [storable(item, levels - 1) for item in value]
    if isinstance(value, dict):
        return {_storable_text(key): storable(item, levels - 1) for key, item in value.items()}
    return value


def _open(path: Path, extent: Extent) -> RecordTable:
    ending = Path(path.name.lower().removesuffix(PACKED)).suffix
    reader = _READERS.get(ending)
    if reader is None:
        raise ParseError(f"is not a record file; those end in {', '.join(_READERS)}")
    return reader(path, extent)


def _record(
    row: Row, columns: Columns, convert: Callable[[JSON], JSON] | None, row_hash: int | None
) -> Record | BadRecord:
    if row.problem:
        return BadRecord(row.number, row.problem)
    values = row.values
    text = values.pop(columns.text, None)
    if text is None:
        return BadRecord(row.number, f'has no "{columns.text}"')
    if not isinstance(text, str):
        return BadRecord(row.number, f'its "{columns.text}" is {_kind(text)}, not text')
    if not text or text.isspace():
        return BadRecord(row.number, f'its "{columns.text}" is empty', Outcome.SKIPPED)
    own_id = values.pop(columns.id, None) if columns.id is not None else None
    if isinstance(own_id, (list, dict)):
        return BadRecord(row.number, f'its "{columns.id}" is {_kind(own_id)}, not an id')
    title = None
    if columns.title is not None and not isinstance(values.get(columns.title), (list, dict)):
        title = values.pop(columns.title, None)
    spelled_id = _spelled(own_id)
    if not spelled_id and columns.id is not None:
        row_hash = None  # its number is its id, and not in the hash
    spelled_id = spelled_id or str(row.number)
    spelled_title = _spelled(title) or None
    if not row.storable:
        text, spelled_id = _storable_text(text), _storable_text(spelled_id)
        spelled_title = spelled_title and _storable_text(spelled_title)
    metadata = _metadata(values, convert)
    if not (row.storable and all(type(value) in _SIMPLE for value in metadata.values())):
        metadata = {_storable_text(key): storable(value) for key, value in metadata.items()}
    return Record(spelled_id, row.number, spelled_title, text, metadata, row_hash)


def _metadata(values: dict[str, JSON], convert: Callable[[JSON], JSON] | None) -> dict[str, JSON]:
    """Return the other columns, an object called ``metadata`` (as BEIR has it) dissolved into them."""
    if convert is not None:
        return {key: convert(value) for key, value in values.items()}
    nested = values.get(_NESTED_METADATA)
    if isinstance(nested, dict):
        return {**nested, **{key: value for key, value in values.items() if key != _NESTED_METADATA}}
    return values


def _spelled(value: JSON) -> str:
    """Return an id or title as text; 7.0 is "7", because a column of integers with gaps is often kept as floats."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value)


def _storable_text(text: str) -> str:
    return text if "\0" not in text and is_utf8(text) else _UNSTORABLE.sub("\ufffd", text)


def _kind(value: JSON) -> str:
    if isinstance(value, bool):
        return "a truth value"
    if isinstance(value, (int, float)):
        return "a number"
    return "a list" if isinstance(value, list) else "an object"
