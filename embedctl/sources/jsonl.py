"""Rows of a JSON Lines file."""

from __future__ import annotations

import json
from itertools import chain, islice
from typing import TYPE_CHECKING

from ..errors import ParseError
from .table import Row, Table
from .text_file import NOT_UTF8, read_lines, undecoded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ..records import JSON

_ROWS_PER_GUESS = 100


def open_jsonl(path: Path) -> Table:
    """Open the file; its columns are the keys of the first hundred objects.

    Raises:
        ParseError: it begins with a hundred lines and no object, so it is no JSON Lines file.
    """
    rows = _rows(path)
    head, problem = _head(rows)
    columns = tuple(dict.fromkeys(key for row in head for key in row.values))
    if not columns and len(head) == _ROWS_PER_GUESS:
        raise ParseError(
            f"has no JSON object in its first {_ROWS_PER_GUESS} lines; line {head[0].number} {head[0].problem}"
        )
    return Table(columns, chain(head, _failing(problem) if problem else rows))


def _head(rows: Iterator[Row]) -> tuple[list[Row], ParseError | None]:
    """Take the first rows, and what stopped the reading among them: it is due after those rows, not before."""
    head: list[Row] = []
    try:
        head.extend(islice(rows, _ROWS_PER_GUESS))
    except ParseError as problem:
        return head, problem
    return head, None


def _failing(problem: ParseError) -> Iterator[Row]:
    raise problem
    yield  # a generator, so that it fails when asked for its first row


def _rows(path: Path) -> Iterator[Row]:
    for number, line in enumerate(read_lines(path, newline="\n"), start=1):
        if not line.isspace():
            yield _row(number, line)


def _row(number: int, line: str) -> Row:
    if undecoded(line):
        return Row(number, {}, NOT_UTF8)
    try:
        value: JSON = json.loads(line.rstrip())
    except json.JSONDecodeError as error:
        return Row(number, {}, f"is not valid JSON: {error.msg} at character {error.pos + 1}")
    except (ValueError, RecursionError) as error:
        return Row(number, {}, f"is not readable JSON: {error}")
    if not isinstance(value, dict):
        return Row(number, {}, "is not a JSON object")
    return Row(number, value)
