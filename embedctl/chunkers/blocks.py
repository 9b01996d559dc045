"""Blocks and headings of marked-up text, as a scanner collects them and as an outline."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from ..outline import BLOCK_FILL, LINE_FILL, NEVER, Level, Outline, Section
from .tables import under_headers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..outline import HeadingPath
    from .tables import Table

BLANKS = " \t"
MOST_TITLE_CHARACTERS = 200
_ATTRIBUTES = re.compile(r"\s*\{[#.:][^{}]*\}\s*$")
_LINK = re.compile(r"!?\[([^\[\]]*)\](?:\([^()\s]*(?:\s+\"[^\"]*\")?\)|\[[^\[\]]*\])")
_WIKI_LINK = re.compile(r"!?\[\[(?:[^\[\]|]*\|)?([^\[\]|]*)\]\]")
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
        title = _ROLE.sub(r"\1", _WIKI_LINK.sub(r"\1", _LINK.sub(r"\1", title)))
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
        self._levels = [heading.level for heading in headings]
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

    def innermost(self, start: int, end: int) -> HeadingPath:
        """Return the path of the last heading in ``[start, end)`` where each of them is below the one before it.

        Elsewhere it is that of ``heading``: such a chunk has more than one section in it.
        """
        index = bisect_right(self.starts, start) - 1
        last = bisect_left(self.starts, end) - 1
        levels = self._levels[max(index, 0) : last + 1]
        nested = last > index and all(above < below for above, below in pairwise(levels))
        return self._paths[last] if nested else self.heading(start, end)


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


@dataclass(slots=True)
class Blocks:
    """Offsets, each list in the order of the text."""

    headings: list[Heading] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)
    """Starts of top-level blocks, except those that the line above introduces with a colon."""
    wholes: list[tuple[int, int]] = field(default_factory=list)
    """Top-level code blocks and tables."""
    items: list[tuple[int, int]] = field(default_factory=list)
    """Top-level list items with everything in them."""
    inner: list[int] = field(default_factory=list)
    """Boundaries inside blocks: nested items, paragraphs of an item, blank lines in code."""
    lines: list[tuple[int, int]] = field(default_factory=list)
    """Lines of code and table rows."""
    tables: list[Table] = field(default_factory=list)

    def outline(self, text: str, *, innermost: bool = False) -> Outline:
        """Return these blocks as an outline: headings are sections, the rest levels.

        ``innermost``: chunks are headed as :meth:`HeadingTree.innermost` says.
        """
        tree = HeadingTree(text, self.headings)
        inner = sorted(set(self.inner))
        levels = (
            Level(tree.starts, BLOCK_FILL),
            Level(self.blocks, BLOCK_FILL),
            _level(self.wholes, NEVER),
            _level(self.items, LINE_FILL),
            Level(inner, LINE_FILL),
            _level(self.lines, LINE_FILL),
        )
        heading = tree.innermost if innermost else tree.heading
        outline = Outline(levels, tree.sections, heading=heading, paths=tree.paths)
        return under_headers(outline, self.tables)


def _level(units: list[tuple[int, int]], fill: float) -> Level:
    units = sorted(set(units))
    return Level([start for start, _ in units], fill, [end for _, end in units])


def with_newlines(text: str) -> str:
    r"""Return ``text``, as long as before, with ``\n`` as its only line break."""
    return text.replace("\r\n", " \n").replace("\r", "\n") if "\r" in text else text


def indentation(line: str) -> int:
    """Return the columns of white space in front of ``line``, tab stops every four."""
    blanks = line[: len(line) - len(line.lstrip(BLANKS))]
    return len(blanks.expandtabs(4)) if "\t" in blanks else len(blanks)
