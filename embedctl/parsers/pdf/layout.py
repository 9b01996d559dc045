"""Lines from runs: cells of a row in one line, marks apart from words, columns one after the other.

PDFium follows the order in which a page draws its text, which nearly always is the order of reading. Only where the
places of the runs contradict it is a page arranged here.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from .columns import Segment, in_columns
from .runs import Box, Run, same_line

if TYPE_CHECKING:
    from collections.abc import Sequence

HYPHEN = "\ufffe"
"""PDFium's mark for a hyphen at the end of a line."""

_MANY_GAPS = 3
_INK = (0.35, 0.8, 0.35)
"""Height of the ink of a footnote's mark, least and most, and its rise, as shares of the height of its word's ink."""
_FONT = (0.0, 0.87, 0.12)
"""The same of the fonts' heights."""
_TOUCHING = 0.35
"""Space between a word and its mark, as a share of the word's height."""
_MARKED = re.compile(r"(?:[^\W\d_]{3,}|[.,;:!?)\]”’\"])$")
_ROMAN = re.compile(r"\b[IVXLC]+$")
_WORD = re.compile(r"[^\W\d_]{3}")


class Value(NamedTuple):
    """A filled field of a form."""

    text: str
    box: Box
    label: str


def is_in_order(rectangles: Sequence[Box], text: str, page: Box) -> bool:
    """Return whether PDFium's text can be taken as it is: its lines are those that the rectangles make."""
    lines = gaps = 0
    for one, other in pairwise(rectangles):
        if not same_line(one, other) or other.left < one.left:
            lines += 1
        elif other.left - one.right > max(one.height, other.height):
            gaps += 1
        elif _may_be_mark(one, other, _INK):
            return False
    if gaps >= _MANY_GAPS or lines != text.count("\n") + text.count(HYPHEN) - text.count(HYPHEN + "\r\n"):
        return False
    return all(page.surrounds(box) and not _stands(box) for box in rectangles)


def _may_be_mark(one: Box, other: Box, shares: tuple[float, float, float]) -> bool:
    """Return whether one of two neighbours is smaller and higher up."""
    big, small = (one, other) if one.height > other.height else (other, one)
    least, most, rise = shares
    return (
        least * big.height <= small.height <= most * big.height
        and small.bottom >= big.bottom + rise * big.height
        and small.top >= big.top - rise * big.height
        and other.left - one.right < _TOUCHING * big.height
    )


def _stands(box: Box) -> bool:
    """Return whether a run is taller than a large letter, and taller than wide: it goes up or down the page."""
    return box.height > 2 * box.width and box.height > 40  # noqa: PLR2004 - points


def arranged(runs: Sequence[Run], values: Sequence[Value] = ()) -> str:
    """Return the text of runs that stand upright; values of fields stand behind the text to their left."""
    lines = _lines(_with_values(_apart(runs), values))
    return "\n".join("".join(f" {segment.text}" for segment in line)[1:] for line in in_columns(lines))


def _apart(runs: Sequence[Run]) -> list[Run]:
    """Return the runs with separators that go by their places."""
    found: list[Run] = []
    for run in runs:
        if not found:
            found.append(run)
            continue
        last = found[-1]
        beside = same_line(last.box, run.box)
        before = run.before
        if last.text.endswith(HYPHEN):
            before = "\n"
        elif before == "\n" and beside and run.box.left >= last.box.right - last.box.height / 4:
            before = " "
        elif before != "\n" and not beside:
            before = "\n"
        elif not before and _is_mark(last, run):
            before = " "
        found.append(run._replace(before=before))
    return found


def _is_mark(one: Run, other: Run) -> bool:
    """Return whether one of two runs that touch is a footnote's mark, and no part of the other's word."""
    if not _may_be_mark(one.box, other.box, _FONT):
        return False
    if other.box.height < one.box.height:
        return bool(_MARKED.search(one.text)) and not _ROMAN.search(one.text)
    return bool(one.before) and bool(_WORD.match(other.text))


def _with_values(runs: list[Run], values: Sequence[Value]) -> list[Run]:
    """Return the runs with the values of fields behind what stands to their left, else at the end with their labels."""
    behind: dict[int, list[Value]] = {}
    for value in values:
        behind.setdefault(_left_of(runs, value.box), []).append(value)
    found: list[Run] = []
    for place, run in enumerate(runs):
        found.append(run)
        for value in behind.get(place, ()):
            end = found[-1].box
            found.append(Run(value.text, " ", Box(end.right, end.bottom, max(end.right, value.box.right), end.top)))
    for value in behind.get(-1, ()):
        label = f"{value.label}: " if value.label else ""
        found.append(Run(label + value.text, "\n", value.box))
    return found


def _left_of(runs: list[Run], box: Box) -> int:
    """Return the place of the nearest run to the left on the same line, -1 where there is none."""
    beside = (
        (run.box.right, place)
        for place, run in enumerate(runs)
        if run.box.right <= box.left + box.height / 2 and same_line(run.box, box)
    )
    return max(beside, default=(0.0, -1))[1]


def _lines(runs: Sequence[Run]) -> list[list[Segment]]:
    """Return lines of segments: stretches with a space as wide as a letter is high between them."""
    lines: list[list[Segment]] = []
    for run in runs:
        box, segment = run.box, lines[-1][-1] if lines else None
        if segment is None or run.before == "\n":
            lines.append([Segment(run.text, box)])
        elif box.left - segment.box.right > max(segment.box.height, box.height):
            lines[-1].append(Segment(run.text, box))
        else:
            wide = Box(
                min(segment.box.left, box.left),
                min(segment.box.bottom, box.bottom),
                max(segment.box.right, box.right),
                max(segment.box.top, box.top),
            )
            lines[-1][-1] = Segment(segment.text + run.before + run.text, wide)
    return lines
