"""Spreadsheets (.xlsx, .xls, .xlsb) to Markdown tables, a page for every sheet."""

from __future__ import annotations

import datetime
import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import EmbedctlError, ParseError
from ..records import Markup, ParsedDocument
from .archives import open_archive
from .grid import grid
from .kinds import OLE2
from .markup import clean, join_pages, one_line, required
from .number_formats import general
from .workbook import read_workbook

if TYPE_CHECKING:
    from collections.abc import Iterator

KIND = "spreadsheet"
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OLD_MEDIA_TYPE = "application/vnd.ms-excel"
BINARY_MEDIA_TYPE = "application/vnd.ms-excel.sheet.binary.macroenabled.12"


def parse(data: bytes, _path: str) -> ParsedDocument:
    """Return each sheet that holds anything as ``## name`` and a table; ``pages`` are these sheets.

    Raises:
        ParseError: the file is damaged, protected, no workbook or of an absurd extent.
        UnsupportedError: it holds no text.
    """
    if data.startswith(OLE2):
        return _document(list(_native(data)), OLD_MEDIA_TYPE)
    with open_archive(data, KIND) as archive:
        binary = "xl/workbook.bin" in archive.namelist()
    if binary:
        return _document(list(_native(data)), BINARY_MEDIA_TYPE)
    sheets, metadata, title, notes = read_workbook(data, KIND)
    return replace(_document(sheets, MEDIA_TYPE), title=title or None, metadata=metadata, notes=notes)


def _document(sheets: list[str], media_type: str) -> ParsedDocument:
    text, offsets = join_pages([sheet for sheet in sheets if sheet])
    text = required(text, "no text in this spreadsheet")
    return ParsedDocument(text, media_type, Markup.MARKDOWN, pages=offsets)


def _native(data: bytes) -> Iterator[str]:
    """Yield the sheets of a binary workbook."""
    import python_calamine

    try:
        with python_calamine.load_workbook(io.BytesIO(data)) as workbook:
            for about in workbook.sheets_metadata:
                if about.typ == python_calamine.SheetTypeEnum.WorkSheet:
                    rows = workbook.get_sheet_by_name(about.name).iter_rows()
                    filled = (
                        {place: text for place, value in enumerate(row) if (text := _cell(value))} for row in rows
                    )
                    if table := grid(filled):
                        yield f"## {one_line(about.name)}\n\n{table}"
    except (EmbedctlError, MemoryError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # a native reader: what it raises, a panic too, is about this file
        reason = "password-protected" if type(error).__name__ == "PasswordError" else "damaged or no"
        raise ParseError(f"{reason} {KIND}") from error


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return one_line(value) if value else ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return general(value)
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return clean(str(value))
