"""Labels: one number for each chunk, and for each document, of a store.

The part's number is in the upper 32 bits, the row in that part's file in the lower ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Labels = NDArray[np.uint64]

_BITS = 32
_SHIFT, _MASK = np.uint64(_BITS), np.uint64((1 << _BITS) - 1)


def label(part: int, row: int) -> int:
    """Return the label of one row of a part."""
    return part << _BITS | row


def split(value: int) -> tuple[int, int]:
    """Return part number and row of a label."""
    return value >> _BITS, value & ((1 << _BITS) - 1)


def labels(part: int, rows: NDArray[Any]) -> Labels:
    """Return the labels of ``rows`` of a part, uint64 of the same shape."""
    return np.uint64(part) << _SHIFT | np.asarray(rows).astype(np.uint64)


def part_of(values: Labels) -> Labels:
    """Return the part number of each label, uint64."""
    return values >> _SHIFT


def row_of(values: Labels) -> NDArray[np.int64]:
    """Return the row of each label in its part's file, int64."""
    return (values & _MASK).astype(np.int64)


def is_in(values: NDArray[Any], among: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which of ``values`` are among sorted ones, bool of the same shape."""
    if not len(among):
        return np.zeros(np.shape(values), dtype=np.bool_)
    places = np.minimum(np.searchsorted(among, values), len(among) - 1)
    found: NDArray[np.bool_] = among[places] == values
    return found


def bounds(part: int) -> Labels:
    """Return the first label of a part and the first one behind it, uint64 ``(2,)``: to search sorted labels with."""
    return np.array([part, part + 1], dtype=np.uint64) << _SHIFT
