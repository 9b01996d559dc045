"""Headers of tables: what a chunk that begins inside a table has for its innermost heading."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..outline import HeadingPath, Outline

MOST_HEADER_CHARACTERS = 200
_PIPE = re.compile(r"(?<!\\)\|")
_GRID = re.compile(r"[ \t]*\+(?:-+\+)+$")
_GRID_ROW = re.compile(r"[ \t]*[+|]")
_BORDER = re.compile(r"[ \t]*=+(?:[ \t]+=+)+$")
_RUN = re.compile(r"=+")


@dataclass(frozen=True, slots=True)
class Table:
    """A table, for the chunks that begin inside it."""

    start: int
    """First character of its header."""
    end: int
    header: str
    """The cells of its first row, as many as go into a line; empty where they are."""


def header_of(cells: Sequence[str]) -> str:
    """Return the cells of a header as one line, those at the end left out where there are too many."""
    kept = list(cells)
    while len(kept) > 1 and sum(map(len, kept)) + 3 * len(kept) > MOST_HEADER_CHARACTERS:
        kept.pop()
    return " | ".join(kept)[:MOST_HEADER_CHARACTERS].rstrip(" |") if any(kept) else ""


def piped_cells(row: str) -> list[str]:
    """Return the cells of a row of a Markdown table, as written."""
    return [cell.strip() for cell in _PIPE.split(row.strip().removeprefix("|").removesuffix("|"))]


def under_headers(outline: Outline, tables: Sequence[Table]) -> Outline:
    """Return the outline with the header of each table as the innermost heading of what begins below it."""
    tables = [table for table in tables if table.header]
    if not tables:
        return outline
    starts, around = [table.start for table in tables], outline.heading

    def heading(start: int, end: int) -> HeadingPath:
        index = bisect_left(starts, start) - 1
        inside = index >= 0 and start < tables[index].end
        return (*around(start, end), tables[index].header) if inside else around(start, end)

    below = (heading(table.start + 1, table.start + 2) for table in tables)
    return replace(outline, heading=heading, paths=outline.paths.union(below))


def rst_tables(lines: Sequence[str], offsets: Sequence[int]) -> list[Table]:
    """Return the grid and simple tables with a header of reStructuredText, whose lines begin at ``offsets``."""
    tables = []
    place = 0
    while place < len(lines):
        find = _grid if _GRID.match(lines[place]) else _simple if _BORDER.match(lines[place]) else None
        end, cells = find(lines, place) if find else (place + 1, [])
        if any(cells):
            tables.append(Table(offsets[place], offsets[end], header_of(cells)))
        place = end
    return tables


def _grid(lines: Sequence[str], first: int) -> tuple[int, list[str]]:
    """Return the line behind a grid table, and the cells of its header."""
    end = first
    while end < len(lines) and _GRID_ROW.match(lines[end]):
        end += 1
    edge = next((place for place in range(first + 1, end) if lines[place].lstrip().startswith("+=")), None)
    if edge is None:
        return end, []
    rows = [piped_cells(lines[place]) for place in range(first + 1, edge) if lines[place].lstrip().startswith("|")]
    return end, [" ".join(filter(None, parts)) for parts in zip(*rows, strict=False)]


def _simple(lines: Sequence[str], first: int) -> tuple[int, list[str]]:
    """Return the line behind a simple table, and the cells of its header; without a second border it has none."""
    borders: list[int] = []
    end = first
    while end < len(lines) and len(borders) < 3 and (lines[end].strip() or len(borders) > 1):
        if _BORDER.match(lines[end]):
            borders.append(end)
            if not any(line.strip() for line in lines[end + 1 : end + 2]) and len(borders) > 1:
                end += 1
                break
        end += 1
    if len(borders) < 3:
        return max(end, first + 1), []
    columns = [match.span() for match in _RUN.finditer(lines[first])]
    spans = [
        (start, following) for (start, _), following in zip(columns, [*(s for s, _ in columns[1:]), None], strict=True)
    ]
    rows = lines[first + 1 : borders[1]]
    return end, [" ".join(filter(None, (row[start:stop].strip() for row in rows))) for start, stop in spans]
