"""Spreadsheets (.xlsx, .xls, .ods) to Markdown tables, a page for every sheet."""

from __future__ import annotations

import datetime
import io
import re
from typing import TYPE_CHECKING, Any

from ..errors import EmbedctlError, ParseError
from ..records import Markup, ParsedDocument
from .archives import open_archive, read_member
from .kinds import OLE2
from .markup import clean, join_pages, one_line, required

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterable, Iterator

KIND = "spreadsheet"
MOST_CELLS = 20_000_000
"""A sheet that spans more than this is refused: the reader allocates every cell it spans, filled or not."""

_SHARED = "xl/sharedStrings.xml"
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_CELL = re.compile(rb"""<(?:\w+:)?c\s[^<>]*?\br\s*=\s*["']([A-Za-z]{1,16})(\d{0,16})""")
_ROW = re.compile(rb"""<(?:\w+:)?row\s[^<>]*?\br\s*=\s*["'](\d{1,16})""")
_STRINGS = re.compile(rb"""<(?:\w+:)?sst\s[^<>]*?\buniqueCount\s*=\s*["'](\d{1,16})""")
_ODS_REPEATED = re.compile(rb'number-(?:rows|columns)-repeated="(\d+)"')


def parse(data: bytes, _path: str) -> ParsedDocument:
    """Return each sheet that holds anything as ``## name`` and a table; ``pages`` are these sheets.

    Raises:
        ParseError: the file is damaged, protected, no workbook or of an absurd extent.
        UnsupportedError: it holds no text.
    """
    media_type = _media_type(data)
    try:
        sheets = list(_sheets(data))
    except (EmbedctlError, MemoryError):
        raise
    except Exception as error:  # a native reader: whatever it raises is about this file
        reason = "password-protected" if type(error).__name__ == "PasswordError" else "damaged or no"
        raise ParseError(f"{reason} {KIND}") from error
    text, offsets = join_pages(sheets)
    return ParsedDocument(required(text, "no text in this spreadsheet"), media_type, Markup.MARKDOWN, pages=offsets)


def _media_type(data: bytes) -> str:
    """Return the media type that the content shows, after checking that it is safe to open."""
    if data.startswith(OLE2):
        return "application/vnd.ms-excel"
    with open_archive(data, KIND) as archive:
        names = archive.namelist()
        if "content.xml" in names:
            _check_ods(read_member(archive, "content.xml", KIND))
            return "application/vnd.oasis.opendocument.spreadsheet"
        _check_xlsx(archive, names)
    return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _check_xlsx(archive: zipfile.ZipFile, names: Iterable[str]) -> None:
    for name in filter(_SHEET.fullmatch, names):
        xml = read_member(archive, name, KIND)
        cells = set(_CELL.findall(xml))
        columns = max((_column(letters) for letters, _ in cells), default=0)
        rows = max((int(digits or 0) for digits in (*_ROW.findall(xml), *(digits for _, digits in cells))), default=0)
        _check_extent(rows, columns)
    if _SHARED in names:
        xml = read_member(archive, _SHARED, KIND)
        told = _STRINGS.search(xml)
        if told and int(told[1]) > len(xml):  # the reader makes room for them first
            raise ParseError(f"damaged {KIND}: it tells of {int(told[1]):,} texts and has fewer")


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _check_ods(xml: bytes) -> None:
    """Refuse repeated cells with values whose expansion is absurd; repeated blank ones are usual and cost nothing."""
    cells = 0
    for piece in xml.split(b"<table:table-row")[1:]:
        attributes, _, row = piece.partition(b">")
        if b"office:value" not in row and b"text:p" not in row:
            continue
        repeated = _ODS_REPEATED.search(attributes)
        filled = row[: max(row.rfind(b"office:value"), row.rfind(b"text:p")) + 256]
        columns = sum(int(each) for each in _ODS_REPEATED.findall(filled)) or 1
        cells += columns * (int(repeated[1]) if repeated else 1)
        _check_extent(1, cells)


def _check_extent(rows: int, columns: int) -> None:
    if rows * columns > MOST_CELLS:
        raise ParseError(f"{KIND} refused: it spans {rows * columns:,} cells")


def _sheets(data: bytes) -> Iterator[str]:
    import python_calamine

    with python_calamine.load_workbook(io.BytesIO(data)) as workbook:
        for about in workbook.sheets_metadata:
            if about.typ != python_calamine.SheetTypeEnum.WorkSheet:
                continue
            rows = _trimmed(
                [_cell(value) for value in row] for row in workbook.get_sheet_by_name(about.name).iter_rows()
            )
            if rows:
                yield f"## {one_line(about.name)}\n\n{_markdown(rows)}"


def _trimmed(rows: Iterable[list[str]]) -> list[list[str]]:
    """Return the rows that hold anything, without the columns after the last that does."""
    filled = [row for row in rows if any(row)]
    width = max((_width(row) for row in filled), default=0)
    return [row[:width] for row in filled]


def _width(row: list[str]) -> int:
    return next((index for index in range(len(row), 0, -1) if row[index - 1]), 0)


def _markdown(rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|" + " --- |" * len(rows[0]))
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if isinstance(value, str):
        if not value:
            return ""
        return one_line(value).replace("|", "\\|")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return clean(str(value))
