"""Automatic numbers of Word documents: those that the page shows in front of headings, items and clauses."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from .numerals import BULLET, written
from .word_styles import VALUE, WORD, number_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_NUMBER = re.compile(r"%([1-9])")


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
