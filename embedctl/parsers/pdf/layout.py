"""Lines from runs: cells of a row in one line, marks apart from words, columns one after the other.

PDFium follows the order in which a page draws its text, which nearly always is the order of reading. Only where the
places of the runs contradict it is a page arranged here.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from .columns import LEAST_LINES, Segment, in_columns, most_common
from .marks import INK, is_mark, may_be_mark
from .runs import Box, Run, around, same_line

if TYPE_CHECKING:
    from collections.abc import Sequence

HYPHEN = "\ufffe"
"""PDFium's mark for a hyphen at the end of a line."""

_COLUMN = 60.0
"""Width in points of a stretch that may be a line of a column."""
_FEW, _SOME = 0.05, 0.15
"""Shares of a page's lines: broken where none ends, and with a gap at one place, that change nothing worth the time."""
_MOST = 0.8
"""Share of lines that stand higher than the one before, of a page that was drawn upwards."""
_TALL = 40.0
"""Points; most letters are smaller."""
_BACK, _APART, _OVERLAP = 0.25, 0.35, 0.4
"""Shares of a line's height: by which a run may begin before the end of the one that it follows; between runs on
different lines; of which runs of one line have more in common."""


class Value(NamedTuple):
    """A filled field of a form."""

    text: str
    box: Box
    label: str


class Survey(NamedTuple):
    """How PDFium's text of a page compares with the places of its runs."""

    in_order: bool
    """Its lines are those that the places make, or nearly so."""
    marks: list[int]
    """Runs, from 0, that may be a footnote's mark and touch a word, or the other way round."""


def survey(rectangles: Sequence[Box], text: str, page: Box) -> Survey:
    """Return whether PDFium's text can be taken as it is; ``rectangles`` are the runs' ink."""
    if not rectangles:
        return Survey(True, [])
    lines = rising = 0
    marks, gutters = [], []
    begin = gap = -1.0
    """Left end of the stretch without wide gaps, and width of the one before it on the same line."""
    gutter = (0.0, 0.0)
    for number, (one, other) in enumerate(pairwise(rectangles), 1):
        left, bottom, right, top = one
        next_left, next_bottom, _, next_top = other
        height, next_height = top - bottom, next_top - next_bottom
        high, low = (height, next_height) if height > next_height else (next_height, height)  # faster than max()
        overlap = (top if top < next_top else next_top) - (bottom if bottom > next_bottom else next_bottom)
        if begin < 0:
            begin = left
        if next_left <= right - _BACK * high:
            ends = overlap <= _OVERLAP * low or next_left < left
        else:
            ends = overlap < -_APART * high
        wide = not ends and next_left - right > high
        if ends or wide:
            if gap > _COLUMN and right - begin > _COLUMN:
                gutters.append(gutter)
            lines += ends
            rising += ends and next_bottom >= top
            gap, gutter, begin = (right - begin if wide else -1.0), (right, next_left), next_left
        elif INK[0] * high <= low <= INK[1] * high and may_be_mark(one, other, INK):
            marks.append(number)
    breaks = text.count("\n") + text.count(HYPHEN) - text.count(HYPHEN + "\r\n")
    columns = max(LEAST_LINES, _SOME * lines)
    in_order = (
        (breaks - lines) <= _FEW * lines
        and rising <= _MOST * lines
        and (len(gutters) < columns or most_common(gutters)[1] < columns)
        and page.surrounds(around(rectangles))
        and not any(map(_stands, rectangles))
    )
    return Survey(in_order, marks)


def _stands(box: Box) -> bool:
    """Return whether a run is taller than a large letter, and taller than wide: it goes up or down the page."""
    left, bottom, right, top = box
    return top - bottom > _TALL and top - bottom > 2 * (right - left)


def arranged(runs: Sequence[Run], values: Sequence[Value] = (), gap: float = 1.0) -> str:
    """Return the text of runs that stand upright; values of fields stand behind the text to their left.

    ``gap`` is the least space between columns, as a share of a line's height.
    """
    lines = _downwards(_lines(_with_values(_apart(runs), values), gap))
    return "\n".join("".join(f" {segment.text}" for segment in line)[1:] for line in in_columns(lines))


def _apart(runs: Sequence[Run]) -> list[Run]:
    """Return the runs with separators that go by their places."""
    found: list[Run] = []
    for run in runs:
        if not found:
            found.append(run._replace(before="\n"))
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
        elif not before and is_mark(last.before + last.text, run.text, last.box, run.box):
            before = " "
        found.append(run._replace(before=before))
    return found


def _downwards(lines: list[list[Segment]]) -> list[list[Segment]]:
    """Return the lines from top to bottom where they were drawn upwards, else as they are."""
    rising = sum(other[0].box.bottom >= one[0].box.top - one[0].box.height / 2 for one, other in pairwise(lines))
    if rising <= _MOST * (len(lines) - 1):
        return lines
    return sorted(lines, key=lambda line: -line[0].box.bottom)


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


def _lines(runs: Sequence[Run], gap: float) -> list[list[Segment]]:
    """Return lines of segments: stretches with wide gaps between them."""
    lines: list[list[Segment]] = []
    for run in runs:
        box, segment = run.box, lines[-1][-1] if lines else None
        if segment is None or run.before == "\n":
            lines.append([Segment(run.text, box)])
        elif box.left - segment.box.right > gap * max(segment.box.height, box.height):
            lines[-1].append(Segment(run.text, box))
        else:
            lines[-1][-1] = Segment(segment.text + run.before + run.text, around([segment.box, box]))
    return lines
