"""What one file, or one record of a record file, is as a document."""

from __future__ import annotations

import hashlib
import json
from itertools import count
from typing import TYPE_CHECKING

from ..records import Document, Markup

if TYPE_CHECKING:
    from ..records import FileEntry, ParsedDocument, Record, Source

METADATA_JSON = json.JSONEncoder(ensure_ascii=False, sort_keys=True)


def file_documents(source: Source, entry: FileEntry, parsed: ParsedDocument, sha256: bytes) -> list[Document]:
    """Make the documents of a parsed file: those inside it, numbered from 1, and at last the file itself.

    So a store that has the file itself has all of them, whatever interrupted the run. ``sha256`` is that of its bytes.
    """
    inside: dict[str, Document] = {}
    for number, (name, inner) in enumerate(parsed.inner, 1):
        spellings = (f"{entry.path}#{name}" + (f" ({again})" if again > 1 else "") for again in count(1))
        doc_id = next(each for each in spellings if each not in inside)
        inside[doc_id] = _document(source, entry, inner, sha256, doc_id, number)
    own = [_document(source, entry, parsed, sha256, entry.path, None)] if parsed.text else []
    return [*inside.values(), *own]


def _document(
    source: Source, entry: FileEntry, parsed: ParsedDocument, sha256: bytes, doc_id: str, number: int | None
) -> Document:
    return Document(
        doc_id=doc_id,
        source=source.name,
        path=entry.path,
        record=number,
        title=parsed.title,
        text=parsed.text,
        media_type=parsed.media_type,
        markup=parsed.markup.value,
        language=parsed.language,
        encoding=parsed.encoding,
        pages=parsed.pages,
        body_start=parsed.body_start,
        mtime_us=entry.mtime_us,
        size=entry.size,
        sha256=sha256,
        metadata=METADATA_JSON.encode(parsed.metadata),
    )


def record_prefix(source: Source, entry: FileEntry) -> str:
    """Return what stands in front of a record's id; nothing when the source is that one file."""
    return "" if source.only == (entry.path,) else f"{entry.path}#"


def record_document(source: Source, entry: FileEntry, record: Record, prefix: str) -> Document:
    """Make a document of one record; ``prefix`` is :func:`record_prefix`."""
    metadata = METADATA_JSON.encode(record.metadata) if record.metadata else "{}"
    content = "\0".join((record.id, record.title or "", metadata, record.text))  # none of them has a NUL in it
    if record.markup is not Markup.PLAIN:
        content += f"\0{record.markup.value}"
    text = record.text
    return Document(
        doc_id=prefix + record.id,
        source=source.name,
        path=entry.path,
        record=record.row,
        title=record.title or None,
        text=text,
        media_type=record.media_type,
        markup=record.markup.value,
        language=record.language,
        encoding=None,
        pages=record.pages,
        body_start=record.body_start,
        mtime_us=entry.mtime_us,
        size=len(text) if text.isascii() else len(text.encode()),
        sha256=hashlib.sha256(content.encode()).digest(),
        metadata=metadata,
        row_hash=record.row_hash,
    )
