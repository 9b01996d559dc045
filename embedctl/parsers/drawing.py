"""Drawings of Office files: text of shapes, charts, diagrams and pictures, wherever they stand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .equations import MATH, equation
from .markup import one_line, table
from .number_formats import shown
from .ooxml import ALTERNATE, CHOICE, FALLBACK, OFFICE, RELATION_ID, local

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .ooxml import Package

DRAWING = f"{{{OFFICE}/drawingml/2006/main}}"
MOST_POINTS = 2_000
"""Points of a chart that are written down, all series together."""

_CHART = f"{{{OFFICE}/drawingml/2006/chart}}"
_DIAGRAM = f"{{{OFFICE}/drawingml/2006/diagram}}"
_EXTENDED = "{http://schemas.microsoft.com/office/drawing/2014/chartex}"
_DIAGRAM_DATA = f"{{{OFFICE}/officeDocument/2006/relationships}}dm"
_MADE = re.compile(
    r"\s*(?:Description automatically generated.*|(?:AI-generated|Automatically generated) .*)$", re.DOTALL
)
_FILE = re.compile(r"(?:\w+://|[\w-]+:\\)?\S+\.\w{2,5}$")


def paragraph_text(paragraph: Any) -> str:
    """Return the text of ``a:p``: runs, fields and equations, a line break for each of its own."""
    parts: list[str] = []
    for child in paragraph.iterchildren("*"):
        name = local(child)
        if name in ("r", "fld"):
            parts += [text.text or "" for text in child.iterchildren(f"{DRAWING}t")]
        elif name == "br":
            parts.append("\n")
        elif name == "tab":
            parts.append("\t")
        elif child.tag == ALTERNATE or child.tag.startswith(MATH) or name == "m":
            parts += [equation(each) for each in chosen(child, f"{MATH}oMath")]
    return "".join(parts)


def chosen(element: Any, tag: str) -> list[Any]:
    """Return the elements of that name below, of alternatives the first that has any."""
    if element.tag != ALTERNATE:
        return list(element.iter(tag))
    alternatives = [list(each.iter(tag)) for each in element if each.tag in (CHOICE, FALLBACK)]
    return next(filter(None, alternatives), [])


def lines(container: Any) -> list[str]:
    """Return the paragraphs of ``a:p`` below an element, each as one line."""
    found = (one_line(paragraph_text(each)) for each in container.iter(f"{DRAWING}p"))
    return [line for line in found if line]


def alternative_text(properties: Any) -> str:
    """Return the description of a picture, unless a program wrote it or it is only a file name."""
    text = one_line(_MADE.sub("", properties.get("descr") or "")) if properties is not None else ""
    return "" if _FILE.match(text) else text


def graphics(frame: Any, package: Package, part: str) -> Iterator[str]:
    """Yield the blocks of the charts and diagrams to which a drawing of ``part`` refers."""
    relations = package.relations(part)
    for element in frame.iter("*"):
        if element.tag in (f"{_CHART}chart", f"{_EXTENDED}chart"):
            identifier = element.get(RELATION_ID)
        elif element.tag == f"{_DIAGRAM}relIds":
            identifier = element.get(_DIAGRAM_DATA)
        else:
            continue
        relation = relations.get(identifier or "")
        root = package.xml(relation.target) if relation else None
        if root is not None:
            yield from chart(root) if "chart" in root.tag else ["\n".join(lines(root))]


def chart(root: Any, *, points: bool = True) -> Iterator[str]:
    """Yield the titles of a chart, and with ``points`` a table of its categories and values."""
    titles = [*_titles(root)]
    if titles:
        yield "\n\n".join(titles)
    if points:
        yield table(_extended_rows(root) if root.tag.startswith(_EXTENDED) else _rows(root))


def _titles(root: Any) -> Iterator[str]:
    for tag in (f"{_CHART}title", f"{_EXTENDED}title"):
        for title in root.iter(tag):
            written = lines(title) or [one_line(each.text or "") for each in title.iter(f"{_CHART}v", f"{_EXTENDED}v")]
            yield from filter(None, [" ".join(written)])


def _rows(root: Any) -> list[list[str]]:
    names: list[str] = []
    values: dict[str, dict[int, str]] = {}
    left = MOST_POINTS
    for number, series in enumerate(root.iter(f"{_CHART}ser")):
        names.append(" ".join(_cached(series, "tx").values()))
        categories = _cached(series, "cat") or _cached(series, "xVal")
        for place, value in [*(_cached(series, "val") or _cached(series, "yVal")).items()][:left]:
            values.setdefault(categories.get(place, str(place + 1)), {})[number] = value
            left -= 1
    rows = [[category, *(found.get(number, "") for number in range(len(names)))] for category, found in values.items()]
    return [["", *names], *rows] if rows else []


def _cached(series: Any, name: str) -> dict[int, str]:
    """Return the texts or numbers that a chart keeps of the sheet that it shows, by their places."""
    found: dict[int, str] = {}
    for holder in series.iterchildren(f"{_CHART}{name}"):
        code = next((each.text or "" for each in holder.iter(f"{_CHART}formatCode")), "")
        for point in holder.iter(f"{_CHART}pt"):
            text = next((each.text or "" for each in point.iterchildren(f"{_CHART}v")), "")
            place = int(point.get("idx") or 0)
            # Of categories on several levels the inner one comes first.
            found[place] = f"{shown(text, code)} {found[place]}" if place in found else shown(text, code)
        if not found:
            found = dict(enumerate(_texts(holder.iterchildren(f"{_CHART}v"))))
    return found


def _extended_rows(root: Any) -> list[list[str]]:
    columns: list[list[str]] = []
    for dimension in root.iter(f"{_EXTENDED}strDim", f"{_EXTENDED}numDim"):
        levels = dimension.iterchildren(f"{_EXTENDED}lvl")
        columns += (_texts(level.iterchildren(f"{_EXTENDED}pt")) for level in levels)
    names = _texts(each for tag in root.iter(f"{_EXTENDED}txData") for each in tag.iterchildren(f"{_EXTENDED}v"))
    height = min(max(map(len, columns), default=0), MOST_POINTS)
    rows = [[column[place] if place < len(column) else "" for column in columns] for place in range(height)]
    return [names, *rows] if rows else []


def _texts(elements: Iterable[Any]) -> list[str]:
    return [one_line(each.text or "") for each in elements]
