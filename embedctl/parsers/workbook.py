"""Workbooks of Office Open XML: the cells that are used, as they are shown, with comments, shapes and charts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ..errors import ParseError
from .charts import chart
from .drawing import alternative_text, lines
from .grid import grid
from .markup import failing_as, one_line, tidy
from .number_formats import BUILT_IN, GENERAL, general, shown
from .numerals import is_page_number
from .ooxml import OFFICE, RELATION_ID, Package, local
from .sheet_cells import rows, strings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..records import JSON

MOST_CELLS = 20_000_000
"""A sheet with more cells than this is refused: no person fills so many."""

_SHEET = f"{{{OFFICE}/spreadsheetml/2006/main}}"
_THREADED = "{http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments}"
_EXACT_DIGITS = 16
_PLACES = re.compile(r"(?<!&)&[LCR]")
_CODES = re.compile(r"&(?:&|\"[^\"]*\"|K[0-9A-F]{6}|K\d\d[+-]\d{3}|\d+|[A-Z])")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


@dataclass(frozen=True, slots=True)
class _Workbook:
    """What every sheet needs to know of its workbook."""

    package: Package
    strings: list[str]
    codes: list[str]
    """Format code of each cell style."""
    epoch_1904: bool
    people: dict[str, str]
    """Names of those who comment, by their ids."""


def read_workbook(data: bytes, kind: str) -> tuple[list[str], dict[str, JSON], str, tuple[str, ...]]:
    """Return the sheets that hold anything, in their order and with their names; metadata; title; and notes.

    Raises:
        ParseError: the file is damaged, protected or no workbook.
    """
    package = Package(data, kind)
    part, root = package.main("xl", "workbook")
    relations = package.relations(part)
    properties = next(root.iter(f"{_SHEET}workbookPr"), None)
    people = {
        each.get("id") or "": each.get("displayName") or ""
        for _, persons in package.related(part, "person")
        for each in persons.iter(f"{_THREADED}person")
    }
    shared = [relation.target for relation in relations.values() if relation.kind == "sharedStrings"]
    with failing_as(f"damaged {kind}"):
        workbook = _Workbook(
            package,
            [*map(_line, strings(package.data(shared[0]) or b""))] if shared else [],
            _codes(package.first(part, "styles")[1]),
            properties is not None and properties.get("date1904") in ("1", "true"),
            people,
        )
        sheets, notes = [], []
        for about in root.iter(f"{_SHEET}sheet"):
            relation = relations.get(about.get(RELATION_ID) or "")
            if relation is None:
                notes.append(f"its sheet {one_line(about.get('name') or '')} is missing")
            body = tidy("\n\n".join(filter(None, _blocks(workbook, relation.target)))) if relation else ""
            sheets.append(f"## {one_line(about.get('name') or '')}\n\n{body}" if body else "")
    parts = [relation.target for relation in relations.values() if relation.kind == "worksheet"]
    return sheets, *package.properties(), (*package.notes(*parts), *notes)


def _line(text: str | None) -> str:
    if not text:
        return ""
    if "_x" in text:
        text = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    if text.isprintable() and "  " not in text and " " not in (text[0], text[-1]):
        return text
    return one_line(text)


def _codes(styles: Any) -> list[str]:
    if styles is None:
        return []
    own = {each.get("numFmtId"): each.get("formatCode") or GENERAL for each in styles.iter(f"{_SHEET}numFmt")}
    formats = next(styles.iter(f"{_SHEET}cellXfs"), ())
    numbers = [each.get("numFmtId") or "0" for each in formats]
    return [own.get(number) or BUILT_IN.get(int(number) if number.isdigit() else 0, GENERAL) for number in numbers]


def _blocks(workbook: _Workbook, part: str) -> Iterator[str]:
    margins: list[str] = []
    yield grid(_rows(workbook, workbook.package.data(part) or b"", margins))
    yield from _comments(workbook, part)
    for name, drawing in workbook.package.related(part, "drawing"):
        yield from _shapes(workbook.package, name, drawing)
    for margin in dict.fromkeys(margins):
        parts = (one_line(_CODES.sub(_code, each)) for each in _PLACES.split(margin))
        yield " ".join(each for each in parts if not is_page_number(each))


def _code(match: re.Match[str]) -> str:
    """Return what a code of a page header shows: nothing, but for the sign that it is made of."""
    return "&" if match[0] == "&&" else " "


def _rows(workbook: _Workbook, data: bytes, margins: list[str]) -> Iterator[dict[int, str]]:
    """Yield the cells of each row by their columns; headers and footers of the printed page go to ``margins``."""
    count = 0
    for row in rows(data, partial(_shown, workbook), margins):
        count += len(row)
        if count > MOST_CELLS:
            raise ParseError(f"{workbook.package.kind} refused: a sheet has more than {MOST_CELLS:,} cells")
        yield row


def _shown(workbook: _Workbook, kind: str, style: str | None, value: str) -> str:
    if kind == "s":
        place = int(value) if value.isdecimal() else -1
        return workbook.strings[place] if 0 <= place < len(workbook.strings) else ""
    if kind == "b":
        return "TRUE" if value.strip() == "1" else "FALSE"
    if kind != "n":
        return _line(value)
    code = workbook.codes[int(style)] if style and style.isdecimal() and int(style) < len(workbook.codes) else GENERAL
    if code == GENERAL:
        return value if len(value) < _EXACT_DIGITS and value.isdecimal() else _general(value)
    return shown(value, code, epoch_1904=workbook.epoch_1904)


def _general(value: str) -> str:
    try:
        return general(float(value))
    except (ValueError, OverflowError):
        return _line(value)


def _comments(workbook: _Workbook, part: str) -> Iterator[str]:
    threaded = list(workbook.package.related(part, "threadedComment"))
    for _, root in threaded:
        for each in root.iter(f"{_THREADED}threadedComment"):
            text = " ".join(text.text or "" for text in each.iter(f"{_THREADED}text"))
            yield _comment(each.get("ref"), workbook.people.get(each.get("personId") or ""), text)
    if threaded:  # the other part repeats them, for programs that know no threads
        return
    for _, root in workbook.package.related(part, "comments"):
        authors = ["".join(each.itertext()) for each in root.iter(f"{_SHEET}author")]
        for each in root.iter(f"{_SHEET}comment"):
            number = each.get("authorId") or ""
            author = authors[int(number)] if number.isdigit() and int(number) < len(authors) else ""
            text = _line("".join(run.text or "" for run in each.iter(f"{_SHEET}t")))
            yield _comment(each.get("ref"), author, text)


def _comment(place: str | None, author: str | None, text: str) -> str:
    text = one_line(text)
    author = one_line(author or "")
    if author and text.startswith(f"{author}:"):  # the program writes the name into the text
        text = text[len(author) + 1 :].strip()
    return f"Comment on {place}{f' by {author}' if author else ''}: {text}" if text else ""


def _shapes(package: Package, part: str, drawing: Any) -> Iterator[str]:
    """Yield the texts of shapes and pictures, and the titles of charts, whose numbers the cells have."""
    relations = package.relations(part)
    for element in drawing.iter("*"):
        name = local(element)
        if name == "txBody":
            yield "\n".join(lines(element))
        elif name == "cNvPr" and local(element.getparent()) == "nvPicPr":
            yield alternative_text(element)
        elif name == "chart":
            relation = relations.get(element.get(RELATION_ID) or "")
            root = package.xml(relation.target) if relation else None
            yield from chart(root, points=False) if root is not None else ()
        elif name == "relIds" and (relation := next((r for r in relations.values() if r.kind == "diagramData"), None)):
            diagram = package.xml(relation.target)
            yield "\n".join(lines(diagram)) if diagram is not None else ""
