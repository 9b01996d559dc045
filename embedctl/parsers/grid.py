"""Cells of a sheet as a Markdown table: by the cells that are used, however far apart they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOST_SPREAD = 10
"""A table has at most this many places for each cell that is used, and ``FREE_PLACES`` more."""
FREE_PLACES = 100_000


def grid(rows: Iterable[Mapping[int, str]]) -> str:
    """Return rows, each by the numbers of its columns, as a table; empty rows and columns are left out.

    A line above the table that fills one cell only, such as a title, is a paragraph. Rows are not filled up where that
    would take much more room than their cells.
    """
    filled = [row for row in rows if row]
    columns = sorted(set().union(*filled))
    first = next((place for place, row in enumerate(filled) if len(row) > 1), 0)
    paragraphs = [next(iter(row.values())) for row in filled[:first]]
    body = filled[first:]
    if not body:
        return ""
    cells = sum(map(len, body))
    if len(body) * len(columns) <= MOST_SPREAD * cells + FREE_PLACES:
        padded = [_padded(row, columns) for row in body]
    else:
        padded = [[row[column] for column in sorted(row)] for row in body]
    lines = [_line(row) for row in padded]
    lines.insert(1, "|" + " --- |" * len(padded[0]))
    return "\n\n".join([*paragraphs, "\n".join(lines)])


def _padded(row: Mapping[int, str], columns: list[int]) -> list[str]:
    if len(row) == len(columns):
        return list(row.values()) if list(row) == columns else [row[column] for column in columns]
    return [row.get(column, "") for column in columns]


def _line(row: list[str]) -> str:
    line = " | ".join(row)
    if line.count("|") >= len(row):
        line = " | ".join([cell.replace("|", "\\|") for cell in row])
    return f"| {line} |"
