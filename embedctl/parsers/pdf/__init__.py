"""PDF, page by page, by PDFium."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...errors import ParseError, UnsupportedError
from ...plural import counted
from ...records import Markup, ParsedDocument
from ..markup import clean, join_pages
from .document import read
from .hyphens import Vocabulary
from .outline import with_headings
from .pictures import Reader
from .properties import document_title, metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...records import JSON
    from .document import Contents

_BLANKS = re.compile(r"(?<=\S) {2,}(?=\S)")
MOST_LISTED = 1_000
"""Numbers of pages in the metadata."""
SIGNATURE_REACH = 1024
"""Readers forgive this many bytes before ``%PDF-``."""


def parse(data: bytes, _path: str) -> ParsedDocument:
    """Return the text with a page offset for every page, words broken at line ends put together.

    Behind the text of a page stand its comments; values of form fields stand beside their labels. Where there is an
    outline, the text is Markdown with its titles as headings.

    Raises:
        ParseError: the file is damaged, protected or no PDF.
        UnsupportedError: it has no text.
    """
    if not data:
        raise UnsupportedError("empty file")
    if b"%PDF-" not in data[:SIGNATURE_REACH]:
        raise ParseError("not a PDF: its first bytes are something else's")
    reader = Reader()
    contents = read(data, reader)
    vocabulary = Vocabulary(contents.pages)
    pages = [_clean(vocabulary.joined(page)) for page in contents.pages]
    if not any(pages):
        seen = "no text was found in its pictures" if contents.recognized else "it may be scanned; run OCR first"
        raise UnsupportedError(f"no text in this PDF: {seen}")
    if contents.outline:
        pages = with_headings(pages, contents.outline)
    text, offsets = join_pages(pages)
    return ParsedDocument(
        text,
        "application/pdf",
        Markup.MARKDOWN if contents.outline else Markup.PLAIN,
        title=document_title(contents.properties.get("Title", "")),
        pages=offsets,
        metadata=metadata(contents.properties) | _recognized(contents, reader),
        notes=tuple(_notes(contents, reader)),
    )


def _clean(page: str) -> str:
    page = _BLANKS.sub(" ", page) if "  " in page else page
    return "\n".join(line.rstrip() for line in clean(page).split("\n")).strip("\n")


def _recognized(contents: Contents, reader: Reader) -> dict[str, JSON]:
    """Return which pages, from 1, were read as pictures, and how sure that reading is, 0 to 1."""
    if not contents.recognized:
        return {}
    return {"ocr_pages": list(contents.recognized[:MOST_LISTED]), "ocr_confidence": round(reader.confidence, 3)}


def _notes(contents: Contents, reader: Reader) -> Iterator[str]:
    pages = counted(len(contents.pages), "page")
    if contents.unread:
        yield f"{len(contents.unread)} of {pages} cannot be read: they are damaged"
    if reader.late:
        yield f"{reader.late} of {pages} are pictures that there was no time to read; raise --parse-timeout"
    if reader.failed:
        yield f"{reader.failed} of {pages} are pictures in which no text could be looked for"
    if unseen := len(contents.pictures) - reader.late - reader.failed:
        yield f"{unseen} of {pages} are pictures without text"
