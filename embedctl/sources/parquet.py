"""Rows of a Parquet file."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from ..errors import ParseError
from .table import WHOLE, Block, Extent, RawRow, Row, Table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa
    import pyarrow.parquet as pq

    from ..records import JSON

_ROWS_PER_BATCH = 256


def open_parquet(path: Path, extent: Extent = WHOLE) -> Table:  # noqa: ARG001 - always read whole
    """Open the file; columns of bytes are left out.

    Raises:
        ParseError: it is not a complete Parquet file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        columns = [field.name for field in file.schema_arrow if not _is_bytes(field.type)]
    except (pa.ArrowException, OSError) as error:
        raise ParseError(f"is not a complete Parquet file: {_first_line(error)}") from error
    return Table(tuple(columns), _blocks(file, columns), _row)


def plain(value: object) -> JSON:
    """Return a Python value of Arrow's as JSON: dates as ISO 8601, durations as seconds, bytes as ``None``."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return None if isinstance(value, (bytes, memoryview)) else str(value)


def _blocks(file: pq.ParquetFile, columns: list[str]) -> Iterator[Block]:
    import pyarrow as pa

    number = 0
    try:
        with file:
            # Group by group: a batch that spans two would lose good rows to damage in the second.
            for group in range(file.num_row_groups):
                for batch in file.iter_batches(_ROWS_PER_BATCH, row_groups=[group], columns=columns):
                    rows = [RawRow(at, b"", row) for at, row in enumerate(_readable(batch).to_pylist(), number + 1)]
                    number += len(rows)
                    yield Block(rows, number)
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise ParseError(f"is damaged after row {number}: {_first_line(error)}") from error


def _row(raw: RawRow) -> Row:
    return Row(raw.number, {column: plain(value) for column, value in raw.content.items()})


def _readable(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Cast what Python's own types cannot hold: nanoseconds, and time zones that this machine may not know."""
    import pyarrow as pa

    fields = [field.with_type(_readable_type(field.type)) for field in batch.schema]
    schema = pa.schema(fields)
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
    return bool(
        types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_fixed_size_binary(kind)
        or types.is_binary_view(kind)
    )


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
