"""Rows of a CSV or TSV file."""

from __future__ import annotations

import csv
import re
from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from ..errors import ParseError
from .header import SEARCHED_LINES, find_header
from .table import WHOLE, Extent, RawRow, RecordTable, Row, RowBlock
from .text_file import MOST_CHARACTERS, NOT_UTF8, OVERLONG_LINE, TOO_LONG, read_lines, undecoded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ..records import JSON

_INTEGER = re.compile(r"-?[0-9]{1,19}")
_NUMBER = re.compile(r"-?[0-9]+\.[0-9]+(e[-+][0-9]+)?|-?[0-9]+e[-+][0-9]+", re.ASCII)
_INT64 = range(-(2**63), 2**63)
_ROWS_PER_BLOCK = 512
_BYTES_PER_BLOCK = 1 << 20
_SEARCHED_CHARACTERS = 1 << 16
_BETWEEN_CELLS = "\x1f"
_BOOLEANS = {"true": True, "True": True, "false": False, "False": False}


class _OverlongError(Exception):
    """The next line is longer than any row may be."""


def open_delimited(path: Path, extent: Extent = WHOLE) -> RecordTable:
    """Open the file; its header names the columns and shows the delimiter, wherever ``extent`` begins.

    Raises:
        ParseError: the header cannot be read.
    """
    lines = read_lines(path, "", extent._replace(start=0))
    head, damage = _head(lines)
    if not head:
        if damage is not None:
            raise damage
        return RecordTable((), iter(()), partial(_row, ()))
    csv.field_size_limit(MOST_CHARACTERS)
    at, delimiter = find_header(head, "\t" if ".tsv" in path.name.lower()[-7:] else None)
    if head[at] is OVERLONG_LINE:
        raise ParseError(f"has a header that {TOO_LONG}")
    rows = _Rows(_behind(head[at:], damage, lines), delimiter)
    columns = _columns(rows.header())
    if extent.start:
        rows = _Rows(read_lines(path, "", extent), delimiter)
    return RecordTable(columns, _blocks(rows, extent.rows_before), partial(_row, columns), convert=typed)


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


def _head(lines: Iterator[str]) -> tuple[list[str], ParseError | None]:
    """Take the lines among which the header is, without blank ones in front; return also the damage behind them."""
    head: list[str] = []
    size = 0
    try:
        while len(head) < SEARCHED_LINES and size < _SEARCHED_CHARACTERS and (line := next(lines, None)) is not None:
            if head or not line.isspace():
                head.append(line)
                size += len(line)
    except ParseError as error:
        return head, error
    return head, None


def _behind(head: list[str], damage: ParseError | None, lines: Iterator[str]) -> Iterator[str]:
    yield from head
    if damage is not None:
        raise damage
    yield from lines


def _columns(header: list[str]) -> tuple[str, ...]:
    """Return the header's names, with a name for each column that has none and a number for each repeated one."""
    columns: dict[str, None] = {}
    for position, cell in enumerate(header, start=1):
        name = cell.strip() or f"column_{position}"
        columns[f"{name}_{position}" if name in columns else name] = None
    return tuple(columns)


class _Rows:
    """The rows of a file; a quote that is never closed costs the row that it is in, and not those behind it.

    As an iterator it gives lines to the reader of rows, and may have more to give after it had nothing more.
    """

    def __init__(self, lines: Iterator[str], delimiter: str) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        """Lines behind one that was no row after all."""
        self._taken: list[str] = []
        """Lines of the row that is being read."""
        # Strict, so that a quote that is never closed is a bad row and not a very long text.
        self._reader = csv.reader(self, delimiter=delimiter, strict=True)

    def header(self) -> list[str]:
        """Return the cells of the first row.

        Raises:
            ParseError: it cannot be read.
        """
        try:
            header = next(self._reader)
        except csv.Error as error:
            raise ParseError(f"has a header that cannot be read: {error}") from error
        self._taken.clear()
        return header

    def cells(self) -> Iterator[list[str] | str]:
        """Yield the cells of each row, or its problem; skip empty lines."""
        while True:
            try:
                cells = next(self._reader, None)
            except (csv.Error, _OverlongError) as error:
                self._again.extendleft(reversed(self._taken[1:]))
                yield TOO_LONG if isinstance(error, _OverlongError) else f"has quotes that do not match: {error}"
            else:
                if cells is None:
                    return
                if cells:
                    yield cells
            self._taken.clear()

    def __iter__(self) -> _Rows:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        if line is OVERLONG_LINE:
            if self._taken:
                self._again.append(line)  # its turn comes when the row before it was found to have no end
            raise _OverlongError
        self._taken.append(line)
        return line


def _blocks(found: _Rows, number: int) -> Iterator[RowBlock]:
    rows: list[RawRow] = []
    weight = 0
    try:
        for number, cells in enumerate(found.cells(), number + 1):  # noqa: B020 - goes on from there
            spelled = b"" if isinstance(cells, str) else _BETWEEN_CELLS.join(cells).encode("utf-8", "surrogatepass")
            rows.append(RawRow(number, spelled, cells))
            weight += len(spelled)
            if len(rows) == _ROWS_PER_BLOCK or weight > _BYTES_PER_BLOCK:
                yield RowBlock(rows, number)
                rows, weight = [], 0
    except ParseError:
        yield RowBlock(rows, number)
        raise
    yield RowBlock(rows, number)


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
