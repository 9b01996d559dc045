"""PDF, page by page, by PDFium."""

from __future__ import annotations

import re
import threading
from contextlib import closing
from typing import Any

from ..errors import ParseError, UnsupportedError
from ..records import JSON, ParsedDocument
from .markup import clean, failing_as, join_pages, one_line

SIGNATURE_REACH = 1024
"""Readers forgive this many bytes before ``%PDF-``."""

# PDFium marks a hyphen at the end of a line with one of these and drops the line break.
# A word is looked for where one begins only: else a page that is one long word would be read once for each letter.
_BROKEN_WORD = re.compile("(?<![^\\W\\d_])([^\\W\\d_]++)[\x02\ufffe](?:\r?\n)?([^\\W\\d_]+)")
_MARKS = re.compile("[\x02\ufffe]")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_DATE = re.compile(r"(?:D:)?(\d{4})(\d\d)?(\d\d)?(?:(\d\d)(\d\d)(\d\d)?)?(?:([+-])(\d\d)'?(\d\d)?|(Z))?")
_FIELDS = {
    "Author": "author",
    "Subject": "subject",
    "Keywords": "keywords",
    "CreationDate": "created",
    "ModDate": "modified",
}
_LIBRARY_NOISE = {"unspecified", "anonymous", "untitled"}
_FILE_NAME = re.compile(
    r"Microsoft (?:Word|PowerPoint|Excel) - |\S+\.(?:docx?|pptx?|xlsx?|tex|dvi|indd|qxd|rtf|odt|pdf)$"
)

# PDFium is not thread-safe, not even across documents.
_PDFIUM = threading.Lock()


def parse(data: bytes, _path: str) -> ParsedDocument:
    """Return the text with a page offset for every page, words broken at line ends put together.

    Raises:
        ParseError: the file is damaged, protected or no PDF.
        UnsupportedError: it has no text layer.
    """
    if not data:
        raise UnsupportedError("empty file")
    if b"%PDF-" not in data[:SIGNATURE_REACH]:
        raise ParseError("not a PDF: its first bytes are something else's")
    with _PDFIUM:
        pages, properties = _read(data)
    vocabulary = _vocabulary(pages)
    text, offsets = join_pages([_clean_page(page, vocabulary) for page in pages])
    if not text.strip():
        raise UnsupportedError("no text in this PDF: it may be scanned; run OCR first")
    return ParsedDocument(
        text,
        "application/pdf",
        title=_title(properties.get("Title", "")),
        pages=offsets,
        metadata=_metadata(properties),
    )


def _read(data: bytes) -> tuple[list[str], dict[str, str]]:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except MemoryError:
        raise
    except Exception as error:  # at the seam to a native library, anything it raises is about this file
        if getattr(error, "err_code", None) == pypdfium2.raw.FPDF_ERR_PASSWORD:
            raise ParseError("password-protected PDF") from error
        raise ParseError("damaged PDF: it cannot be opened") from error
    try:
        pages = [_read_page(document, number) for number in range(len(document))]
        return pages, document.get_metadata_dict(skip_empty=True)
    except UnicodeDecodeError as error:
        raise ParseError("damaged PDF: its properties cannot be decoded") from error
    finally:
        document.close()


def _read_page(document: Any, number: int) -> str:
    reason = f"damaged PDF: page {number + 1} cannot be read"
    with failing_as(reason), closing(document[number]) as page, closing(page.get_textpage()) as text_page:
        return str(text_page.get_text_bounded())


def _vocabulary(pages: list[str]) -> set[str]:
    """Return the document's words where any word is broken at a line end, else nothing."""
    if not any(_MARKS.search(page) for page in pages):
        return set()
    # A broken word's halves are no evidence about words.
    return {word.lower() for page in pages for word in _WORD.findall(_BROKEN_WORD.sub(" ", page))}


def _clean_page(page: str, vocabulary: set[str]) -> str:
    def join(match: re.Match[str]) -> str:
        left, right = match.groups()
        chained = page[match.start() - 1 : match.start()] == "-"  # state-of-the-art
        compound = chained or _is_compound(left.lower(), right.lower(), vocabulary)
        return left + ("-" if compound else "") + right

    joined = _BROKEN_WORD.sub(join, page)
    lines = (line.rstrip() for line in clean(_MARKS.sub("-", joined)).split("\n"))
    return "\n".join(lines).strip("\n")


def _is_compound(left: str, right: str, vocabulary: set[str]) -> bool:
    """Return whether the hyphen belongs to the word, by how the document writes it elsewhere."""
    if f"{left}-{right}" in vocabulary:
        return True
    if left + right in vocabulary:
        return False
    return left in vocabulary and right in vocabulary


def _title(title: str) -> str | None:
    title = one_line(title)
    return None if not title or title.lower() in _LIBRARY_NOISE or _FILE_NAME.match(title) else title


def _metadata(properties: dict[str, str]) -> dict[str, JSON]:
    metadata: dict[str, JSON] = {}
    for name, key in _FIELDS.items():
        value = one_line(properties.get(name, ""))
        if name.endswith("Date"):
            value = _iso_date(value)
        if value and value.lower() not in _LIBRARY_NOISE:
            metadata[key] = value
    return metadata


def _iso_date(value: str) -> str:
    """Return a PDF date (ISO 32000-1, 7.9.4) in ISO 8601, as precise as it is given, or an empty string."""
    match = _DATE.match(value)
    if match is None:
        return ""
    year, month, day, hour, minute, second, sign, zone_hours, zone_minutes, utc = match.groups()
    date = "-".join(part for part in (year, month, day if month else None) if part)
    if not (day and hour):
        return date
    zone = "+00:00" if utc else f"{sign}{zone_hours}:{zone_minutes or '00'}" if sign else ""
    return f"{date}T{hour}:{minute}:{second or '00'}{zone}"
