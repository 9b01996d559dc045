"""The choice of immutable segments that are merged, so that there are few of them and changes stay cheap."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


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
