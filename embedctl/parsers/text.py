"""Plain text and text formats that carry no structure we use."""

from __future__ import annotations

from pathlib import PurePosixPath

from ..records import ParsedDocument
from .bulk import without_encoded
from .decoding import decode_noted

MEDIA_TYPES = {
    ".bib": "text/x-bibtex",
    ".csv": "text/csv",
    ".diff": "text/x-diff",
    ".log": "text/plain",
    ".patch": "text/x-diff",
    ".po": "text/x-gettext-translation",
    ".tab": "text/tab-separated-values",
    ".text": "text/plain",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
}


def parse(data: bytes, path: str) -> ParsedDocument:
    """Return the text as it is; there is no title in plain text."""
    text, encoding, notes = decode_noted(data)
    media_type = MEDIA_TYPES.get(PurePosixPath(path).suffix.lower(), "text/plain")
    return ParsedDocument(without_encoded(text), media_type, encoding=encoding, notes=notes)
