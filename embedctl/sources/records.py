"""Read the records of a file: one row, one document."""

from __future__ import annotations

import hashlib
import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ParseError
from ..records import JSON, BadRecord, Outcome, Record
from .delimited import open_delimited
from .fields import Columns, find_columns
from .jsonl import open_jsonl
from .parquet import open_parquet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..config import RecordFields
    from .table import Row, Table

_READERS: dict[str, Callable[[Path], Table]] = {
    ".jsonl": open_jsonl,
    ".ndjson": open_jsonl,
    ".csv": open_delimited,
    ".tsv": open_delimited,
    ".parquet": open_parquet,
}
_PACKED = ".gz"
_ENDINGS = (*_READERS, *(f"{ending}{_PACKED}" for ending in _READERS if ending != ".parquet"))
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_NESTED_METADATA = "metadata"


def is_record_file(path: str) -> bool:
    """Say whether the file's rows are documents, going by its name."""
    return path.lower().endswith(_ENDINGS)


def read_records(path: Path, fields: RecordFields) -> Iterator[Record | BadRecord]:
    """Yield the rows of a record file in order; a row that cannot be read is a ``BadRecord``, and reading goes on.

    The text is the text column verbatim, but for NUL and lone surrogates, which no index can hold: they become
    U+FFFD. Memory stays bounded by the longest rows, plus some 100 bytes for each id (ids are compared by 64-bit
    hash).

    Raises:
        ParseError: the file has no text column, or lacks a column that ``fields`` names, or is damaged; in the last
            case, the records before the damage have been given.
    """
    table = _open(path)
    if not table.columns:
        yield from (BadRecord(row.number, row.problem) for row in table.rows)
        return
    columns = find_columns(table.columns, fields)
    first_rows: dict[int, int] = {}
    for row in table.rows:
        record = _record(row, columns, table.convert)
        if isinstance(record, Record):
            earlier = first_rows.setdefault(_hash(record.id), record.row)
            if earlier != record.row:
                record = BadRecord(row.number, f'its id "{record.id}" was already used in row {earlier}')
        yield record


def storable(value: JSON) -> JSON:
    """Return ``value`` with U+FFFD for NUL and lone surrogates, and ``None`` for numbers that are not finite."""
    if isinstance(value, str):
        return _storable_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [storable(item) for item in value]
    if isinstance(value, dict):
        return {_storable_text(key): storable(item) for key, item in value.items()}
    return value


def _open(path: Path) -> Table:
    ending = Path(path.name.lower().removesuffix(_PACKED)).suffix
    reader = _READERS.get(ending)
    if reader is None:
        raise ParseError(f"is not a record file; those end in {', '.join(_READERS)}")
    return reader(path)


def _record(row: Row, columns: Columns, convert: Callable[[JSON], JSON] | None) -> Record | BadRecord:
    if row.problem:
        return BadRecord(row.number, row.problem)
    text = row.values.get(columns.text)
    if text is None:
        return BadRecord(row.number, f'has no "{columns.text}"')
    if not isinstance(text, str):
        return BadRecord(row.number, f'its "{columns.text}" is {_kind(text)}, not text')
    if not text.strip():
        return BadRecord(row.number, f'its "{columns.text}" is empty', Outcome.SKIPPED)
    own_id = row.values.get(columns.id) if columns.id is not None else None
    if isinstance(own_id, (list, dict)):
        return BadRecord(row.number, f'its "{columns.id}" is {_kind(own_id)}, not an id')
    title = row.values.get(columns.title) if columns.title is not None else None
    named = {columns.text, columns.id}
    if not isinstance(title, (list, dict)):
        named.add(columns.title)
    others = {key: value for key, value in row.values.items() if key not in named}
    return Record(
        id=_storable_text(_spelled(own_id) or str(row.number)),
        row=row.number,
        title=_storable_text(_spelled(title)) or None,
        text=_storable_text(text),
        metadata=_metadata(others, convert),
    )


def _metadata(values: dict[str, JSON], convert: Callable[[JSON], JSON] | None) -> dict[str, JSON]:
    """Return the other columns, an object called ``metadata`` (as BEIR has it) dissolved into them."""
    if convert is not None:
        return {_storable_text(key): storable(convert(value)) for key, value in values.items()}
    nested = values.get(_NESTED_METADATA)
    if isinstance(nested, dict):
        values = {**nested, **{key: value for key, value in values.items() if key != _NESTED_METADATA}}
    return {_storable_text(key): storable(value) for key, value in values.items()}


def _spelled(value: JSON) -> str:
    """Return an id or title as text; 7.0 is "7", because a column of integers with gaps is often kept as floats."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value)


def _storable_text(text: str) -> str:
    if "\0" not in text:
        try:
            text.encode()
        except UnicodeEncodeError:
            pass
        else:
            return text
    return _UNSTORABLE.sub("\ufffd", text)


def _kind(value: JSON) -> str:
    if isinstance(value, bool):
        return "a truth value"
    if isinstance(value, (int, float)):
        return "a number"
    return "a list" if isinstance(value, list) else "an object"


def _hash(record_id: str) -> int:
    return int.from_bytes(hashlib.blake2b(record_id.encode(), digest_size=8).digest())
