"""Plain text and text formats that carry no structure we use."""

from __future__ import annotations

from pathlib import PurePosixPath

from ..records import ParsedDocument
from .decoding import decode

MEDIA_TYPES = {
    ".adoc": "text/asciidoc",
    ".asciidoc": "text/asciidoc",
    ".bib": "text/x-bibtex",
    ".csv": "text/csv",
    ".diff": "text/x-diff",
    ".log": "text/plain",
    ".org": "text/org",
    ".patch": "text/x-diff",
    ".po": "text/x-gettext-translation",
    ".srt": "application/x-subrip",
    ".tab": "text/tab-separated-values",
    ".tex": "text/x-tex",
    ".text": "text/plain",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
    ".vtt": "text/vtt",
    ".wiki": "text/plain",
}


def parse(data: bytes, path: str) -> ParsedDocument:
    """Return the text as it is; there is no title in plain text."""
    text, encoding = decode(data)
    media_type = MEDIA_TYPES.get(PurePosixPath(path).suffix.lower(), "text/plain")
    return ParsedDocument(text, media_type, encoding=encoding)
