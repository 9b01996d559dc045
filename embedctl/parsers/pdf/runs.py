"""Runs of a page: stretches of text that one text object of the page shows, with their places."""

from __future__ import annotations

import ctypes
import math
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_OUTSIDE = 1.0
"""Points by which a run may reach over the page's edge before its letters are looked at one by one."""
_QUARTER = math.pi / 2
_SURROGATE = re.compile("[\ud800-\udfff]")


class Box(NamedTuple):
    """A rectangle in points; y grows upwards."""

    left: float
    bottom: float
    right: float
    top: float

    def holds(self, x: float, y: float) -> bool:
        """Return whether the point lies in the rectangle."""
        return self.left <= x <= self.right and self.bottom <= y <= self.top

    def surrounds(self, other: Box) -> bool:
        """Return whether the other lies in this one, but for a hair."""
        return (
            self.left - _OUTSIDE <= other.left
            and self.bottom - _OUTSIDE <= other.bottom
            and other.right <= self.right + _OUTSIDE
            and other.top <= self.top + _OUTSIDE
        )

    def turned(self, quarters: int) -> Box:
        """Return the rectangle as it lies on a page that is turned clockwise by so many right angles."""
        if not quarters:
            return self
        left, bottom, right, top = self
        for _ in range(quarters % 4):
            left, bottom, right, top = bottom, -right, top, -left
        return Box(left, bottom, right, top)

    @property
    def height(self) -> float:
        """Extent in points."""
        return self.top - self.bottom

    @property
    def width(self) -> float:
        """Extent in points."""
        return self.right - self.left


class Run(NamedTuple):
    """A stretch of text with its place, which is that of its letters from left to right, and of its font's height."""

    text: str
    before: str
    """PDFium's separator: nothing, a blank, or a newline."""
    box: Box


