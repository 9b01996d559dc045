"""Styles of Word documents: which paragraph is a heading, and which an item of a list."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from .ooxml import OFFICE

WORD = f"{{{OFFICE}/wordprocessingml/2006/main}}"
VALUE = f"{WORD}val"
MOST_ANCESTORS = 16
"""Longest ancestry of a style that is followed."""
MOST_LEVELS = 9

_HEADING = re.compile(r"heading ([1-9])$", re.IGNORECASE)


def number_of(element: Any, name: str, default: int | None = None) -> int | None:
    """Return the value of a child element that is a whole number."""
    child = None if element is None else element.find(f"{WORD}{name}")
    value = "" if child is None else child.get(VALUE) or ""
    return int(value) if value.lstrip("-").isdecimal() and len(value) < 10 else default


class Style(NamedTuple):
    """What a paragraph has by its style, the style's ancestors included."""

    heading: int = 0
    """1 is the outermost; 0: no heading."""
    list_id: int | None = None
    level: int | None = None
    depth: int | None = None
    """Depth from 0 of a style that is one of a list by its name alone."""


class Styles:
    """The styles of a document."""

    def __init__(self, root: Any) -> None:
        styles = [] if root is None else list(root.iterchildren(f"{WORD}style"))
        self._elements = {each.get(f"{WORD}styleId"): each for each in styles}
        self._found: dict[str | None, Style] = {}

    def of(self, identifier: str | None) -> Style:
        """Return the style of this id."""
        if identifier not in self._found:
            self._found[identifier] = self._resolved(identifier)
        return self._found[identifier]

    def _resolved(self, identifier: str | None) -> Style:
        heading, list_id, level, depth = 0, None, None, None
        for _ in range(MOST_ANCESTORS):
            element = self._elements.get(identifier)
            if element is None:
                break
            names = element.find(f"{WORD}name")
            name = "" if names is None else names.get(VALUE) or ""
            properties = element.find(f"{WORD}pPr")
            if not heading:
                heading = _heading(name, properties)
            numbering = None if properties is None else properties.find(f"{WORD}numPr")
            if numbering is not None and list_id is None:
                list_id = number_of(numbering, "numId")
                level = number_of(numbering, "ilvl") if level is None else level
            if depth is None and name.startswith("List ") and "Continue" not in name:
                depth = int(name[-1]) - 1 if name[-1:].isdigit() and name[-1] != "0" else 0
            parent = element.find(f"{WORD}basedOn")
            identifier = None if parent is None else parent.get(VALUE)
        return Style(heading, list_id, level, depth)


def _heading(name: str, properties: Any) -> int:
    if match := _HEADING.match(name):
        return int(match[1])
    if name == "Title":
        return 1
    level = number_of(properties, "outlineLvl", MOST_LEVELS)
    return level + 1 if level is not None and 0 <= level < MOST_LEVELS else 0
