"""Find the header of a CSV file: behind what spreadsheets and reports put in front of it."""

from __future__ import annotations

import csv
import re
from collections import Counter
from typing import NamedTuple

DELIMITERS = ",;\t|"
SEARCHED_LINES = 40
"""Lines among which the header is looked for."""
_QUOTED = re.compile(r'"[^"]*"?')
_EXCEL = re.compile(r'"?sep=(.|\\t)"?\s*', re.IGNORECASE | re.DOTALL)
"""The first line may say to Excel which delimiter the file has."""
_NO_DELIMITER = "\x1f"
"""Of a file with one column: a comma in it is text."""


class Header(NamedTuple):
    """Where the header is, and what it shows."""

    line: int
    """How many lines are in front of it."""
    delimiter: str


def find_header(lines: list[str], delimiter: str | None = None) -> Header:
    """Return where the header is among the first ``lines`` of a file, not all of them blank.

    Lines in front of it are blank, say ``sep=;``, or have far fewer cells than those below. ``delimiter``: what the
    kind of file has; ``None``: the most frequent one in the header.
    """
    rows = _logical(lines)
    at, first = rows[0]
    if (told := _EXCEL.fullmatch(first)) and len(rows) > 1:
        return Header(rows[1][0], delimiter or ("\t" if told[1] == r"\t" else told[1]))
    own = delimiter or _most_frequent(first)
    if found := _behind_preamble(rows, own, delimiter):
        return found
    return Header(at, own if delimiter or own in _QUOTED.sub("", first) else _NO_DELIMITER)


def _most_frequent(line: str) -> str:
    return max(DELIMITERS, key=_QUOTED.sub("", line).count)


def _behind_preamble(rows: list[tuple[int, str]], own: str, delimiter: str | None) -> Header | None:
    """Return the first row with several names, if most behind it have as many cells; ``None``: it is the first row.

    A first row that is one word, with neither a blank line nor a further row behind it, names the one column.
    """
    (first_line, first), *others = rows
    names = sum(map(bool, _cells(first, own)))
    one_word = " " not in first.strip() and len(_cells(first, own)) == 1
    if names > 1:
        widths = Counter(len(_cells(row, own)) for _, row in others)
        usual = widths.most_common(1)[0][0] if widths else 0
        if not widths or 1 < usual <= len(_cells(first, own)):
            return None
    line = first_line
    for at, (index, row) in enumerate(others):
        blank_between = index > line + 1 + rows[at][1].count("\n", 0, -1)
        line = index
        found = delimiter or _most_frequent(row)
        cells = _cells(row, found)
        filled = sum(map(bool, cells))
        if filled < 2 or filled * 2 <= len(cells) or not (blank_between or at or names * 2 <= len(cells)):
            continue
        below = [len(_cells(other, found)) for _, other in others[at + 1 :]]
        if below.count(len(cells)) * 2 > len(below) and (blank_between or at or not one_word):
            return Header(index, found)
    return None


def _logical(lines: list[str]) -> list[tuple[int, str]]:
    """Return the rows that are not blank, each with the number of its first line; quotes hold lines together."""
    rows: list[tuple[int, str]] = []
    begun = ""
    start = 0
    for at, line in enumerate(lines):
        if not begun:
            if line.isspace():
                continue
            start = at
        begun += line
        if begun.count('"') % 2 == 0:
            rows.append((start, begun))
            begun = ""
    return [*rows, (start, begun)] if begun else rows


def _cells(row: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader(row.splitlines(keepends=True), delimiter=delimiter), [])]
    except csv.Error:
        return []
