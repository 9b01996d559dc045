"""Headings as both markups have them: a level, a title, and the path that is in force below."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..outline import Section

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..outline import HeadingPath

MOST_TITLE_CHARACTERS = 200
_ATTRIBUTES = re.compile(r"\s*\{[#.:][^{}]*\}\s*$")
_LINK = re.compile(r"!?\[([^\[\]]*)\](?:\([^()\s]*(?:\s+\"[^\"]*\")?\)|\[[^\[\]]*\])")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_ROLE = re.compile(r":[\w+.:-]+:`([^`<]*?)(?:\s*<[^`>]*>)?`")
_EMPHASIS = re.compile(r"(?<![\w*_])(\*{1,3}|_{1,3})(?=\S)(.+?)(?<=\S)\1(?![\w*_])")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading line, or several lines where it is underlined."""

    start: int
    """First character of its first line."""
    end: int
    """Start of the line after it."""
    level: int
    """1 is the outermost."""
    source: str
    """Between the markers, as written."""

    @property
    def title(self) -> str:
        """The heading as a person reads it: links by their text, no emphasis, code or attribute marks."""
        # A paragraph underlined by mistake is a heading too; the patterns below are not made for pages of text.
        title = _ATTRIBUTES.sub("", " ".join(self.source[: 4 * MOST_TITLE_CHARACTERS].split()))
        title = _ROLE.sub(r"\1", _LINK.sub(r"\1", title))
        title = _EMPHASIS.sub(r"\2", _TAG.sub("", title))
        title = _ESCAPE.sub(r"\1", title.replace("`", "")).strip()
        return title[:MOST_TITLE_CHARACTERS].rstrip()


class HeadingTree:
    """Headings in force at each place of a text.

    The path of a chunk is the one in force at its first character of body text: a chunk that opens with a title,
    directly followed by a subheading and its paragraph, belongs to the subheading.
    """

    def __init__(self, text: str, headings: Sequence[Heading]) -> None:
        self.starts = [heading.start for heading in headings]
        following = [*self.starts[1:], len(text)][: len(headings)]
        self._bodies = [
            _first_character(text, heading.end, end) for heading, end in zip(headings, following, strict=True)
        ]
        self._paths = _paths(headings)
        self._last_bare = _last_bare(self._bodies, following)
        self.sections = [
            Section(heading.start, heading.level, bare=body == end)
            for heading, body, end in zip(headings, self._bodies, following, strict=True)
        ]

    @property
    def paths(self) -> frozenset[HeadingPath]:
        """Every path in the document."""
        return frozenset([(), *self._paths])

    def heading(self, start: int, end: int) -> HeadingPath:
        """Return the path of the chunk ``[start, end)``."""
        index = bisect_right(self.starts, start) - 1
        if index < 0:
            return ()
        if start < self._bodies[index]:
            index = max(index, min(self._last_bare[index], bisect_left(self.starts, end) - 1))
        return self._paths[index]


def _first_character(text: str, start: int, end: int) -> int:
    """Return the first non-blank offset in ``[start, end)``, or ``end``."""
    while start < end and text[start].isspace():
        start += 1
    return start


def _last_bare(bodies: Sequence[int], following: Sequence[int]) -> list[int]:
    """Return, for each heading, the first from it on that has something but another heading below it."""
    last = list(range(len(bodies)))
    for index in range(len(bodies) - 2, -1, -1):
        if bodies[index] == following[index]:
            last[index] = last[index + 1]
    return last


def _paths(headings: Sequence[Heading]) -> list[HeadingPath]:
    open_headings: list[tuple[int, str]] = []
    paths: list[HeadingPath] = []
    for heading in headings:
        while open_headings and open_headings[-1][0] >= heading.level:
            open_headings.pop()
        open_headings.append((heading.level, heading.title))
        paths.append(tuple(title for _, title in open_headings if title))
    return paths
