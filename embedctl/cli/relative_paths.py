"""Paths as the person who typed the command can use them: from the working directory."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..query.answer import Answer
    from ..query.lookup import Shown

MOST_STEPS_UP = 2
"""A path that climbs further is given as an absolute one."""


def nearby(path: str, base: Path) -> str:
    """Return ``path`` (relative to ``base``, or absolute) relative to the working directory where that is short."""
    absolute = os.path.normpath(base / path)
    try:
        relative = Path(os.path.relpath(absolute))
    except ValueError:  # another drive, on Windows
        return absolute
    far = relative.parts[: MOST_STEPS_UP + 1] == (os.pardir,) * (MOST_STEPS_UP + 1)
    return absolute if far else relative.as_posix()


class Nearby:
    """Gives the paths of many answers, and remembers those that come again."""

    def __init__(self, base: Path) -> None:
        self._path = lru_cache(maxsize=10_000)(lambda path: nearby(path, base))

    def answer(self, answer: Answer) -> Answer:
        """Return the answer with every path as :func:`nearby` gives it."""
        return replace(answer, hits=tuple(replace(hit, path=self._path(hit.path)) for hit in answer.hits))


def shown_nearby(shown: Shown, base: Path) -> Shown:
    """Return the document or chunk with its path as :func:`nearby` gives it."""
    return replace(shown, fields={**shown.fields, "path": nearby(shown.fields["path"], base)})
