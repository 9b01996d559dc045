"""PDF, page by page, by PDFium."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import ParseError, UnsupportedError
from ...plural import counted
from ...records import Markup, ParsedDocument
from ..markup import clean, join_pages
from .document import read
from .hyphens import Vocabulary
from .outline import with_headings
from .properties import document_title, metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .document import Contents

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
    contents = read(data, lambda _page: None)
    vocabulary = Vocabulary(contents.pages)
    pages = [_clean(vocabulary.joined(page)) for page in contents.pages]
    if not any(pages):
        raise UnsupportedError("no text in this PDF: it may be scanned; run OCR first")
    if contents.outline:
        pages = with_headings(pages, contents.outline)
    text, offsets = join_pages(pages)
    return ParsedDocument(
        text,
        "application/pdf",
        Markup.MARKDOWN if contents.outline else Markup.PLAIN,
        title=document_title(contents.properties.get("Title", "")),
        pages=offsets,
        metadata=metadata(contents.properties),
        notes=tuple(_notes(contents)),
    )


def _clean(page: str) -> str:
    return "\n".join(line.rstrip() for line in clean(page).split("\n")).strip("\n")


def _notes(contents: Contents) -> Iterator[str]:
    pages = counted(len(contents.pages), "page")
    if contents.unread:
        yield f"{len(contents.unread)} of {pages} cannot be read: they are damaged"
    if contents.pictures:
        yield f"{len(contents.pictures)} of {pages} are pictures without text"
