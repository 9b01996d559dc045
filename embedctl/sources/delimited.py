"""Rows of a CSV or TSV file."""

from __future__ import annotations

import csv
import re
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from ..errors import ParseError
from .table import WHOLE, Block, Extent, RawRow, Row, Table
from .text_file import MOST_CHARACTERS, NOT_UTF8, read_lines, undecoded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ..records import JSON

_DELIMITERS = ",;\t|"
_QUOTED = re.compile(r'"[^"]*"?')
_INTEGER = re.compile(r"-?[0-9]{1,19}")
_NUMBER = re.compile(r"-?[0-9]+\.[0-9]+(e[-+][0-9]+)?|-?[0-9]+e[-+][0-9]+", re.ASCII)
_INT64 = range(-(2**63), 2**63)
_ROWS_PER_BLOCK = 512
_BETWEEN_CELLS = "\x1f"
_BOOLEANS = {"true": True, "True": True, "false": False, "False": False}


def open_delimited(path: Path, extent: Extent = WHOLE) -> Table:
    """Open the file; its first line names the columns and shows the delimiter, wherever ``extent`` begins.

    Raises:
        ParseError: the header cannot be read.
    """
    lines = read_lines(path, "", extent._replace(start=0))
    header_line = next((line for line in lines if not line.isspace()), None)
    if header_line is None:
        return Table((), iter(()), _unread)
    delimiter = "\t" if ".tsv" in path.name.lower()[-7:] else _delimiter(header_line)
    csv.field_size_limit(MOST_CHARACTERS)

    # Strict, so that a quote that is never closed is a bad row and not a very long text.
    reader = csv.reader(chain([header_line], lines), delimiter=delimiter, strict=True)
    try:
        columns = _columns(next(reader))
    except csv.Error as error:
        raise ParseError(f"has a header that cannot be read: {error}") from error
    if extent.start:
        reader = csv.reader(read_lines(path, "", extent), delimiter=delimiter, strict=True)
    return Table(columns, _blocks(reader, extent.rows_before), partial(_row, columns), convert=typed)


def typed(value: JSON) -> JSON:
    """Return the number or truth value that a cell spells exactly, else the cell: "007" and "1e5" stay text."""
    if not isinstance(value, str):
        return value
    if _INTEGER.fullmatch(value):
        integer = int(value)
        return integer if str(integer) == value and integer in _INT64 else value
    if _NUMBER.fullmatch(value):
        number = float(value)
        return number if repr(number) == value else value
    return _BOOLEANS.get(value, value)


def _delimiter(header: str) -> str:
    unquoted = _QUOTED.sub("", header)
    return max(_DELIMITERS, key=unquoted.count)


def _columns(header: list[str]) -> tuple[str, ...]:
    """Return the header's names, with a name for each column that has none and a number for each repeated one."""
    columns: list[str] = []
    for position, cell in enumerate(header, start=1):
        name = cell.strip() or f"column_{position}"
        columns.append(f"{name}_{position}" if name in columns else name)
    return tuple(columns)


def _blocks(reader: Iterator[list[str]], number: int) -> Iterator[Block]:
    rows: list[RawRow] = []
    try:
        for number, cells in _numbered(reader, number):  # noqa: B020 - goes on from there
            spelled = b"" if isinstance(cells, str) else _BETWEEN_CELLS.join(cells).encode("utf-8", "surrogatepass")
            rows.append(RawRow(number, spelled, cells))
            if len(rows) == _ROWS_PER_BLOCK:
                yield Block(rows, number)
                rows = []
    except ParseError:
        yield Block(rows, number)
        raise
    yield Block(rows, number)


def _numbered(reader: Iterator[list[str]], number: int) -> Iterator[tuple[int, list[str] | str]]:
    """Yield the cells of each row, or what is wrong with it."""
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            number += 1
            yield number, f"has quotes that do not match: {error}"
            continue
        if cells is None:
            return
        if cells:  # an empty line is no row
            number += 1
            yield number, cells


def _unread(raw: RawRow) -> Row | None:
    raise AssertionError(f"row {raw.number} of a file without rows")


def _row(columns: tuple[str, ...], raw: RawRow) -> Row:
    number, spelled, cells = raw
    if isinstance(cells, str):
        return Row(number, {}, cells)
    if any(cells[len(columns) :]):
        return Row(number, {}, f"has {len(cells)} fields, the header has {len(columns)}")
    if any(map(undecoded, cells)):
        return Row(number, {}, NOT_UTF8)
    # Shorter rows are common where trailing empty fields were left out.
    values: dict[str, JSON] = {column: cell for column, cell in zip(columns, cells, strict=False) if cell}
    return Row(number, values, storable=spelled.isascii() and b"\0" not in spelled)
