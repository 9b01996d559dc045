"""Immutable segments: how an arm lists them, and which are merged, so that there are few and changes stay cheap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import DamagedError
from .piece import REPAIR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .manifest import ArmRecord


class SegmentRecord(NamedTuple):
    """One immutable run of vectors, or of rows."""

    number: int
    rows: int
    """Rows, those included that died since it was written."""


def to_merge(sizes: Sequence[tuple[int, int]], added: int, ratio: int, dead_share: float) -> list[int]:
    """Return which segments, of so many live and dead rows, are to be rewritten, together with ``added`` rows.

    Those with more than ``dead_share`` dead rows, and those of less than ``ratio`` times the rows that are written
    anyway, from the smallest on. So each segment is larger than ``ratio`` times the next, there are few of them, and a
    row is rewritten a logarithmic number of times.
    """
    taken = [at for at, (live, dead) in enumerate(sizes) if dead > dead_share * (live + dead)]
    rows = added + sum(sizes[at][0] for at in taken)
    if rows:
        for at in sorted(set(range(len(sizes))) - set(taken), key=lambda at: sizes[at][0]):
            if sizes[at][0] >= ratio * rows:
                break
            taken.append(at)
            rows += sizes[at][0]
    return sorted(taken)


def segment_records(record: ArmRecord, of: str = "dense arm") -> list[SegmentRecord]:
    """Return the segments of an arm, or of the rows, the largest first.

    Raise a :class:`DamagedError` if the manifest does not list them as this version writes them.
    """
    found: Any = record.facts.get("segments")
    try:
        segments = [SegmentRecord(number, rows) for number, rows in found]
        right = all(type(one.number) is type(one.rows) is int and one.number >= 0 < one.rows for one in segments)
        if not right or len({one.number for one in segments}) < len(segments):
            raise TypeError
    except (TypeError, ValueError):
        raise DamagedError(f"The manifest does not list the segments of the {of}.", REPAIR) from None
    return segments
