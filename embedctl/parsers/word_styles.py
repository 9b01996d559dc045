"""Styles and automatic numbers of Word documents: which paragraph is a heading or an item, and its number."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from .numerals import BULLET, written
from .ooxml import OFFICE

if TYPE_CHECKING:
    from collections.abc import Mapping

WORD = f"{{{OFFICE}/wordprocessingml/2006/main}}"
VALUE = f"{WORD}val"
MOST_ANCESTORS = 16
"""Longest ancestry of a style that is followed."""
MOST_LEVELS = 9

_HEADING = re.compile(r"heading ([1-9])$", re.IGNORECASE)
_NUMBER = re.compile(r"%([1-9])")


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


class _Level(NamedTuple):
    format: str = "decimal"
    text: str = ""
    start: int = 1
    restart: int | None = None
    """The number of the level, from 1, after which it begins again; 0: never; ``None``: any level above."""
    legal: bool = False
    """All levels in digits."""
    style: str | None = None


@dataclass(slots=True)
class Numbering:
    """Lists of a document, counted as their paragraphs come by in the order of the body."""

    _lists: dict[int, dict[int, _Level]] = field(default_factory=dict)
    """Levels of each list by its number."""
    _abstract: dict[int, int] = field(default_factory=dict)
    """Lists that are one and go on counting share a number here."""
    _restarts: dict[int, set[int]] = field(default_factory=dict)
    _counters: dict[int, dict[int, int]] = field(default_factory=dict)
    _begun: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, root: Any) -> Numbering:
        """Return the lists of ``word/numbering.xml``; ``None``: there are none."""
        numbering = cls()
        if root is None:
            return numbering
        models = {each.get(f"{WORD}abstractNumId"): each for each in root.iterchildren(f"{WORD}abstractNum")}
        linked = {
            link.get(VALUE): model for model in models.values() for link in model.iterchildren(f"{WORD}styleLink")
        }
        for element in root.iterchildren(f"{WORD}num"):
            identifier = element.get(f"{WORD}numId") or ""
            reference = element.find(f"{WORD}abstractNumId")
            model = models.get(None if reference is None else reference.get(VALUE))
            if model is None or not identifier.isdecimal():
                continue
            link = model.find(f"{WORD}numStyleLink")
            model = linked.get(None if link is None else link.get(VALUE), model)
            numbering._add(int(identifier), element, model)
        return numbering

    def _add(self, identifier: int, element: Any, model: Any) -> None:
        levels = dict(_levels(model))
        restarts: set[int] = set()
        for override in element.iterchildren(f"{WORD}lvlOverride"):
            place = override.get(f"{WORD}ilvl") or ""
            if not place.isdecimal():
                continue
            levels.update(_levels(override))
            start = number_of(override, "startOverride")
            if start is not None:
                levels[int(place)] = levels.get(int(place), _Level())._replace(start=start)
                restarts.add(int(place))
        self._lists[identifier] = levels
        self._restarts[identifier] = restarts
        model_id = model.get(f"{WORD}abstractNumId") or ""
        self._abstract[identifier] = int(model_id) if model_id.isdecimal() else -identifier

    def level_of_style(self, identifier: int, style: str | None) -> int:
        """Return the level of a list that a style is linked to, else the first."""
        levels = self._lists.get(identifier, {})
        return next((place for place, level in levels.items() if style and level.style == style), 0)

    def label(self, identifier: int, place: int) -> str:
        """Count one paragraph and return its number as written, ``-`` for a bullet, nothing for an unknown list."""
        levels = self._lists.get(identifier)
        if levels is None:
            return BULLET
        level = levels.get(place, _Level())
        counters = self._counters.setdefault(self._abstract[identifier], {})
        if identifier not in self._begun:
            self._begun.add(identifier)
            for each in self._restarts[identifier]:
                counters.pop(each, None)
        counters[place] = counters.get(place, level.start - 1) + 1
        for deeper in [each for each in counters if each > place]:
            restart = levels.get(deeper, level).restart
            if restart is None or (restart and place < restart):
                del counters[deeper]
        if level.format in ("bullet", "none"):
            return BULLET if level.format == "bullet" else level.text.strip() if "%" not in level.text else ""
        return _NUMBER.sub(lambda match: self._number(levels, counters, int(match[1]) - 1, level), level.text).strip()

    def _number(self, levels: Mapping[int, _Level], counters: dict[int, int], place: int, asked: _Level) -> str:
        level = levels.get(place, _Level())
        number = counters.setdefault(place, level.start)
        return written(number, "decimal" if asked.legal else level.format) if level.format != "none" else ""


def _levels(model: Any) -> dict[int, _Level]:
    found = {}
    for element in model.iterchildren(f"{WORD}lvl"):
        place = element.get(f"{WORD}ilvl") or ""
        if not place.isdecimal():
            continue
        kind, text, style = (element.find(f"{WORD}{name}") for name in ("numFmt", "lvlText", "pStyle"))
        found[int(place)] = _Level(
            "decimal" if kind is None else kind.get(VALUE) or "decimal",
            "" if text is None else text.get(VALUE) or "",
            number_of(element, "start", 1) or 0,
            number_of(element, "lvlRestart"),
            element.find(f"{WORD}isLgl") is not None,
            None if style is None else style.get(VALUE),
        )
    return found
