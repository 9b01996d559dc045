"""Whether a Parquet file has the columns that its folder says: what reads them relies on their types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import DamagedError
from .schemas import chunks_schema, documents_schema, embeddings_schema, files_schema, samples_schema

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

_ANY_DIM = 1


def check_columns(path: Path, found: pa.Schema, hint: str) -> None:
    """Refuse a file of a store that lacks columns, or has them with other types or with nulls.

    Columns that may be null may be missing: an older embedctl did not write them all.

    Raises:
        DamagedError: a column is not what it should be.
    """
    for column in _expected(path) or ():
        at = found.get_field_index(column.name)
        if at < 0 and column.nullable:
            continue
        if at < 0:
            raise DamagedError(f"{path} has no column {column.name}.", hint)
        there = found.field(at)
        if not _alike(there.type, column.type) or (there.nullable and not column.nullable):
            told = f"{there.type}{'' if there.nullable else ' not null'}"
            raise DamagedError(f"{path} has a column {column.name} of type {told}, not {column.type}.", hint)


def _expected(path: Path) -> pa.Schema | None:
    """Return the schema of files in a folder of a store; ``None``: of another folder."""
    folder = path.parent.name
    if folder == "documents":
        return documents_schema()
    if folder == "chunks":
        return chunks_schema()
    if folder == "files":
        return files_schema()
    if folder == "samples":
        return samples_schema(_ANY_DIM)
    if path.parent.parent.name == "embeddings":
        return embeddings_schema(_ANY_DIM)
    return None


def _alike(one: pa.DataType, other: pa.DataType) -> bool:
    """Compare types without the names that versions of Arrow give to items of lists, and without dimensions."""
    if one.id != other.id or one.num_fields != other.num_fields:
        return False
    if not one.num_fields:
        return bool(one == other)
    return all(_alike(one.field(at).type, other.field(at).type) for at in range(one.num_fields))
