"""Blocks of marked-up text, as a scanner collects them and as levels of an outline."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..outline import BLOCK_FILL, LINE_FILL, NEVER, Level, Outline
from .headings import Heading, HeadingTree

BLANKS = " \t"


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

    def outline(self, text: str) -> Outline:
        """Return these blocks as an outline: headings are sections, the rest levels."""
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
        return Outline(levels, tree.sections, heading=tree.heading, paths=tree.paths)


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
