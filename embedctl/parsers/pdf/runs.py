"""Runs of a page: stretches of text that one text object of the page shows, with their places."""

from __future__ import annotations

import ctypes
import math
from typing import Any, NamedTuple

_OUTSIDE = 1.0
"""Points by which a run may reach over the page's edge before its letters are looked at one by one."""
_QUARTER = math.pi / 2


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
        self._text_page, self._handle = text_page, text_page.raw  # which closes when the other is gone
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
        units = _units(self.text)
        spans = self._spans(units)
        if spans is None or len(spans) != len(self.rectangles):
            return None
        found, last, skipped = [], 0, ""
        for (start, end), ink in zip(spans, self.rectangles, strict=True):
            before, text = skipped + units[last:start], units[start:end]
            last, skipped = end, ""
            if not self.page_box.surrounds(ink):
                text = self._visible(units, start, end)
            if not text.strip():
                skipped = before + (text and " ")
                continue
            font = self._font_box(start)
            box = Box(ink.left, font.bottom, ink.right, font.top) if _upright(ink, font) else ink
            found.append(Run(_characters(text), _separator(before), box.turned(quarters)))
        return found

    def _spans(self, units: str) -> list[tuple[int, int]] | None:
        """Return first unit and end of each run."""
        from pypdfium2 import raw

        if len(units) != raw.FPDFText_CountChars(self._handle):
            return None
        handle, owner, generated = self._handle, raw.FPDFText_GetTextObject, raw.FPDFText_IsGenerated
        address, spans, start, end, current = ctypes.addressof, [], 0, 0, 0
        for index, unit in enumerate(units):
            if unit in " \r\n" and generated(handle, index) == 1:
                continue
            found = owner(handle, index)
            if not found:
                continue
            if (this := address(found.contents)) != current:
                if current:
                    spans.append((start, end))
                start, current = index, this
            end = index + 1
        return [*spans, (start, end)] if current else spans

    def _visible(self, units: str, start: int, end: int) -> str:
        """Return the units whose middle lies on the page; a blank has none, and follows what is before it."""
        from pypdfium2 import raw

        values = [ctypes.c_double() for _ in range(4)]
        left, right, bottom, top = values
        places, kept, seen = [ctypes.byref(value) for value in values], [], False
        for index in range(start, end):
            if not units[index].isspace():
                raw.FPDFText_GetCharBox(self._handle, index, *places)
                seen = self.page_box.holds((left.value + right.value) / 2, (bottom.value + top.value) / 2)
            if seen:
                kept.append(units[index])
        return "".join(kept)

    def _font_box(self, index: int) -> Box:
        from pypdfium2 import raw

        box = raw.FS_RECTF()
        raw.FPDFText_GetLooseCharBox(self._handle, index, box)
        return Box(box.left, min(box.bottom, box.top), box.right, max(box.bottom, box.top))


def _upright(ink: Box, font: Box) -> bool:
    """Return whether a run goes from left to right or back, so that the font's height is that of its line."""
    return font.height > 0 and font.bottom - 1 <= (ink.bottom + ink.top) / 2 <= font.top + 1


def _units(text: str) -> str:
    """Return the text with letters beyond U+FFFF as two, as PDFium counts them."""
    if text.isascii() or max(text) <= "\uffff":
        return text
    return "".join(map(chr, memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H")))


def _characters(units: str) -> str:
    if units.isascii() or not any("\ud800" <= unit <= "\udfff" for unit in units):
        return units
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _separator(units: str) -> str:
    return "\n" if "\n" in units else " " if units else ""


def same_line(one: Box, other: Box) -> bool:
    """Return whether two rectangles overlap enough in height to stand on one line."""
    overlap = min(one.top, other.top) - max(one.bottom, other.bottom)
    return overlap > 0.4 * min(one.height, other.height)
