"""The lexical side of a generation: chunks as BM25 sees them, and what a hit shows."""

from __future__ import annotations

from json import JSONEncoder
from typing import TYPE_CHECKING, Any

from ...store.files import iter_batches, read_columns
from .writer import Bm25Document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...store.layout import Layout
    from ...store.manifest import Part

_DOCUMENT_COLUMNS = ("doc_id", "source", "path", "record", "title", "media_type", "metadata")
_CHUNK_COLUMNS = ("chunk_id", "doc_row", "start_line", "end_line", "page", "heading", "text")

_json = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def bm25_documents(layout: Layout, part: Part) -> Iterator[Bm25Document]:
    """Yield the live chunks of a part as BM25 sees them, in order."""
    assert part.chunks is not None
    table = read_columns(layout.documents(part.number), part.documents, _DOCUMENT_COLUMNS)
    documents = table.to_pylist()
    shown = [_shown_of_document(document) for document in documents]
    dead = frozenset(part.dead)
    first = label = part.number << 32
    for batch in iter_batches(layout.chunks(part.number), part.chunks, _CHUNK_COLUMNS):
        columns = [batch.column(name).to_pylist() for name in _CHUNK_COLUMNS]
        for chunk_id, row, start_line, end_line, page, heading, text in zip(*columns, strict=True):
            if row not in dead:
                document = documents[row]
                own = {"start_line": start_line, "end_line": end_line, "page": page, "heading": heading, "text": text}
                yield Bm25Document(
                    label=label,
                    doc_key=first | row,
                    part=part.number,
                    body=text,
                    title=document["title"] or "",
                    headings=tuple(heading),
                    path=document["path"],
                    payload=f"{_json({'id': chunk_id, **own})[:-1]},{shown[row]}",
                )
            label += 1


def _shown_of_document(document: dict[str, Any]) -> str:
    """Return the end of the JSON object that a hit shows: what all chunks of a document have in common.

    Fields are named as :class:`~embedctl.records.Hit` names them; metadata is JSON already.
    """
    named = {name: document[name] for name in ("doc_id", "source", "path", "record", "title", "media_type")}
    return f'{_json(named)[1:-1]},"metadata":{document["metadata"]}}}'
