"""Rows of a Parquet file, read by a child process.

A few kilobytes of Parquet can unpack to a terabyte, and the library that unpacks them is not made for hostile files. So
it runs in a sandbox, where it may crash or run out of memory; its answers are JSON.
"""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from ..config import PARQUET_LIMITS
from ..errors import ParseError
from ..system.child_process import NONSENSE, CrashedError
from ..system.open_regular import open_regular
from ..system.pool import ChildPool
from ..system.wire import Task
from .table import WHOLE, Extent, RawRow, RecordTable, Row, RowBlock
from .text_file import MOST_CHARACTERS, TOO_LONG

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa
    import pyarrow.parquet as pq

    from ..records import JSON

_ROWS_PER_BATCH = 256
_BYTES_PER_BATCH = 1 << 24
"""Of a batch, by the file's own account: fewer rows are read at once where they are long."""
_BYTES_PER_ANSWER = 1 << 20
_LONGEST_ANSWER = _BYTES_PER_ANSWER + 4 * MOST_CHARACTERS + 2 * _ROWS_PER_BATCH
"""An answer ends with the row that reaches ``_BYTES_PER_ANSWER``."""
_MOST_UNPACKED = 1_000
"""Times its size on disk; columns that repeat themselves come to some hundred."""
_UNPACKED_FREELY = 1 << 28
_children = ChildPool(f"{__name__}:answer")
ended_afterwards = _children.ended_afterwards


def open_parquet(path: Path, extent: Extent = WHOLE) -> RecordTable:  # noqa: ARG001 - always read whole
    """Open the file; columns of bytes are left out.

    Raises:
        ParseError: it is not a complete Parquet file.
        ResourceError: no child process could be started.
    """
    answers = _answers(path)
    columns = next(answers, None)
    if columns is None or not all(isinstance(column, str) for column in columns):
        raise ParseError(f"cannot be read: {NONSENSE}")
    return RecordTable(tuple(columns), _blocks(answers, len(columns)), partial(_row, columns))


