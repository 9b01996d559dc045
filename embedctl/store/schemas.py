"""Arrow schemas of the store's Parquet files, and whether a file has the columns that its folder says."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from ..errors import DamagedError

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

_ANY_DIM = 1


def _schema(nullable: str, /, **columns: pa.DataType) -> pa.Schema:
    """Return a schema of these columns, of which only those named in ``nullable`` may be null."""
    import pyarrow as pa

    return pa.schema([pa.field(name, kind, nullable=name in nullable.split()) for name, kind in columns.items()])


@cache
def documents_schema() -> pa.Schema:
    """Return the schema of ``documents/<part>.parquet``."""
    import pyarrow as pa

    return _schema(
        "record title language encoding row_hash secrets",
        doc_id=pa.string(),
        source=pa.string(),
        path=pa.string(),
        record=pa.int64(),
        title=pa.string(),
        text=pa.large_string(),
        media_type=pa.string(),
        markup=pa.string(),
        language=pa.string(),
        encoding=pa.string(),
        pages=pa.list_(pa.int64()),
        body_start=pa.int64(),
        mtime_us=pa.int64(),
        size=pa.int64(),
        sha256=pa.binary(32),
        metadata=pa.string(),
        row_hash=pa.uint64(),
        secrets=pa.list_(pa.struct(_schema("", start=pa.int64(), end=pa.int64(), rule=pa.string()))),
    )


@cache
def chunks_schema() -> pa.Schema:
    """Return the schema of ``chunks/<part>.parquet``."""
    import pyarrow as pa

    return _schema(
        "page token_ids",
        chunk_id=pa.string(),
        doc_id=pa.string(),
        doc_row=pa.int32(),
        ordinal=pa.int32(),
        start=pa.int64(),
        end=pa.int64(),
        start_line=pa.int32(),
        end_line=pa.int32(),
        page=pa.int32(),
        heading=pa.list_(pa.string()),
        context=pa.string(),
        text=pa.large_string(),
        sha256=pa.binary(32),
        tokens=pa.int32(),
        token_ids=pa.list_(pa.int32()),
    )


@cache
def embeddings_schema(dim: int) -> pa.Schema:
    """Return the schema of ``embeddings/<encoder>/<part>.parquet``: unit-norm float32 rows of ``dim``."""
    import pyarrow as pa

    return _schema("", chunk_id=pa.string(), vector=pa.list_(pa.float32(), dim))


@cache
def samples_schema(dim: int) -> pa.Schema:
    """Return the schema of ``samples/<n>.parquet``: unit-norm float32 rows of ``dim``, by the hash of their text."""
    import pyarrow as pa

    return _schema("", sha256=pa.binary(32), vector=pa.list_(pa.float32(), dim))


@cache
def files_schema() -> pa.Schema:
    """Return the schema of ``files/<n>.parquet``: one row for every file of the sources."""
    import pyarrow as pa

    return _schema(
        "sha256 reason rows bad_rows read_by skipped_rows row_problems ctime_us",
        source=pa.string(),
        path=pa.string(),
        size=pa.int64(),
        mtime_us=pa.int64(),
        sha256=pa.binary(32),
        outcome=pa.string(),
        reason=pa.string(),
        documents=pa.int64(),
        rows=pa.int64(),
        bad_rows=pa.int64(),
        read_by=pa.string(),
        skipped_rows=pa.int64(),
        row_problems=pa.string(),
        ctime_us=pa.int64(),
    )


def check_columns(path: Path, found: pa.Schema, hint: str) -> None:
    """Raise a :class:`DamagedError` if a file of a store lacks columns, or has them with other types or with nulls.

    Columns that may be null may be missing: an older embedctl did not write them all.
    """
    for column in _expected(path):
        at = found.get_field_index(column.name)
        if at < 0 and column.nullable:
            continue
        if at < 0:
            raise DamagedError(f"{path} has no column {column.name}.", hint)
        there = found.field(at)
        if not _alike(there.type, column.type) or (there.nullable and not column.nullable):
            told = f"{there.type}{'' if there.nullable else ' not null'}"
            raise DamagedError(f"{path} has a column {column.name} of type {told}, not {column.type}.", hint)


def _expected(path: Path) -> pa.Schema | tuple[()]:
    """Return the columns of files in a folder of a store; none for another folder."""
    folder = path.parent.name
    if path.parent.parent.name == "embeddings":
        return embeddings_schema(_ANY_DIM)
    if folder == "samples":
        return samples_schema(_ANY_DIM)
    schemas = {"documents": documents_schema, "chunks": chunks_schema, "files": files_schema}
    return schemas[folder]() if folder in schemas else ()


def _alike(one: pa.DataType, other: pa.DataType) -> bool:
    """Compare types without the names that versions of Arrow give to items of lists, and without dimensions."""
    if one.id != other.id or one.num_fields != other.num_fields:
        return False
    if not one.num_fields:
        return bool(one == other)
    return all(_alike(one.field(at).type, other.field(at).type) for at in range(one.num_fields))
