"""Rows of a part as the nouns of ``records``, and back."""

from __future__ import annotations

from dataclasses import fields, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from ..config import TEXT_FIELD
from ..contracts import TokenIds
from ..records import Chunk, Document, SecretSpan
from .files import iter_batches, read_columns, write_table
from .schemas import chunks_schema, documents_schema, embeddings_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from ..contracts import Vectors
    from .layout import Layout
    from .manifest import FileRecord, Part, SampleRecord


def write_documents(layout: Layout, number: int, documents: Sequence[Document], made_with: str = "") -> FileRecord:
    """Write ``documents/<part>.parquet``; ``made_with`` is ``StoreSettings.documents_made_with``."""
    return write_table(layout.documents(number), _table(documents, documents_schema()), made_with)


def write_chunks(layout: Layout, number: int, chunks: Sequence[Chunk], made_with: str) -> FileRecord:
    """Write ``chunks/<part>.parquet``."""
    return write_table(layout.chunks(number), _table(chunks, chunks_schema()), made_with)


def write_embeddings(
    layout: Layout, number: int, chunk_ids: pa.ChunkedArray, vectors: Vectors, encoder: str
) -> FileRecord:
    """Write ``embeddings/<encoder>/<part>.parquet``; ``vectors`` is float32 ``(len(chunk_ids), dim)``."""
    import pyarrow as pa

    columns = [chunk_ids.cast(pa.string()), vector_column(vectors)]
    table = pa.Table.from_arrays(columns, schema=embeddings_schema(vectors.shape[1]))
    return write_table(layout.embeddings(encoder, number), table, encoder, vectors=True)


def iter_documents(layout: Layout, part: Part) -> Iterator[tuple[int, Document]]:
    """Yield row and document of every live row."""
    dead = set(part.dead)
    names = [column.name for column in fields(Document)]
    row = 0
    for batch in iter_batches(layout.documents(part.number), part.documents):
        known = [name for name in names if name in batch.schema.names]  # the newest are the last
        for values in zip(*(batch.column(name).to_pylist() for name in known), strict=True):
            if row not in dead:
                document = Document(*values)
                yield row, document if document.secrets is None else _with_spans(document)
            row += 1


def live_documents(layout: Layout, part: Part, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield row and ``columns`` of each live document of a part."""
    dead = frozenset(part.dead)
    table = read_columns(layout.documents(part.number), part.documents, columns)
    for row, document in enumerate(table.to_pylist()):
        if row not in dead:
            yield row, document


def _with_spans(document: Document) -> Document:
    """Return a document whose secrets are spans rather than what Arrow makes of them."""
    raw: Sequence[Any] = document.secrets or ()
    return replace(document, secrets=tuple(SecretSpan(**span) for span in raw))


def chunk_columns(layout: Layout, part: Part, *names: str) -> pa.Table:
    """Return columns of a part's chunks."""
    if part.chunks is None:
        raise ValueError(f"part {part.number} has no chunks")
    return read_columns(layout.chunks(part.number), part.chunks, names)


def read_chunks(layout: Layout, part: Part) -> pa.Table:
    """Return all columns of a part's chunks, null ``token_ids`` for a file from before there were any."""
    import pyarrow as pa

    schema = chunks_schema()
    found = chunk_columns(layout, part, *schema.names)
    return pa.concat_tables([schema.empty_table(), found], promote_options="default")


def read_token_ids(layout: Layout, part: Part, made_with: str) -> TokenIds | None:
    """Return the tokens of context and text of a part's chunks, in the order of its rows.

    ``None`` where they were not kept, or were cut with other settings or for another tokenizer than ``made_with``
    names, which is ``StoreSettings.chunk_fingerprint(tokenizer.fingerprint)``.
    """
    import pyarrow.compute as pc

    if part.chunks is None or part.chunks.made_with != made_with:
        return None
    table = chunk_columns(layout, part, "token_ids")
    if "token_ids" not in table.column_names or table.column("token_ids").null_count:
        return None
    column = table.column("token_ids")
    lengths = pc.list_value_length(column).to_numpy()
    return TokenIds(pc.list_flatten(column).to_numpy(), np.cumsum([0, *lengths], dtype=np.int64))


def read_vectors(layout: Layout, part: Part, field: str = TEXT_FIELD) -> Vectors:
    """Return a part's vectors of a field, float32 ``(rows, dim)``, in the order of its chunks."""
    record = part.vectors.get(field)
    if record is None:
        raise ValueError(f"part {part.number} has no vectors of the field {field}")
    path = layout.embeddings(record.made_with, part.number)
    return as_vectors(read_columns(path, record, ["vector"]).column("vector"))


def read_sample(layout: Layout, sample: SampleRecord, *names: str) -> pa.Table:
    """Return columns of a file of sampled texts."""
    return read_columns(layout.sample(sample.number), sample.file, names)


def as_vectors(column: pa.ChunkedArray) -> Vectors:
    """Return a column of fixed-size lists as float32 ``(rows, dim)``."""
    joined = column.combine_chunks()
    flat = joined.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, dtype=np.float32).reshape(len(joined), joined.type.list_size)


def vector_column(vectors: Vectors) -> pa.FixedSizeListArray:
    """Return float32 ``(rows, dim)`` as a column of fixed-size lists."""
    import pyarrow as pa

    return pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(vectors).reshape(-1)), vectors.shape[1])


def dead_chunk_rows(layout: Layout, part: Part) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the rows of a part's chunks whose document is dead, ascending."""
    if not part.dead:
        return np.empty(0, dtype=np.int64)
    owners = chunk_columns(layout, part, "doc_row").column("doc_row").to_numpy()
    return np.flatnonzero(np.isin(owners, np.asarray(part.dead)))


def live_chunk_rows(layout: Layout, part: Part) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the rows of a part's chunks whose document is alive, ascending; none where it has not been cut."""
    return np.delete(np.arange(part.chunks.rows), dead_chunk_rows(layout, part)) if part.chunks else np.empty(0, int)


def chunks_and_documents(
    layout: Layout, part: Part, rows: Sequence[int] | np.ndarray, columns: Sequence[str], of_document: Sequence[str]
) -> list[dict[str, Any]]:
    """Return ``columns`` of some chunks of a part, each with its ``doc_row`` and columns of its document."""
    chunks = chunk_columns(layout, part, "doc_row", *columns).take(rows)
    documents = read_columns(layout.documents(part.number), part.documents, of_document)
    owners = documents.take(chunks.column("doc_row")).to_pylist()
    return [{**chunk, **owner} for chunk, owner in zip(chunks.to_pylist(), owners, strict=True)]


def _table(rows: Sequence[Document] | Sequence[Chunk], schema: pa.Schema) -> pa.Table:
    """Return a table with a column for each attribute that the schema names."""
    import pyarrow as pa

    columns = [pa.array(list(map(attrgetter(column.name), rows)), column.type) for column in schema]
    return pa.Table.from_arrays(columns, schema=schema)
