"""What can still be read of a damaged Parquet file: row groups whose pages have their checksums."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import DamagedError
from ..store.files import read_columns
from ..store.parts import as_vectors, chunk_columns
from ..store.regular import check_regular
from ..store.schemas import documents_schema
from ..store.vectors import as_hashes
from .contents import good_vectors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa
    from numpy.typing import NDArray

    from ..contracts import Vectors
    from ..store.layout import Layout
    from ..store.manifest import FileRecord, Part, SampleRecord
    from ..store.vectors import Hashes

    Rows = NDArray[np.int64]


class Saved(NamedTuple):
    """What is known of chunks of a part."""

    rows: Rows
    """int64 ``(n,)``, ascending."""
    ids: NDArray[np.object_]
    values: NDArray[Any]
    """Hashes of their texts, or vectors, float32 ``(n, dim)``; ``(0, 0)`` where there is none."""


_NOTHING = Saved(np.empty(0, dtype=np.int64), np.empty(0, dtype=object), np.empty((0, 0), dtype=np.float32))


def row_groups(path: Path, record: FileRecord, columns: Sequence[str] | None = None) -> Iterator[tuple[int, pa.Table]]:
    """Yield the row groups of a damaged file that can be read, each with its first row.

    Nothing where the footer is gone: then it is not known where anything is.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    unreadable = (pa.ArrowException, OSError, ValueError, KeyError, UnicodeDecodeError)
    try:
        check_regular(path)
        file = pq.ParquetFile(path, page_checksum_verification=True)
    except (DamagedError, *unreadable):
        return
    with file:
        if file.metadata.num_rows != record.rows:
            return
        start = 0
        for group in range(file.metadata.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            try:
                table = file.read_row_group(group, columns=None if columns is None else list(columns))
                table.validate(full=True)
                known = columns is None or set(columns) <= set(table.column_names)
                whole = known and table.num_rows == rows
            except unreadable:
                whole = False
            if whole:
                yield start, table
            start += rows


def saved_documents(layout: Layout, part: Part) -> tuple[Rows, pa.Table] | None:
    """Return the rows of a part's documents that can be read, ascending, and these documents; ``None``: none can."""
    found = list(row_groups(layout.documents(part.number), part.documents))
    names = documents_schema().names
    tables = [(start, table.select([name for name in names if name in table.column_names])) for start, table in found]
    return _joined(tables) if tables else None


def saved_names(layout: Layout, part: Part) -> set[str]:
    """Return ``source:doc_id`` of the documents of a part, as far as any of its files still tells."""
    names: set[str] = set()
    for _, table in row_groups(layout.documents(part.number), part.documents, ("source", "doc_id")):
        columns = (table.column("source").to_pylist(), table.column("doc_id").to_pylist())
        names.update(f"{source}:{doc_id}" for source, doc_id in zip(*columns, strict=True))
    return names | chunk_names(layout, part)


def chunk_names(layout: Layout, part: Part) -> set[str]:
    """Return ``source:doc_id`` of the documents that the chunks and embeddings of a part belong to."""
    files = [(layout.chunks(part.number), part.chunks)] if part.chunks else []
    files += [(layout.embeddings(made_with, part.number), record) for made_with, record in vector_files(part).items()]
    tables = [table for path, record in files for _, table in row_groups(path, record, ("chunk_id",))]
    return {chunk_id.rsplit("#", 1)[0] for table in tables for chunk_id in _ids(table)}


def texts_of(layout: Layout, part: Part) -> Saved:
    """Return what a part's chunks are, from a file that has its checksum."""
    table = chunk_columns(layout, part, "chunk_id", "sha256")
    return Saved(np.arange(table.num_rows), _ids(table), as_hashes(table.column("sha256")))


def saved_texts(layout: Layout, part: Part) -> Saved:
    """Return what can be read of a part's chunks: those whose text has its hash."""
    found = _rotten(layout.chunks(part.number), part.chunks) if part.chunks else None
    if found is None:
        return _NOTHING
    rows, table = found
    columns = zip(*(table.column(name).to_pylist() for name in ("context", "text", "sha256")), strict=True)
    made = [hashlib.sha256(f"{context}{text}".encode()).digest() == kept for context, text, kept in columns]
    same = np.flatnonzero(made)
    return Saved(rows[same], _ids(table)[same], as_hashes(table.column("sha256"))[same])


def vector_files(part: Part) -> dict[str, FileRecord]:
    """Return the files of a part's vectors by the fingerprint of their encoder: fields may share one."""
    return {record.made_with: record for record in part.vectors.values()}


def vectors_of(layout: Layout, part: Part, record: FileRecord) -> Saved:
    """Return a part's vectors, from a file that has its checksum."""
    table = read_columns(layout.embeddings(record.made_with, part.number), record, ("chunk_id", "vector"))
    return Saved(np.arange(table.num_rows), _ids(table), as_vectors(table.column("vector")))


def saved_vectors(layout: Layout, part: Part, record: FileRecord) -> Saved:
    """Return what can be read of a damaged file of vectors: those of unit norm."""
    found = _rotten(layout.embeddings(record.made_with, part.number), record)
    if found is None:
        return _NOTHING
    rows, table = found
    vectors = as_vectors(table.column("vector"))
    good = good_vectors(vectors)
    return Saved(rows[good], _ids(table)[good], vectors[good])


def saved_sample(layout: Layout, sample: SampleRecord) -> tuple[Hashes, Vectors]:
    """Return what can be read of a file of sampled texts."""
    found = _rotten(layout.sample(sample.number), sample.file)
    if found is None:
        return np.empty((0, 4), dtype=np.uint64), np.empty((0, 0), dtype=np.float32)
    _, table = found
    vectors = as_vectors(table.column("vector"))
    good = good_vectors(vectors)
    return as_hashes(table.column("sha256"))[good], vectors[good]


def _rotten(path: Path, record: FileRecord) -> tuple[Rows, pa.Table] | None:
    """Return what can be read of a file of which other row groups cannot be, and which rows that are.

    One that can be read to its end and still has another SHA-256 is not this file with an error in it, but another
    file, perhaps of an older store: nothing in it tells what its numbers belong to.
    """
    found = list(row_groups(path, record))
    return _joined(found) if found and sum(table.num_rows for _, table in found) < record.rows else None


def _ids(table: pa.Table) -> NDArray[np.object_]:
    ids: NDArray[np.object_] = table.column("chunk_id").to_numpy(zero_copy_only=False)
    return ids


def _joined(found: Sequence[tuple[int, pa.Table]]) -> tuple[Rows, pa.Table]:
    """Return row groups as one table, and which rows of the file it has."""
    import pyarrow as pa

    rows = np.concatenate([np.arange(start, start + table.num_rows) for start, table in found])
    return rows, pa.concat_tables([table for _, table in found], promote_options="default")
