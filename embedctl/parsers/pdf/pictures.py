"""Pages that are pictures of text: found, and read where that is allowed."""

from __future__ import annotations

from itertools import islice
from typing import Any

from .. import ocr
from .layout import arranged
from .runs import Box, Run

_DPI = 150
_LONGEST_SIDE = 2_000
"""Pixels of a page's picture."""
_GUTTER = 0.2
"""Space between columns as a share of a line's height, which in pictures has some room around the letters."""
_FEW_LETTERS = 40
"""A stamp, a page number: a page with no more of a text layer, and a picture over most of it, is a picture."""
_SOME_TEXT = 400
"""Characters, with blanks, of a page that need not be counted."""
_MOST_OF_PAGE = 0.5
_DRAWN = 200
"""Lines and curves of a page that may be letters."""
_OBJECTS = 1_000
"""Objects of a page that are looked at."""


def is_picture(page: Any, text: str) -> bool:
    """Return whether an open page with this text layer shows a picture in place of text."""
    if len(text) > _SOME_TEXT:
        return False
    letters = sum(map(str.isalnum, text))
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


class Reader:
    """Reads the pictures of one document, as long as it may."""

    def __init__(self) -> None:
        self._permission = ocr.permission()
        self.late = 0
        """Pictures that were not read for want of time."""
        self.failed = 0
        """Pictures on which the engine failed."""
        self._letters, self._sure = 0, 0.0

    @property
    def confidence(self) -> float:
        """Mean of the engine's confidence over all letters, 0 to 1."""
        return self._sure / self._letters if self._letters else 0.0

    def read(self, page: Any) -> str | None:
        """Return the text in the picture of an open page, ``None`` where it was not looked at."""
        permission = self._permission
        if permission is None:
            return None
        if not permission.allowed:
            permission.missed = True
            return None
        if permission.is_used_up():
            self.late += 1
            return None
        scale = min(_DPI / 72, _LONGEST_SIDE / max(1.0, *page.get_size()))
        try:
            found = ocr.lines(page.render(scale=scale).to_numpy())
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - a picture that an engine cannot take costs itself; it is counted
            self.failed += 1
            return None
        for line in found:
            self._letters += len(line.text)
            self._sure += len(line.text) * line.confidence
        runs = [Run(each.text, "\n", Box(each.left, -each.bottom, each.right, -each.top)) for each in found]
        return arranged(runs, gap=_GUTTER)
