"""Durable writing and checked reading of the files that a manifest names."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import DamagedError
from .manifest import FileRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa
    import pyarrow.parquet as pq

ROW_GROUP_ROWS = 512


def sha256_file(path: Path) -> str:
    """Return the hex sha256 of a file's bytes."""
    import hashlib

    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def describe_file(path: Path, rows: int = 0, made_with: str = "") -> FileRecord:
    """Return what the manifest says of a finished file."""
    return FileRecord(rows=rows, bytes=path.stat().st_size, sha256=sha256_file(path), made_with=made_with)


def fsync_path(path: Path) -> None:
    """Make a file's bytes, or a folder's names, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def parquet_writer(path: Path, schema: pa.Schema, vectors: bool = False) -> Iterator[pq.ParquetWriter]:
    """Write a Parquet file whose name appears only when it is whole; ``vectors``: stored plain, for speed."""
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    try:
        with pq.ParquetWriter(
            temporary,
            schema,
            compression="none" if vectors else "zstd",
            use_dictionary=False if vectors else ["source", "media_type", "markup", "language", "encoding"],
            write_page_checksum=True,
        ) as writer:
            yield writer
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_table(
    path: Path, table: pa.Table, made_with: str = "", vectors: bool = False, row_group_rows: int = ROW_GROUP_ROWS
) -> FileRecord:
    """Write a whole table and return its record."""
    with parquet_writer(path, table.schema, vectors) as writer:
        writer.write_table(table, row_group_size=row_group_rows)
    return describe_file(path, table.num_rows, made_with)


@contextmanager
def reading(path: Path, record: FileRecord) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file that the manifest names, with its page checksums verified as pages are read.

    Raises:
        DamagedError: it is missing, has another length or row count, or a page is not what was written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    hint = 'Restore the store from a copy, or build it again with "embedctl index" into another --store.'
    try:
        size = path.stat().st_size
        if size != record.bytes:
            raise DamagedError(f"{path} has {size:,} bytes; the manifest says {record.bytes:,}.", hint)
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            if file.metadata.num_rows != record.rows:
                raise DamagedError(f"{path} has {file.metadata.num_rows} rows; the manifest says {record.rows}.", hint)
            yield file
    except FileNotFoundError as error:
        raise DamagedError(f"{path} is missing; the manifest names it.", hint) from error
    except (pa.ArrowException, OSError) as error:
        raise DamagedError(f"{path} cannot be read: {error}.", hint) from error


def read_columns(path: Path, record: FileRecord, columns: Sequence[str]) -> pa.Table:
    """Return these columns of a whole file, without those that an older embedctl did not write."""
    with reading(path, record) as file:
        return file.read(columns=list(columns))


def iter_batches(path: Path, record: FileRecord, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Yield a file's rows in order, a row group's worth at a time."""
    with reading(path, record) as file:
        yield from file.iter_batches(batch_size=ROW_GROUP_ROWS, columns=None if columns is None else list(columns))


def link_or_copy(source: Path, target: Path) -> None:
    """Give an immutable file a second name, or a copy where the file system cannot."""
    import shutil

    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def durable(paths: Iterable[Path]) -> None:
    """Make files and the folders that hold them durable."""
    folders: set[Path] = set()
    for path in paths:
        fsync_path(path)
        folders.add(path.parent)
    for folder in sorted(folders):
        fsync_path(folder)
