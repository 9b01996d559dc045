"""Text of OpenDocument files: paragraphs, lists with their numbers, tables, notes, and what floats beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ParseError
from .drawing import alternative_text
from .equations import equation
from .grid import grid
from .markup import one_line, table
from .numerals import BULLET, Items
from .odf_lists import CHART, DRAW, OFFICE, PRESENTATION, SVG, TABLE, TEXT, Counter, ListLevel, whole
from .odf_rows import LIFTED, MOST_REPEATED, PlainRow
from .ooxml import local

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

DUBLIN_CORE = "{http://purl.org/dc/elements/1.1/}"
HREF = "{http://www.w3.org/1999/xlink}href"
MOST_CELLS = 20_000_000
"""A file with more cells than this, repeated ones counted, is refused."""
MOST_SPACES = 100

_PARAGRAPHS = (f"{TEXT}p", f"{TEXT}h")
_LEFT_OUT = {
    f"{TEXT}{name}"
    for name in ("tracked-changes", "note-citation", "ruby-text", "page-number", "page-count", "hidden-text",
                 "sequence-decls", "variable-decls", "user-field-decls", "list-header", "bookmark", "number")
} | {f"{PRESENTATION}footer", f"{PRESENTATION}date-time", f"{OFFICE}forms"}  # fmt: skip
_REPEATED_COLUMNS, _REPEATED_ROWS = f"{TABLE}number-columns-repeated", f"{TABLE}number-rows-repeated"


class Reader:
    """Reads the content of one file, in its order."""

    def __init__(
        self,
        styles: dict[str, dict[int, ListLevel]],
        objects: Callable[[str], Any],
        lifted: Sequence[Sequence[PlainRow]] = (),
    ) -> None:
        """Prepare.

        Args:
            styles: as :func:`list_styles` returns them.
            objects: returns the root element of an object in the file, by its name, or ``None``.
            lifted: rows of sheets that are not in the tree, see :mod:`.odf_rows`.
        """
        self._lifted = lifted
        self._styles = styles
        self._objects = objects
        self._outline = Counter(styles.get("", {}))
        self._lists: dict[str, Counter] = {}
        self._cells = 0
        self.notes: list[str] = []
        """Footnotes and endnotes that were met, each a block."""

    def blocks(self, container: Any) -> Iterator[str]:
        """Yield headings, paragraphs, lists and tables, each a block, and behind each what floats beside it."""
        for element in container.iterchildren("*"):
            tag = element.tag
            if tag in _PARAGRAPHS:
                beside: list[str] = []
                yield self._paragraph(element, beside)
                yield from beside
            elif tag == f"{TEXT}list":
                yield from self._list(element)
            elif tag == f"{TABLE}table":
                yield from self.table(element)
            elif tag.startswith(DRAW) or tag == f"{OFFICE}annotation":
                yield from self._beside(element)
            elif tag not in _LEFT_OUT:
                yield from self.blocks(element)

    def text(self, element: Any, beside: list[str]) -> str:
        """Return the text of a paragraph; what is not in its line goes to ``beside``."""
        parts = [element.text or ""]
        readings: list[str] = []
        for child in element.iterchildren("*"):
            tag = child.tag
            if tag == f"{TEXT}s":
                parts.append(" " * min(whole(child, f"{TEXT}c", 1), MOST_SPACES))
            elif tag in (f"{TEXT}tab", f"{TEXT}line-break"):
                parts.append("\t" if tag == f"{TEXT}tab" else "\n")
            elif tag == f"{TEXT}note":
                self.notes += (block for body in child.iterchildren(f"{TEXT}note-body") for block in self.blocks(body))
            elif tag == f"{TEXT}ruby":
                parts += [self.text(base, beside) for base in child.iterchildren(f"{TEXT}ruby-base")]
                readings += ["".join(each.itertext()) for each in child.iterchildren(f"{TEXT}ruby-text")]
            elif (tag.startswith(DRAW) and tag != f"{DRAW}a") or tag == f"{OFFICE}annotation":
                before = len(beside)
                beside += filter(None, self._beside(child))
                if child.get(f"{TEXT}anchor-type") == "as-char" and len(beside) == before + 1 and _is_equation(child):
                    parts.append(beside.pop())  # it stands in the line
            elif tag not in _LEFT_OUT:
                parts.append(self.text(child, beside))
            parts.append(child.tail or "")
        return "".join(parts) + (f" ({' '.join(filter(None, readings))})" if any(readings) else "")

    def table(self, element: Any) -> Iterator[str]:
        """Yield a table of a text, and what floats beside its cells; a lone cell is a frame around its blocks."""
        rows = list(_rows(element))
        cells = [list(_cells(row)) for row in rows]
        if len(rows) == 1 and len(cells[0]) == 1:
            yield from self.blocks(cells[0][0])
            return
        beside: list[str] = []
        yield table([" ".join(self._texts(cell, beside)) for cell in row] for row in cells)
        yield from beside

    def sheet(self, element: Any) -> Iterator[str]:
        """Yield a sheet: its cells as they are shown, then comments and drawings."""
        beside: list[str] = []
        yield grid(self._sheet_rows(element, beside))
        yield from beside
        for shapes in element.iterchildren(f"{TABLE}shapes"):
            yield from self.blocks(shapes)

    def _sheet_rows(self, element: Any, beside: list[str]) -> Iterator[dict[int, str]]:
        for row in _rows(element):
            number = whole(row, f"{TABLE}{LIFTED}", len(self._lifted))
            if number < len(self._lifted):
                for cells, repeated in self._lifted[number]:
                    yield from self._counted(cells, repeated)
                continue
            found: dict[int, str] = {}
            column = 0
            for cell in row.iterchildren(f"{TABLE}table-cell", f"{TABLE}covered-table-cell"):
                repeated = whole(cell, _REPEATED_COLUMNS, 1)
                if (len(cell) or cell.get(f"{OFFICE}value-type")) and (text := self._value(cell, beside)):
                    found.update(dict.fromkeys(range(column, column + min(repeated, MOST_REPEATED)), text))
                column += repeated
            yield from self._counted(found, min(whole(row, _REPEATED_ROWS, 1), MOST_REPEATED))

    def _counted(self, cells: dict[int, str], repeated: int) -> list[dict[int, str]]:
        """Return a row as often as it is repeated, unless there are too many cells by now."""
        self._cells += repeated * len(cells)
        if self._cells > MOST_CELLS:
            raise ParseError(f"spreadsheet refused: it has more than {MOST_CELLS:,} cells")
        return [cells] * repeated if cells else []

    def _value(self, cell: Any, beside: list[str]) -> str:
        text = one_line(" ".join(self._texts(cell, beside)))
        kind = cell.get(f"{OFFICE}value-type") or ""
        names = (f"{kind}-value", "value", "string-value")
        return text or next(filter(None, (one_line(cell.get(f"{OFFICE}{name}") or "") for name in names)), "")

    def _texts(self, cell: Any, beside: list[str]) -> Iterator[str]:
        for element in cell.iterchildren("*"):
            if element.tag in _PARAGRAPHS:
                yield self.text(element, beside)
            elif element.tag.startswith(DRAW) or element.tag == f"{OFFICE}annotation":
                beside += filter(None, self._beside(element))
            elif element.tag == f"{TEXT}list":
                yield " ".join(
                    line.strip().removeprefix("- ") for block in self._list(element) for line in block.split("\n")
                )
            else:
                yield from self._texts(element, beside)

    def _paragraph(self, element: Any, beside: list[str]) -> str:
        text = self.text(element, beside).strip()
        if element.tag == f"{TEXT}p" or not text:
            return text
        level = whole(element, f"{TEXT}outline-level", 1)
        unnumbered = element.get(f"{TEXT}is-list-header") == "true"
        label = "" if unnumbered else self._outline.label(level - 1)
        return f"{'#' * min(max(level, 1), 6)} {f'{label} ' if label else ''}{one_line(text)}"

    def _list(self, element: Any) -> Iterator[str]:
        items = Items()
        beside: list[str] = []
        style = element.get(f"{TEXT}style-name") or ""
        counter = Counter(self._styles.get(style, {}))
        if element.get(f"{TEXT}continue-numbering") == "true" or element.get(f"{TEXT}continue-list"):
            counter = self._lists.get(style, counter)
        self._lists[style] = counter
        headings = list(self._items(element, 0, (items, counter, beside)))
        yield from headings  # a list of headings is what numbered headings are made of
        yield items.take()
        yield from beside

    def _items(self, element: Any, depth: int, to: tuple[Items, Counter, list[str]]) -> Iterator[str]:
        items, counter, beside = to
        for item in element.iterchildren(f"{TEXT}list-item", f"{TEXT}list-header"):
            label: str | None = None
            for child in item.iterchildren("*"):
                if child.tag == f"{TEXT}list":
                    yield from self._items(child, depth + 1, to)
                elif child.tag == f"{TEXT}h":
                    yield self._paragraph(child, beside)
                elif child.tag == f"{TEXT}p" and (text := one_line(self.text(child, beside))):
                    if label is None and item.tag == f"{TEXT}list-item":
                        start = item.get(f"{TEXT}start-value") or ""
                        label = counter.label(depth, int(start) if start.isdecimal() else None) or BULLET
                        items.add(depth, label, text)
                    elif items.lines and label is not None:
                        items.lines[-1] += f" {text}"
                    else:
                        items.add(depth, BULLET, text)
                elif child.tag == f"{TABLE}table":
                    beside += filter(None, self.table(child))

    def _beside(self, element: Any) -> Iterator[str]:
        """Yield a text box, a shape, an equation, a chart, the description of a picture, or a comment."""
        if element.tag == f"{OFFICE}annotation":
            author = one_line("".join(_texts(element, f"{DUBLIN_CORE}creator")))
            body = one_line(" ".join(self.text(each, []) for each in element.iter(*_PARAGRAPHS)))
            yield f"Comment{f' by {author}' if author else ''}: {body}" if body else ""
            return
        described = next((each for name in ("desc", "title") for each in element.iterchildren(f"{SVG}{name}")), None)
        yield alternative_text({"descr": described.text}) if described is not None else ""
        for child in element.iterchildren("*"):
            if child.tag == f"{DRAW}object":
                root = self._objects((child.get(HREF) or "").removeprefix("./"))
                yield from self._object(child if root is None else root)
                return  # the picture behind it shows the same
            if child.tag in (*_PARAGRAPHS, f"{TEXT}list", f"{TABLE}table"):
                yield from self.blocks(element)
                return
            if child.tag == f"{OFFICE}annotation" or child.tag.startswith(DRAW):
                yield from self._beside(child)

    def _object(self, root: Any) -> Iterator[str]:
        if local(root) == "math" or next(root.iter("{http://www.w3.org/1998/Math/MathML}math"), None) is not None:
            yield equation(root)
        for chart in root.iter(f"{CHART}chart"):
            titles = (one_line("".join(each.itertext())) for each in chart.iter(f"{CHART}title", f"{CHART}subtitle"))
            yield "\n\n".join(filter(None, titles))
            for each in chart.iterchildren(f"{TABLE}table"):
                yield grid(self._sheet_rows(each, []))


def _is_equation(frame: Any) -> bool:
    return next(frame.iterchildren(f"{DRAW}object"), None) is not None


def _texts(element: Any, tag: str) -> Iterable[str]:
    return (each.text or "" for each in element.iterchildren(tag))


def _rows(container: Any) -> Iterator[Any]:
    """Yield the rows of a table, those of its head and of groups too."""
    for element in container.iterchildren("*"):
        if element.tag == f"{TABLE}table-row":
            yield element
        elif element.tag in (f"{TABLE}table-header-rows", f"{TABLE}table-rows", f"{TABLE}table-row-group"):
            yield from _rows(element)


def _cells(row: Any) -> Iterator[Any]:
    """Yield the cells of a row, those that others cover and that are repeated too."""
    for cell in row.iterchildren(f"{TABLE}table-cell", f"{TABLE}covered-table-cell"):
        for _ in range(min(whole(cell, _REPEATED_COLUMNS, 1), MOST_REPEATED if len(cell) else 1)):
            yield cell