def _answers(path: Path) -> Iterator[list[Any]]:
    """Yield what :func:`answer` yields, from a child process.

    Raises:
        ParseError: as :func:`answer`, or the file takes more than its limits allow, or unpacks to too much.
    """
    size, limits = 0, PARQUET_LIMITS
    name = str(path).encode("utf-8", "surrogateescape")
    try:
        most = max(_UNPACKED_FREELY, _MOST_UNPACKED * path.stat().st_size)
        for answer in _children.ask(Task(name, limits.seconds, limits.memory_bytes, _LONGEST_ANSWER)):
            size += len(answer)
            if size > most:
                raise ParseError(f"unpacks to more than {_MOST_UNPACKED:,} times its size")
            found = json.loads(answer)
            if not isinstance(found, list):
                raise CrashedError(NONSENSE)
            yield found
    except CrashedError as error:
        raise ParseError(f"cannot be read: {error}") from error
    except OSError as error:
        raise ParseError(f"cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise ParseError(f"cannot be read: {NONSENSE}") from error


def _blocks(answers: Iterator[list[Any]], columns: int) -> Iterator[RowBlock]:
    number = 0
    for answer in answers:
        if not all(isinstance(row, str) or (isinstance(row, list) and len(row) == columns) for row in answer):
            raise ParseError(f"cannot be read: {NONSENSE}")
        rows = [RawRow(at, b"", row) for at, row in enumerate(answer, number + 1)]
        number += len(rows)
        yield RowBlock(rows, number)


def _row(columns: list[str], raw: RawRow) -> Row:
    if isinstance(raw.content, str):
        return Row(raw.number, {}, raw.content)
    return Row(raw.number, dict(zip(columns, raw.content, strict=True)))


def answer(request: bytes) -> Iterator[bytes]:
    """Yield, in the child, the columns of a file, then its rows some at a time: each a list of values, or a problem.

    Raises:
        ParseError: it is not a complete Parquet file, or is damaged; the rows before the damage are yielded first.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        opened = open_regular(request.decode("utf-8", "surrogateescape"))
    except OSError as error:
        raise ParseError(f"cannot be read: {error.strerror or error}") from error
    with opened as stream:
        number = 0
        try:
            file = pq.ParquetFile(pa.PythonFile(stream, mode="r"))
            columns = [field.name for field in file.schema_arrow if not _is_bytes(field.type)]
            head = json.dumps(columns).encode()
        except (pa.ArrowException, OSError, ValueError) as error:
            raise ParseError(f"is not a complete Parquet file: {_first_line(error)}") from error
        yield head
        try:
            for spelled in _in_answers(_rows(file, columns)):
                number += len(spelled)
                yield b"[%s]" % b",".join(spelled)
        except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
            if isinstance(error, MemoryError):
                raise
            raise ParseError(f"is damaged after row {number}: {_first_line(error)}") from error


def _rows(file: pq.ParquetFile, columns: list[str]) -> Iterator[bytes]:
    """Yield each row as JSON."""
    # Group by group: a batch that spans two would lose good rows to damage in the second.
    for group in range(file.num_row_groups):
        about = file.metadata.row_group(group)
        mean = about.total_byte_size // max(1, about.num_rows)
        rows = max(1, min(_ROWS_PER_BATCH, _BYTES_PER_BATCH // max(1, mean)))
        for batch in file.iter_batches(rows, row_groups=[group], columns=columns, use_threads=False):
            yield from _spelled(batch)


def _spelled(batch: pa.RecordBatch) -> Iterator[bytes]:
    import pyarrow as pa

    try:
        batch.validate(full=True)  # strings may not be what they say they are
        values = zip(*(column.to_pylist() for column in _readable(batch).columns), strict=True)
    except (pa.ArrowException, ValueError, OverflowError) as error:
        if isinstance(error, MemoryError):
            raise
        if batch.num_rows > 1:
            for at in range(batch.num_rows):
                yield from _spelled(batch.slice(at, 1))
        else:
            yield _problem(f"is damaged: {_first_line(error)}")
        return
    yield from map(_json, values if batch.num_columns else ((),) * batch.num_rows)


def _json(row: tuple[object, ...]) -> bytes:
    try:
        spelled = json.dumps(row, ensure_ascii=False, default=plain).encode("utf-8", "surrogatepass")
    except RecursionError:
        return _problem("is nested too deep")
    return spelled if len(spelled) <= 4 * MOST_CHARACTERS else _problem(TOO_LONG)


def _problem(reason: str) -> bytes:
    return json.dumps(reason).encode()


def _in_answers(rows: Iterator[bytes]) -> Iterator[list[bytes]]:
    """Yield rows some at a time; where one cannot be read, those in front of it first."""
    answer: list[bytes] = []
    size = 0
    try:
        for row in rows:
            answer.append(row)
            size += len(row)
            if size > _BYTES_PER_ANSWER or len(answer) == _ROWS_PER_BATCH:
                yield answer
                answer, size = [], 0
    except Exception:
        if answer:
            yield answer
        raise
    if answer:
        yield answer


def plain(value: object) -> JSON:
    """Return a value that JSON has no type for: a date as ISO 8601, a duration as seconds, bytes as ``None``."""
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return float(value)
    return None if isinstance(value, (bytes, memoryview)) else str(value)


def _readable(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Cast what Python's own types cannot hold: nanoseconds, and time zones that this machine may not know."""
    import pyarrow as pa

    schema = pa.schema([field.with_type(_readable_type(field.type)) for field in batch.schema])
    return batch if schema.equals(batch.schema) else batch.cast(schema, safe=False)


def _readable_type(kind: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    types = pa.types
    if types.is_timestamp(kind):
        return pa.timestamp("us" if kind.unit == "ns" else kind.unit, "UTC" if kind.tz else None)
    if types.is_time64(kind):
        return pa.time64("us")
    if types.is_duration(kind):
        return pa.duration("us" if kind.unit == "ns" else kind.unit)
    if types.is_map(kind):
        return pa.map_(kind.key_type, _readable_type(kind.item_type))
    if types.is_struct(kind):
        return pa.struct([field.with_type(_readable_type(field.type)) for field in kind])
    if types.is_large_list(kind):
        return pa.large_list(kind.value_field.with_type(_readable_type(kind.value_type)))
    if types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_readable_type(kind.value_type)))
    return kind


def _is_bytes(kind: pa.DataType) -> bool:
    import pyarrow as pa

    types = pa.types
    tests = (types.is_binary, types.is_large_binary, types.is_fixed_size_binary, types.is_binary_view)
    return any(test(kind) for test in tests)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
