"""Plain rows of OpenDocument sheets, lifted out before the rest becomes a tree, which takes three times as long.

A row is plain where each of its cells is empty or one paragraph of mere text. In place of those that follow each other
stands one row with the attribute ``LIFTED``, the number of their list.
"""

from __future__ import annotations

import re
from html import unescape
from typing import NamedTuple

LIFTED = "lifted"
MOST_REPEATED = 100
"""A row or cell is not repeated more often: the next one says nothing new."""

_ROW, _ROW_END = "<table:table-row", "</table:table-row>"
_CELL = re.compile(r"<table:table-cell([^>]*)>(?:<text:p[^>]*>([^<]*)</text:p></table:table-cell>)?")
_COLUMNS = re.compile(r'\btable:number-columns-repeated="(\d{1,9})"')
_ROWS = re.compile(r'\btable:number-rows-repeated="(\d{1,9})"')
_TAGS = 4
"""Tags of a cell with one paragraph."""


class PlainRow(NamedTuple):
    """Texts of a row by their columns, and how often it is repeated."""

    cells: dict[int, str]
    repeated: int


def without_rows(content: bytes) -> tuple[bytes, list[list[PlainRow]]]:
    """Return ``content.xml`` without the plain rows of its sheets, and these; all of it where it is no usual sheet."""
    if b"<office:spreadsheet" not in content or b"<!" in content or b"xmlns:table=" not in content[:20_000]:
        return content, []
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return content, []
    kept: list[str] = []
    lists: list[list[PlainRow]] = []
    begun, position = 0, text.find(_ROW)
    open_list: list[PlainRow] | None = None
    while position >= 0:
        end = text.find(_ROW_END, position)
        tag_end = text.find(">", position)
        if end < 0 or tag_end < 0:
            break
        empty = text[tag_end - 1] == "/"
        stop = tag_end + 1 if empty else end + len(_ROW_END)
        row = None if empty else _plain(text, position, tag_end, end)
        if row is not None:
            if open_list is None or text[begun:position].strip():
                open_list = []
                kept += (text[begun:position], f'{_ROW} table:{LIFTED}="{len(lists)}"/>')
                lists.append(open_list)
            open_list.append(row)
            begun = stop
        else:
            open_list = None
        position = text.find(_ROW, stop)
    kept.append(text[begun:])
    return "".join(kept).encode(), lists


def _plain(text: str, start: int, tag_end: int, end: int) -> PlainRow | None:
    """Return a row; ``None``: a cell holds more than a plain text."""
    row = text[tag_end + 1 : end]
    found = _CELL.findall(row)
    cells = {column: words for column, (_, words) in enumerate(found) if words}
    if len(cells) < len(found) or row.count("<") != _TAGS * len(found) or "-repeated=" in row:
        column, tags, cells = 0, 0, {}
        for about, words in found:
            if not words and "office:value" in about:  # a number that is not written out
                return None
            repeated = _COLUMNS.search(about) if "repeated" in about else None
            count = int(repeated[1]) if repeated else 1
            if words:
                cells.update(dict.fromkeys(range(column, column + min(count, MOST_REPEATED)), words))
            column += count
            tags += _TAGS if words else 1 if about.endswith("/") else 2
        if tags != row.count("<"):
            return None
    if "&" in row:
        cells = {place: unescape(words) for place, words in cells.items()}
    if not row.isprintable() or "  " in row:
        cells = {place: words for place, each in cells.items() if (words := " ".join(each.split()))}
    times = _ROWS.search(text, start, tag_end)
    return PlainRow(cells, min(int(times[1]), MOST_REPEATED) if times else 1)
