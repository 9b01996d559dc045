"""Structure of a document, which a chunker finds: sections, weaker boundaries, units to keep whole, headings."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

HeadingPath: TypeAlias = tuple[str, ...]
HeadingAt: TypeAlias = Callable[[int, int], HeadingPath]

SECTION_FILL = 1 / 8
BLOCK_FILL = 0.4
LINE_FILL = 0.5
NEVER = 2.0


@dataclass(frozen=True, slots=True)
class Level:
    """Boundaries of one strength."""

    starts: Sequence[int]
    """Sorted offsets at which a chunk may begin."""
    fill: float
    """Take the last boundary of the window when this share of the window lies before it; else try weaker levels."""
    ends: Sequence[int] | None = None
    """End of the unit that begins at each start. A unit that the window cuts, and that fits into a chunk of its
    own, is kept whole even when ``fill`` is not reached."""


class Deferred(Iterable[Level]):
    """Levels that are found once, when they are first needed: a text that fits a chunk needs none."""

    def __init__(self, find: Callable[[], tuple[Level, ...]]) -> None:
        self._find = find
        self._found: tuple[Level, ...] | None = None

    def __iter__(self) -> Iterator[Level]:
        """Yield the levels, strongest first."""
        if self._found is None:
            self._found = self._find()
        return iter(self._found)


@dataclass(frozen=True, slots=True)
class Section:
    """A place where a new chunk begins, unless so little was collected that it joins what follows."""

    start: int
    depth: int
    """1 is the outermost; a section never joins one that is less deep."""
    bare: bool = False
    """Nothing but a heading, which belongs to what follows however long it is."""


def no_heading(_start: int, _end: int) -> HeadingPath:
    """Return the empty path: a document without headings."""
    return ()


@dataclass(frozen=True, slots=True)
class Outline:
    """The structure of one document, in offsets of its text."""

    levels: Iterable[Level] = ()
    """Strongest first."""
    sections: Sequence[Section] = ()
    """Sorted by start."""
    join_sections: bool = True
    """Small sections join the next one; false: every section begins a chunk."""
    heading: HeadingAt = no_heading
    """``heading(start, end)`` is the path, outermost first, of a chunk with this span."""
    paths: frozenset[HeadingPath] = frozenset({()})
    """Every path that ``heading`` can return, so that contexts are counted together."""
    prose: bool = True
    """Look for sentences and hard line ends inside what the levels leave too long."""

    def softened(self, join: Sequence[Section], *, join_sections: bool = True) -> Outline:
        """Return the outline with ``join`` as its sections and its own sections as its strongest level."""
        own = Level([section.start for section in self.sections], SECTION_FILL)
        return replace(self, levels=(own, *self.levels), sections=join, join_sections=join_sections)

    def with_pages(self, pages: Sequence[int]) -> Outline:
        """Return the outline with page starts as a level above all others."""
        if len(pages) < 2:
            return self
        return replace(self, levels=(Level(pages, BLOCK_FILL), *self.levels))


@dataclass(frozen=True, slots=True)
class Scopes:
    """Named, nested stretches: the definitions of a source file."""

    depths: Sequence[tuple[Sequence[int], Sequence[int], Sequence[str]]]
    """Starts, ends and labels by depth, then sorted; the stretches of one depth do not intersect."""

    def heading(self, start: int, end: int) -> HeadingPath:
        """Return the labels of the stretches that enclose the whole span."""
        path: list[str] = []
        for starts, ends, labels in self.depths:
            index = bisect_right(starts, start) - 1
            if index < 0 or ends[index] < end:
                break
            path.append(labels[index])
        return tuple(path)

    def paths(self) -> frozenset[HeadingPath]:
        """Return every path that ``heading`` can return."""
        found: set[HeadingPath] = {()}
        for starts, ends, _ in self.depths:
            found.update(self.heading(start, min(start + 1, end)) for start, end in zip(starts, ends, strict=True))
        return frozenset(found)
