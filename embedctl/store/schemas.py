"""Arrow schemas of the store's Parquet files."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


@cache
def documents_schema() -> pa.Schema:
    """Return the schema of ``documents/<part>.parquet``."""
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("doc_id", pa.string(), nullable=False),
            pa.field("source", pa.string(), nullable=False),
            pa.field("path", pa.string(), nullable=False),
            pa.field("record", pa.int64()),
            pa.field("title", pa.string()),
            pa.field("text", pa.large_string(), nullable=False),
            pa.field("media_type", pa.string(), nullable=False),
            pa.field("markup", pa.string(), nullable=False),
            pa.field("language", pa.string()),
            pa.field("encoding", pa.string()),
            pa.field("pages", pa.list_(pa.int64()), nullable=False),
            pa.field("body_start", pa.int64(), nullable=False),
            pa.field("mtime_us", pa.int64(), nullable=False),
            pa.field("size", pa.int64(), nullable=False),
            pa.field("sha256", pa.binary(32), nullable=False),
            pa.field("metadata", pa.string(), nullable=False),
            pa.field("row_hash", pa.uint64()),
            pa.field("secrets", pa.list_(_secret_type())),
        ]
    )


def _secret_type() -> pa.DataType:
    import pyarrow as pa

    return pa.struct(
        [
            pa.field("start", pa.int64(), nullable=False),
            pa.field("end", pa.int64(), nullable=False),
            pa.field("rule", pa.string(), nullable=False),
        ]
    )


@cache
def chunks_schema() -> pa.Schema:
    """Return the schema of ``chunks/<part>.parquet``."""
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("chunk_id", pa.string(), nullable=False),
            pa.field("doc_id", pa.string(), nullable=False),
            pa.field("doc_row", pa.int32(), nullable=False),
            pa.field("ordinal", pa.int32(), nullable=False),
            pa.field("start", pa.int64(), nullable=False),
            pa.field("end", pa.int64(), nullable=False),
            pa.field("start_line", pa.int32(), nullable=False),
            pa.field("end_line", pa.int32(), nullable=False),
            pa.field("page", pa.int32()),
            pa.field("heading", pa.list_(pa.string()), nullable=False),
            pa.field("context", pa.string(), nullable=False),
            pa.field("text", pa.large_string(), nullable=False),
            pa.field("sha256", pa.binary(32), nullable=False),
            pa.field("tokens", pa.int32(), nullable=False),
            pa.field("token_ids", pa.list_(pa.int32())),
        ]
    )


@cache
def embeddings_schema(dim: int) -> pa.Schema:
    """Return the schema of ``embeddings/<encoder>/<part>.parquet``: unit-norm float32 rows of ``dim``."""
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("chunk_id", pa.string(), nullable=False),
            pa.field("vector", pa.list_(pa.float32(), dim), nullable=False),
        ]
    )


@cache
def samples_schema(dim: int) -> pa.Schema:
    """Return the schema of ``samples/<n>.parquet``: unit-norm float32 rows of ``dim``, by the hash of their text."""
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("sha256", pa.binary(32), nullable=False),
            pa.field("vector", pa.list_(pa.float32(), dim), nullable=False),
        ]
    )


@cache
def files_schema() -> pa.Schema:
    """Return the schema of ``files/<n>.parquet``: one row for every file of the sources."""
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("source", pa.string(), nullable=False),
            pa.field("path", pa.string(), nullable=False),
            pa.field("size", pa.int64(), nullable=False),
            pa.field("mtime_us", pa.int64(), nullable=False),
            pa.field("sha256", pa.binary(32)),
            pa.field("outcome", pa.string(), nullable=False),
            pa.field("reason", pa.string()),
            pa.field("documents", pa.int64(), nullable=False),
            pa.field("rows", pa.int64()),
            pa.field("bad_rows", pa.int64()),
        ]
    )