class PageText:
    """The text of an open page as PDFium has it: letters, and separators between them."""

    def __init__(self, page: Any, text_page: Any) -> None:
        from pypdfium2 import raw

        self._text_page, self._handle = text_page, text_page.raw  # which closes when the other is gone
        self._font, self._font_box = raw.FS_RECTF(), raw.FPDFText_GetLooseCharBox
        self.text: str = text_page.get_text_range()
        """With ``\\r\\n`` between lines, but none behind U+FFFE, which is a hyphen at the end of a line."""
        self.rectangles = self._rectangles()
        """Ink of every run, in the order of the text."""
        self.page_box = Box(*page.get_bbox())

    def _rectangles(self) -> list[Box]:
        from pypdfium2 import raw

        count = raw.FPDFText_CountRects(self._handle, 0, -1)
        values = [ctypes.c_double() for _ in range(4)]
        left, top, right, bottom = values
        places = [ctypes.byref(value) for value in values]
        get, handle, found = raw.FPDFText_GetRect, self._handle, []
        for number in range(count):
            get(handle, number, *places)
            found.append(Box(left.value, bottom.value, right.value, top.value))
        return found

    @cached_property
    def units(self) -> str:
        """The text, letters beyond U+FFFF as two; empty where PDFium does not count it so."""
        from pypdfium2 import raw

        units = _units(self.text)
        return units if len(units) == raw.FPDFText_CountChars(self._handle) else ""

    def first_letter(self, run: int) -> int:
        """Return the place in ``units`` of a run's first letter, -1 where it is not found."""
        from pypdfium2 import raw

        left, bottom, right, top = self.rectangles[run]
        return int(
            raw.FPDFText_GetCharIndexAtPos(self._handle, min(left + 0.5, (left + right) / 2), (bottom + top) / 2, 1, 1)
        )

    def font_box(self, place: int) -> Box:
        """Return the rectangle of a letter, as high as its font."""
        font = self._font
        self._font_box(self._handle, place, font)
        return Box(font.left, font.bottom, font.right, font.top)

    def quarters(self) -> int:
        """Return by how many right angles the page must be turned clockwise so that its longest run reads upright."""
        from pypdfium2 import raw

        if not self.rectangles:
            return 0
        longest = max(self.rectangles, key=lambda box: max(box.width, box.height))
        center = (longest.left + longest.right) / 2, (longest.bottom + longest.top) / 2
        index = raw.FPDFText_GetCharIndexAtPos(self._handle, *center, longest.width, longest.height)
        angle = raw.FPDFText_GetCharAngle(self._handle, index) if index >= 0 else 0.0
        return round(-angle / _QUARTER) % 4

    def runs(self, quarters: int) -> list[Run] | None:
        """Return the runs that lie on the page, turned clockwise; ``None`` where letters cannot be counted off."""
        units = self.units
        if not units and self.text:
            return None
        spans = self._spans(units)
        inks = self.rectangles
        if len(spans) != len(inks):
            inks = [self._ink(start, end) for start, end in spans]
        found, last, skipped = [], 0, ""
        for (start, end), ink in zip(spans, inks, strict=True):
            before, text = skipped + units[last:start], units[start:end]
            last, skipped = end, ""
            if not self.page_box.surrounds(ink):
                text = self._visible(units, start, end)
            if not text.strip():
                skipped = before + (text and " ")
                continue
            found.append(Run(characters(text), _separator(before), self._box(start, ink).turned(quarters)))
        return found

    def _spans(self, units: str) -> list[tuple[int, int]]:
        """Return first unit and end of each run."""
        from pypdfium2 import raw

        handle, get, generated = self._handle, raw.FPDFText_GetTextObject, raw.FPDFText_IsGenerated
        own = [
            index for index, unit in enumerate(units) if unit > " " or (unit == " " and not generated(handle, index))
        ]
        spans, count, place, address = [], len(own), 0, ctypes.addressof

        def owner(index: int) -> int:
            found = get(handle, own[index])
            return address(found.contents) if found else 0

        while place < count:
            this, start, step = owner(place), own[place], 1
            while place + step < count and owner(place + step) == this:  # most runs are long: leap, then halve
                place += step
                step *= 2
            while step > 1:
                step //= 2
                if place + step < count and owner(place + step) == this:
                    place += step
            if this:
                spans.append((start, own[place] + 1))
            place += 1
        return spans

    def _visible(self, units: str, start: int, end: int) -> str:
        """Return the units whose middle lies on the page; a blank has none, and follows what is before it."""
        kept, seen = [], False
        for unit, box in zip(units[start:end], self._letters(start, end), strict=True):
            if not unit.isspace():
                seen = self.page_box.holds((box.left + box.right) / 2, (box.bottom + box.top) / 2)
            if seen:
                kept.append(unit)
        return "".join(kept)

    def _ink(self, start: int, end: int) -> Box:
        return around(list(self._letters(start, end)))

    def _letters(self, start: int, end: int) -> Iterator[Box]:
        """Yield the rectangle of each unit."""
        from pypdfium2 import raw

        values = [ctypes.c_double() for _ in range(4)]
        left, right, bottom, top = values
        places = [ctypes.byref(value) for value in values]
        for index in range(start, end):
            raw.FPDFText_GetCharBox(self._handle, index, *places)
            yield Box(left.value, bottom.value, right.value, top.value)

    def _box(self, index: int, ink: Box) -> Box:
        """Return a run's place: its ink from left to right, and as high as the font at its first letter."""
        _, bottom, _, top = self.font_box(index)
        return Box(ink.left, bottom, ink.right, top) if bottom <= (ink.bottom + ink.top) / 2 <= top else ink


def _units(text: str) -> str:
    """Return the text with letters beyond U+FFFF as two, as PDFium counts them."""
    if text.isascii() or max(text) <= "\uffff":
        return text
    return "".join(map(chr, memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H")))


def characters(units: str) -> str:
    """Return text whose letters beyond U+FFFF are one each."""
    if units.isascii() or not _SURROGATE.search(units):
        return units
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _separator(units: str) -> str:
    return "\n" if "\n" in units else " " if units else ""


def same_line(one: Box, other: Box) -> bool:
    """Return whether two rectangles overlap enough in height to stand on one line."""
    overlap = min(one.top, other.top) - max(one.bottom, other.bottom)
    return overlap > 0.4 * min(one.height, other.height)


def around(boxes: Sequence[Box]) -> Box:
    """Return the rectangle around one or more."""
    lefts, bottoms, rights, tops = zip(*boxes, strict=True)
    return Box(min(lefts), min(bottoms), max(rights), max(tops))
