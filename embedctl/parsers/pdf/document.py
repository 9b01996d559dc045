"""A PDF as PDFium opens it: the text of every page, with what lies over it, its outline and its properties."""

from __future__ import annotations

import threading
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...errors import ParseError
from ..markup import failing_as
from .annotations import Overlay, overlay
from .layout import Value, arranged, survey
from .marks import apart
from .outline import Heading, headings
from .pictures import is_picture
from .runs import PageText

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .pictures import Reader

# PDFium is not thread-safe, not even across documents.
_PDFIUM = threading.Lock()


@dataclass(frozen=True, slots=True)
class Contents:
    """What there is in a PDF."""

    properties: dict[str, str]
    outline: list[Heading] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)
    """Pages, from 1, that PDFium cannot open."""
    pictures: list[int] = field(default_factory=list)
    """Pages, from 1, that are pictures without text, and that were not looked at."""
    recognized: list[int] = field(default_factory=list)
    """Pages, from 1, that are pictures, and whose text was looked for in them."""


def read(data: bytes, reader: Reader) -> Contents:
    """Return the contents of a PDF.

    Raises:
        ParseError: it is protected, or damaged so that no page can be opened.
    """
    with _PDFIUM, closing(_opened(data)) as document:
        with failing_as("damaged PDF: it cannot be opened"):
            if document.get_formtype():
                document.init_forms()
            count = len(document)
            contents = Contents(_properties(document), headings(document))
        for number in range(1, count + 1):
            _read_page(document, number, contents, reader)
    if contents.unread and len(contents.unread) == len(contents.pages):
        raise ParseError("damaged PDF: none of its pages can be read")
    return contents


def _opened(data: bytes) -> Any:
    import pypdfium2

    try:
        return pypdfium2.PdfDocument(data)
    except MemoryError:
        raise
    except Exception as error:  # at the seam to a native library, anything it raises is about this file
        if getattr(error, "err_code", None) == pypdfium2.raw.FPDF_ERR_PASSWORD:
            raise ParseError("password-protected PDF") from error
        raise ParseError("damaged PDF: it cannot be opened") from error


def _properties(document: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for key in document.METADATA_KEYS:
        try:
            found[key] = document.get_metadata_value(key)
        except UnicodeDecodeError:  # one damaged property costs no page
            found[key] = ""
    return found


def _read_page(document: Any, number: int, contents: Contents, reader: Reader) -> None:
    """Add a page to the contents."""
    text = ""
    try:
        with failing_as(""), closing(document[number - 1]) as page, closing(page.get_textpage()) as text_page:
            over = overlay(page, document.formenv)
            text = _text(PageText(page, text_page), over.values)
            if is_picture(page, text):
                seen = reader.read(page)
                text = "\n".join(filter(None, (text, seen)))
                (contents.pictures if seen is None else contents.recognized).append(number)
            text = "\n\n".join([text, *_new(over, text)])
    except ParseError:
        contents.unread.append(number)
    contents.pages.append(text)


def _text(found: PageText, values: Sequence[Value]) -> str:
    """Return the text of a page: PDFium's, or arranged by place where that contradicts it."""
    seen = survey(found.rectangles, found.text, found.page_box)
    if seen.in_order and not values:
        return apart(found, seen.marks) if seen.marks else found.text
    quarters = found.quarters()
    runs = found.runs(quarters)
    turned = [value._replace(box=value.box.turned(quarters)) for value in values]
    if runs is None:
        return "\n".join([found.text, *(value.text for value in values)])
    return arranged(runs, turned)


def _new(over: Overlay, text: str) -> list[str]:
    """Return the comments that do not merely repeat the text they are about."""
    flat = " ".join(text.split())
    return [comment for comment in over.comments if " ".join(comment.split()) not in flat]
