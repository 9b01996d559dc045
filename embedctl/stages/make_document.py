"""What one file, or one record of a record file, is as a document."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from ..records import Document, Markup

if TYPE_CHECKING:
    from ..records import FileEntry, ParsedDocument, Record, Source

METADATA_JSON = json.JSONEncoder(ensure_ascii=False, sort_keys=True)
_RECORD_TYPE = "text/plain"


def file_document(source: Source, entry: FileEntry, parsed: ParsedDocument, sha256: bytes) -> Document:
    """Make a document of a parsed file; ``sha256`` is that of its bytes."""
    return Document(
        doc_id=entry.path,
        source=source.name,
        path=entry.path,
        record=None,
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
    text = record.text
    return Document(
        doc_id=prefix + record.id,
        source=source.name,
        path=entry.path,
        record=record.row,
        title=record.title or None,
        text=text,
        media_type=_RECORD_TYPE,
        markup=Markup.PLAIN.value,
        language=None,
        encoding=None,
        pages=(),
        body_start=0,
        mtime_us=entry.mtime_us,
        size=len(text) if text.isascii() else len(text.encode()),
        sha256=hashlib.sha256(content.encode()).digest(),
        metadata=metadata,
        row_hash=record.row_hash,
    )
