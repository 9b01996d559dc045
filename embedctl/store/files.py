"""Checked reading of the Parquet files that a manifest names, and writing them."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import DamagedError, EmbedctlError, shortage
from .durable import naming
from .manifest import FileRecord
from .regular import check_folders, check_regular, no_follow
from .schemas import check_columns
from .verified import FileCheck, remember, verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa
    import pyarrow.parquet as pq

ROW_GROUP_ROWS = 512
_TAIL = 8
"""A Parquet file ends with the length of its footer, little-endian uint32, and four letters."""
DAMAGED_HINT = 'Mend the store with "embedctl doctor --repair", or restore it from a copy.'


def sha256_file(path: Path) -> str:
    """Return the hex sha256 of a file's bytes."""
    import hashlib

    with naming(path), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def describe_file(path: Path, rows: int = 0, made_with: str = "") -> FileRecord:
    """Return what the manifest says of a finished file."""
    return FileRecord(rows=rows, bytes=path.stat().st_size, sha256=sha256_file(path), made_with=made_with)


@contextmanager
def parquet_writer(path: Path, schema: pa.Schema, vectors: bool = False) -> Iterator[pq.ParquetWriter]:
    """Write a Parquet file whose name appears only when it is whole; ``vectors``: stored plain, for speed."""
    import pyarrow.parquet as pq

    check_folders(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    try:
        temporary.unlink(missing_ok=True)  # what is there might be a link
        with (
            naming(temporary),
            pq.ParquetWriter(
                temporary,
                schema,
                compression="none" if vectors else "zstd",
                use_dictionary=False if vectors else ["source", "media_type", "markup", "language", "encoding"],
                write_page_checksum=True,
            ) as writer,
        ):
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
    record = describe_file(path, table.num_rows, made_with)
    remember([(path, record.sha256)], also=_footer(path))
    return record


def _footer(path: Path) -> str:
    """Return what a file's footer is known by: a hash of it, or of what is in its place."""
    import hashlib

    try:
        with open(path, "rb", buffering=0, opener=no_follow) as stream:
            size = os.fstat(stream.fileno()).st_size
            tail = os.pread(stream.fileno(), _TAIL, max(0, size - _TAIL))
            length = min(int.from_bytes(tail[:4], "little") + _TAIL, size)
            return hashlib.blake2b(os.pread(stream.fileno(), length, size - length), digest_size=16).hexdigest()
    except OSError:
        return ""  # of no file: opening it says what is wrong with it


@contextmanager
def reading(path: Path, record: FileRecord) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file that the manifest names, with its page checksums verified as pages are read.

    Its SHA-256 is compared before its first use on a machine, and again when its footer is not the one that it had
    then: no checksum of Parquet's covers that. Also when reading fails, because Arrow makes any error at all of a
    damaged file, want of memory included.

    Raises:
        DamagedError: it is missing, no regular file, has another length, SHA-256 or row count, or a page is not what
            was written.
    """
    import pyarrow.parquet as pq

    footer = FileCheck(_footer(path), lambda _: None)  # the footer is right when all of the file is
    verify(path, record, DAMAGED_HINT, also=footer)
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            if file.metadata.num_rows != record.rows:
                raise DamagedError(
                    f"{path} has {file.metadata.num_rows} rows; the manifest says {record.rows}.", DAMAGED_HINT
                )
            check_columns(path, file.schema_arrow, DAMAGED_HINT)
            yield file
    except EmbedctlError:
        raise
    except FileNotFoundError as error:
        raise DamagedError(f"{path} is missing; the manifest names it.", DAMAGED_HINT) from error
    except Exception as error:
        verify(path, record, DAMAGED_HINT, always=True)
        if shortage(error) is not None or (isinstance(error, OSError) and error.errno):
            raise  # the file is good: the machine is short of something
        raise DamagedError(f"{path} cannot be read: {error}.", DAMAGED_HINT) from error


def read_columns(path: Path, record: FileRecord, columns: Sequence[str]) -> pa.Table:
    """Return these columns of a whole file, without those that an older embedctl did not write."""
    with reading(path, record) as file:
        return file.read(columns=list(columns))


def iter_batches(path: Path, record: FileRecord, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Yield a file's rows in order, a row group's worth at a time."""
    with reading(path, record) as file:
        yield from file.iter_batches(batch_size=ROW_GROUP_ROWS, columns=None if columns is None else list(columns))


def link_or_copy(source: Path, target: Path) -> None:
    """Give an immutable file a second name, or a copy where the file system cannot; see :func:`check_regular`."""
    import shutil

    check_regular(source, DAMAGED_HINT)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
