"""Pages that are pictures of text."""

from __future__ import annotations

from itertools import islice
from typing import Any

_FEW_LETTERS = 40
"""A stamp, a page number: a page with no more of a text layer, and a picture over most of it, is a picture."""
_MOST_OF_PAGE = 0.5
_DRAWN = 200
"""Lines and curves of a page that may be letters."""
_OBJECTS = 1_000
"""Objects of a page that are looked at."""


def is_picture(page: Any, text: str) -> bool:
    """Return whether an open page with this text layer shows a picture in place of text."""
    letters = sum(map(str.isalnum, text)) if len(text) < 4 * _FEW_LETTERS else len(text)
    if letters > _FEW_LETTERS:
        return False
    from pypdfium2 import raw

    width, height = page.get_size()
    least = _MOST_OF_PAGE * width * height if letters else 0
    drawn = 0
    for each in islice(page.get_objects(max_depth=3), _OBJECTS):
        if each.type == raw.FPDF_PAGEOBJ_IMAGE:
            left, bottom, right, top = each.get_bounds()
            if (right - left) * (top - bottom) >= least:
                return True
        drawn += each.type == raw.FPDF_PAGEOBJ_PATH
    return not letters and drawn > _DRAWN
