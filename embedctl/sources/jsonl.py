"""Rows of a JSON Lines file."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING

from ..errors import ParseError, UnsupportedError
from .table import WHOLE, Extent, RawRow, RecordTable, Row, RowBlock
from .text_file import NOT_UTF8, OVERLONG_BYTES, TOO_LONG, line_blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ..records import JSON

ROWS_PER_GUESS = 100
BYTES_PER_GUESS = 1 << 24
"""Bytes of a file that are searched for columns, if its first rows are longer than any should be."""
_LONG_LINE, _MOST_BRACKETS = 1 << 20, 1_000_000
"""A long line of so many lists and objects is data, and takes fifty times its size to read."""
_ESCAPE = rb"\u"
_SCAN: Callable[[str, int], tuple[JSON, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]


def open_jsonl(path: Path, extent: Extent = WHOLE) -> RecordTable:
    """Open the file; its columns are the keys of its first hundred objects, wherever ``extent`` begins.

    Raises:
        ParseError: it begins with a hundred lines and no object, so it is not a JSON Lines file.
    """
    begin = _blocks(path, extent._replace(start=0, rows_before=0))
    head, damaged = _head(begin)
    rows = [row for block in head for raw in block.rows if (row := _read(raw))][:ROWS_PER_GUESS]
    columns = tuple(dict.fromkeys(key for row in rows for key in row.values))
    if not columns and len(rows) == ROWS_PER_GUESS:
        raise UnsupportedError(
            f"has no JSON object in its first {ROWS_PER_GUESS} lines; line {rows[0].number} {rows[0].problem}"
        )
    # Damage is met again, behind the rows in front of it.
    return RecordTable(columns, _blocks(path, extent) if extent.start or damaged else chain(head, begin), _read)


def _head(blocks: Iterator[RowBlock]) -> tuple[list[RowBlock], bool]:
    """Take the first rows; return also whether the file is damaged among them."""
    head: list[RowBlock] = []
    rows = size = 0
    with suppress(ParseError):
        while rows < ROWS_PER_GUESS and size < BYTES_PER_GUESS and (block := next(blocks, None)):
            head.append(block)
            rows += len(block.rows)
            size += sum(len(row.spelled) for row in block.rows)
        return head, False
    return head, True


def _blocks(path: Path, extent: Extent) -> Iterator[RowBlock]:
    number = extent.rows_before
    for lines in line_blocks(path, extent):
        rows = [RawRow(at, line, line) for at, line in enumerate(lines, number + 1) if line and not line.isspace()]
        number += len(lines)
        yield RowBlock(rows, number)


def _read(raw: RawRow) -> Row | None:
    number, line, _ = raw
    if line is OVERLONG_BYTES:
        return Row(number, {}, TOO_LONG)
    if len(line) > _LONG_LINE and line.count(b"[") + line.count(b"{") > _MOST_BRACKETS:
        return Row(number, {}, f"has more than {_MOST_BRACKETS:,} brackets")
    try:
        text = line.decode().rstrip()
    except UnicodeDecodeError:
        return Row(number, {}, NOT_UTF8)
    if not text:
        return None
    try:
        value: JSON = _loads(text)
    except json.JSONDecodeError as error:
        return Row(number, {}, f"is not valid JSON: {error.msg} at character {error.pos + 1}")
    except RecursionError:
        return Row(number, {}, "is nested too deep")
    except ValueError as error:
        return Row(number, {}, f"is not readable JSON: {error}")
    if not isinstance(value, dict):
        return Row(number, {}, "is not a JSON object")
    # In valid UTF-8, only an escape can stand for a lone surrogate, or JSON for a NUL.
    return Row(number, value, storable=_ESCAPE not in line)


def _loads(text: str) -> JSON:
    """Return what ``json.loads`` returns, at half its cost for a line that is one value and nothing else."""
    try:
        value, end = _SCAN(text, 0)
        if end == len(text):
            return value
    except (StopIteration, ValueError):
        pass  # the other way says what is wrong
    whole: JSON = json.loads(text)
    return whole
