"""The choice of immutable segments that are merged, so that there are few of them and changes stay cheap."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Size(NamedTuple):
    """Rows of a segment."""

    live: int
    dead: int


def to_merge(sizes: Sequence[Size], added: int, ratio: int, dead_share: float) -> list[int]:
    """Return which segments are to be rewritten, together with ``added`` rows.

    Those with more than ``dead_share`` dead rows, and those of less than ``ratio`` times the rows that are written
    anyway, from the smallest on. So each segment is larger than ``ratio`` times the next, there are few of them, and a
    row is rewritten a logarithmic number of times.
    """
    taken = [at for at, size in enumerate(sizes) if size.dead > dead_share * (size.live + size.dead)]
    rows = added + sum(sizes[at].live for at in taken)
    if rows:
        for at in sorted(set(range(len(sizes))) - set(taken), key=lambda at: sizes[at].live):
            if sizes[at].live >= ratio * rows:
                break
            taken.append(at)
            rows += sizes[at].live
    return sorted(taken)
