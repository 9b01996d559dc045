"""Charts of Office files: their titles, and the categories and values that they keep of the sheet that they show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .markup import one_line, table
from .number_formats import shown
from .ooxml import DRAWING, OFFICE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CHART = f"{{{OFFICE}/drawingml/2006/chart}}"
EXTENDED = "{http://schemas.microsoft.com/office/drawing/2014/chartex}"
MOST_POINTS = 2_000
"""Points of a chart that are written down, all series together."""


def chart(root: Any, *, points: bool = True) -> Iterator[str]:
    """Yield the titles of a chart, and with ``points`` a table of its categories and values."""
    titles = [*_titles(root)]
    if titles:
        yield "\n\n".join(titles)
    if points:
        yield table(_extended_rows(root) if root.tag.startswith(EXTENDED) else _rows(root))


def _titles(root: Any) -> Iterator[str]:
    for tag in (f"{CHART}title", f"{EXTENDED}title"):
        for title in root.iter(tag):
            written = [_joined(each) for each in title.iter(f"{DRAWING}p")]
            written = written or _texts(title.iter(f"{CHART}v", f"{EXTENDED}v"))
            yield from filter(None, [" ".join(written)])


def _rows(root: Any) -> list[list[str]]:
    names: list[str] = []
    values: dict[str, dict[int, str]] = {}
    left = MOST_POINTS
    for number, series in enumerate(root.iter(f"{CHART}ser")):
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
    for holder in series.iterchildren(f"{CHART}{name}"):
        code = next((each.text or "" for each in holder.iter(f"{CHART}formatCode")), "")
        for point in holder.iter(f"{CHART}pt"):
            text = next((each.text or "" for each in point.iterchildren(f"{CHART}v")), "")
            place = int(point.get("idx") or 0)
            # Of categories on several levels the inner one comes first.
            found[place] = f"{shown(text, code)} {found[place]}" if place in found else shown(text, code)
        if not found:
            found = dict(enumerate(_texts(holder.iterchildren(f"{CHART}v"))))
    return found


def _extended_rows(root: Any) -> list[list[str]]:
    columns: list[list[str]] = []
    for dimension in root.iter(f"{EXTENDED}strDim", f"{EXTENDED}numDim"):
        levels = dimension.iterchildren(f"{EXTENDED}lvl")
        columns += (_texts(level.iterchildren(f"{EXTENDED}pt")) for level in levels)
    names = _texts(each for tag in root.iter(f"{EXTENDED}txData") for each in tag.iterchildren(f"{EXTENDED}v"))
    height = min(max(map(len, columns), default=0), MOST_POINTS)
    rows = [[column[place] if place < len(column) else "" for column in columns] for place in range(height)]
    return [names, *rows] if rows else []


def _texts(elements: Iterable[Any]) -> list[str]:
    return [one_line(each.text or "") for each in elements]


def _joined(paragraph: Any) -> str:
    return one_line("".join(each.text or "" for each in paragraph.iter(f"{DRAWING}t")))
