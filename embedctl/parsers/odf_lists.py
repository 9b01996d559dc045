"""Numbers of lists and headings in OpenDocument files, and the names of its elements."""

from __future__ import annotations

from typing import Any, NamedTuple

from .numerals import FORMATS, written

SPACES = {
    name: f"{{urn:oasis:names:tc:opendocument:xmlns:{path}:1.0}}"
    for name, path in {
        "office": "office", "text": "text", "table": "table", "draw": "drawing", "style": "style",
        "presentation": "presentation", "chart": "chart", "meta": "meta", "svg": "svg-compatible",
    }.items()
}  # fmt: skip
OFFICE, TEXT, TABLE, DRAW, STYLE, PRESENTATION, CHART, META, SVG = SPACES.values()
_FORMATS = {"1": "decimal", "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}


class ListLevel(NamedTuple):
    """How one level of a list is numbered."""

    format: str
    """A name of :data:`~.numerals.FORMATS`; empty: no number."""
    prefix: str
    suffix: str
    levels: int
    """How many levels a number shows."""
    start: int


def list_styles(root: Any) -> dict[str, dict[int, ListLevel]]:
    """Return the numbered levels, from 0, of each list style below ``root``; bullets have no number."""
    found: dict[str, dict[int, ListLevel]] = {}
    for style in root.iter(f"{TEXT}list-style", f"{TEXT}outline-style"):
        levels = {}
        for level in style.iterchildren(f"{TEXT}list-level-style-number", f"{TEXT}outline-level-style"):
            kind = _FORMATS.get(level.get(f"{STYLE}num-format") or "", "")
            levels[whole(level, f"{TEXT}level", 1) - 1] = ListLevel(
                kind,
                level.get(f"{STYLE}num-prefix") or "",
                level.get(f"{STYLE}num-suffix") or "",
                whole(level, f"{TEXT}display-levels", 1),
                whole(level, f"{TEXT}start-value", 1),
            )
        found["" if style.tag == f"{TEXT}outline-style" else style.get(f"{STYLE}name") or ""] = levels
    return found


def whole(element: Any, attribute: str, default: int) -> int:
    """Return the value of an attribute that is a whole number."""
    value = element.get(attribute) or ""
    return int(value) if value.isdecimal() and len(value) < 10 else default


class Counter:
    """Numbers of one list or of the headings."""

    def __init__(self, levels: dict[int, ListLevel]) -> None:
        """Begin to count."""
        self._levels = levels
        self._numbers: dict[int, int] = {}

    def label(self, place: int, start: int | None = None) -> str:
        """Count one item and return its number as written; nothing where the level has none."""
        level = self._levels.get(place)
        first = start if start is not None else level.start if level else 1
        self._numbers[place] = self._numbers[place] + 1 if place in self._numbers and start is None else first
        for deeper in [each for each in self._numbers if each > place]:
            del self._numbers[deeper]
        if level is None or level.format not in FORMATS:
            return ""
        shown = range(max(0, place - level.levels + 1), place + 1)
        numbers = (written(self._numbers.get(each, 1), self._format(each, level)) for each in shown)
        return f"{level.prefix}{'.'.join(numbers)}{level.suffix}".strip()

    def _format(self, place: int, own: ListLevel) -> str:
        level = self._levels.get(place, own)
        return level.format or "decimal"
