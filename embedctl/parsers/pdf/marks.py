"""Marks of footnotes: raised letters and numbers that touch a word and are no part of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .runs import characters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .runs import Box, PageText

INK = (0.35, 0.8, 0.35)
"""Height of the ink of a footnote's mark, least and most, and its rise, as shares of the height of its word's ink."""
_FONT = (0.0, 0.87, 0.12)
"""The same of the fonts' heights."""
_TOUCHING = 0.35
"""Space between a word and its mark, as a share of the word's height."""
_MARKED = re.compile(r"(?:[^\W\d_]{3,}|[.,;:!?)\]”’\"])$")
_ROMAN = re.compile(r"\b[IVXLC]+$")
_WORD = re.compile(r"[^\W\d_]{3}")
_ELEMENT = re.compile(r"[A-Z][a-z]?(?![^\W_])|\W|\d")
"""What a raised number belongs to: an isotope, a sum."""
_LEADING = re.compile(r"(?:^|(\s))\S{1,4}$")
"""A mark before a word, with the blank before it."""
_NEAR = 24
"""Units to either side that are looked at."""


def may_be_mark(one: Box, other: Box, shares: tuple[float, float, float]) -> bool:
    """Return whether one of two neighbours is smaller and higher up, and they touch."""
    big, small = (one, other) if one.height > other.height else (other, one)
    least, most, rise = shares
    return (
        least * big.height <= small.height <= most * big.height
        and small.bottom >= big.bottom + rise * big.height
        and small.top >= big.top - rise * big.height
        and other.left - one.right < _TOUCHING * big.height
    )


def is_mark(before: str, after: str, one: Box, other: Box) -> bool:
    """Return whether, of two stretches that touch, one is the other's footnote mark.

    ``before`` is the text up to where they touch, ``after`` the text from there; the rectangles are as high as the
    fonts.
    """
    if not may_be_mark(one, other, _FONT):
        return False
    if other.height < one.height:
        return bool(_MARKED.search(before)) and not _ROMAN.search(before)
    leading = _LEADING.search(before)
    if leading is None:
        return False
    return bool(_WORD.match(after)) if leading[1] == " " else not _ELEMENT.match(after)


def apart(page: PageText, runs: Sequence[int]) -> str:
    """Return PDFium's text with blanks between marks and words, for those that these runs begin with."""
    units, cuts = page.units, []
    for run in runs:
        place = page.first_letter(run)
        if 0 < place < len(units) and not (units[place - 1].isspace() or units[place].isspace()):
            near = units[max(0, place - _NEAR) : place], units[place : place + _NEAR]
            if is_mark(*near, page.font_box(place - 1), page.font_box(place)):
                cuts.append(place)
    if not cuts:
        return page.text
    pieces = (units[start:end] for start, end in zip([0, *cuts], [*cuts, len(units)], strict=True))
    return characters(" ".join(pieces))
