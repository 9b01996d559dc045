"""Rows of a part as the nouns of ``records``, and back."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np

from ..records import Chunk, Document, chunks_schema, documents_schema, embeddings_schema
from .files import iter_batches, read_columns, write_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from ..contracts import Vectors
    from .layout import Layout
    from .manifest import FileRecord, Part


def write_documents(layout: Layout, number: int, documents: Sequence[Document]) -> FileRecord:
    """Write ``documents/<part>.parquet``."""
    return write_table(layout.documents(number), _table(documents, documents_schema()))


def write_chunks(layout: Layout, number: int, chunks: Sequence[Chunk], made_with: str) -> FileRecord:
    """Write ``chunks/<part>.parquet``."""
    return write_table(layout.chunks(number), _table(chunks, chunks_schema()), made_with)


def write_embeddings(
    layout: Layout, number: int, chunk_ids: pa.ChunkedArray, vectors: Vectors, encoder: str
) -> FileRecord:
    """Write ``embeddings/<encoder>/<part>.parquet``; ``vectors`` is float32 ``(len(chunk_ids), dim)``."""
    import pyarrow as pa

    dim = vectors.shape[1]
    column = pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(vectors).reshape(-1)), dim)
    table = pa.Table.from_arrays([chunk_ids.cast(pa.string()), column], schema=embeddings_schema(dim))
    return write_table(layout.embeddings(encoder, number), table, encoder, vectors=True)


def iter_documents(layout: Layout, part: Part) -> Iterator[tuple[int, Document]]:
    """Yield row and document of every live row."""
    dead = set(part.dead)
    names = [column.name for column in fields(Document)]
    row = 0
    for batch in iter_batches(layout.documents(part.number), part.documents):
        columns = [batch.column(name) for name in names]
        for at in range(batch.num_rows):
            if row not in dead:
                values = [column[at].as_py() for column in columns]
                document = Document(*values)
                yield row, document
            row += 1


def chunk_columns(layout: Layout, part: Part, *names: str) -> pa.Table:
    """Return columns of a part's chunks."""
    if part.chunks is None:
        raise ValueError(f"part {part.number} has no chunks")
    return read_columns(layout.chunks(part.number), part.chunks, names)


def read_vectors(layout: Layout, part: Part) -> Vectors:
    """Return a part's vectors, float32 ``(rows, dim)``, in the order of its chunks."""
    if part.embeddings is None:
        raise ValueError(f"part {part.number} has no embeddings")
    path = layout.embeddings(part.embeddings.made_with, part.number)
    column = read_columns(path, part.embeddings, ["vector"]).column("vector").combine_chunks()
    flat = column.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, dtype=np.float32).reshape(len(column), column.type.list_size)


def dead_chunk_rows(layout: Layout, part: Part) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the rows of a part's chunks whose document is dead, ascending."""
    if not part.dead:
        return np.empty(0, dtype=np.int64)
    owners = chunk_columns(layout, part, "doc_row").column("doc_row").to_numpy()
    return np.flatnonzero(np.isin(owners, np.asarray(part.dead)))


def _table(rows: Sequence[Document] | Sequence[Chunk], schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    columns = [pa.array([getattr(row, column.name) for row in rows], column.type) for column in schema]
    return pa.Table.from_arrays(columns, schema=schema)
