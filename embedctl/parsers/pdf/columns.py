"""Columns of a page whose lines were drawn across them."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .runs import Box

_WORD = re.compile(r"[^\W\d_]{2,}")
LEAST_LINES = 3
"""Lines that make columns."""
_LEAST_WORDS, _PROSE = 3, 0.7
"""Words of a line of prose, and the share of such lines in each column: cells of tables have fewer."""
_TRIES, _DEEPEST = 4, 3
_FAR = 2.5
"""Heights of a line between a block of columns and a line that is no part of it."""


class Segment(NamedTuple):
    """A stretch of a line without wide gaps."""

    text: str
    box: Box


Line: TypeAlias = list[Segment]


def in_columns(lines: list[Line], deepest: int = _DEEPEST) -> list[Line]:
    """Return the lines, those that go through columns of prose cut and put in order: the left column first."""
    gaps = [(one.box.right, other.box.left) for line in lines for one, other in pairwise(line)]
    for _ in range(_TRIES):
        gutter, count = most_common(gaps)
        if count < LEAST_LINES:
            break
        blocks = list(_blocks(lines, gutter))
        if any(len(block) > 1 for block in blocks) and deepest:
            return [line for block in blocks for part in block for line in _again(part, len(block), deepest)]
        gaps = [gap for gap in gaps if not gap[0] <= gutter <= gap[1]]
    return lines


def _again(part: list[Line], parts: int, deepest: int) -> list[Line]:
    return in_columns(part, deepest - 1 if parts > 1 else 0)


def most_common(gaps: list[tuple[float, float]]) -> tuple[float, int]:
    """Return the middle of what most gaps have in common, and their number."""
    edges = sorted([(left, -1) for left, _ in gaps] + [(right, 1) for _, right in gaps])
    best, place, count = 0, 0.0, 0
    for (edge, step), (following, _) in pairwise(edges):
        count -= step
        if count > best:
            best, place = count, (edge + following) / 2
    return place, best


def _blocks(lines: list[Line], gutter: float) -> Iterator[list[list[Line]]]:
    """Yield blocks in order: lines as they are, as the one part, or those of two columns."""
    block: list[Line] = []
    for line in lines:
        if block and _ends(block, line, gutter):
            yield _parts(block, gutter)
            block = []
        block.append(line)
    if block:
        yield _parts(block, gutter)


def _ends(block: list[Line], line: Line, gutter: float) -> bool:
    """Return whether a line begins another block than the one before it."""
    last = block[-1]
    if _crosses(line, gutter) != _crosses(last, gutter):
        return True
    above, below = last[0].box, line[0].box
    if below.bottom > above.top:
        return True
    return len(line) == 1 and above.bottom - below.top > _FAR * below.height


def _crosses(line: Line, gutter: float) -> bool:
    return any(segment.box.left < gutter < segment.box.right for segment in line)


def _parts(block: list[Line], gutter: float) -> list[list[Line]]:
    """Return the left and the right column of a block, or the whole where it is none of two columns of prose."""
    if _crosses(block[0], gutter):
        return [block]
    sides = [
        [[segment for segment in line if (segment.box.right <= gutter) is left] for line in block]
        for left in (True, False)
    ]
    both = [pair for pair in zip(*sides, strict=True) if all(pair)]
    if len(both) < LEAST_LINES or not all(map(_is_prose, zip(*both, strict=True))):
        return [block]
    return [[line for line in side if line] for side in sides]


def _is_prose(lines: tuple[Line, ...]) -> bool:
    long = sum(all(len(_WORD.findall(segment.text)) >= _LEAST_WORDS for segment in line) for line in lines)
    return long >= _PROSE * len(lines)
