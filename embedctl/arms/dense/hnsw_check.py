"""Looking through the file of an HNSW graph before hnswlib does, which follows every number that it finds there.

A checksum tells that a file is the one that was written; it does not tell who wrote it. In a store that came from
elsewhere, a link behind the last row or a level that is not there would make hnswlib read, or write, somewhere else.

hnswlib 0.8 writes: the header; for each row the number of its links (16 bits, then a byte of marks), room for ``2 * m``
links, the vector and the label; then for each row the bytes of its links on higher levels, level by level: number of
links, room for ``m``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ...errors import DamagedError
from .hnsw_file import HEADER, checked_facts, read_labels

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from .hnsw_file import HnswFacts

    Words = NDArray[np.uint32]

_BLOCK_ROWS = 8_192


class _WrongError(Exception):
    """The message is a clause that says what is wrong."""


def check_graph(path: Path, dim: int, hint: str = "") -> None:
    """Read a graph of ``dim`` dimensions through, in blocks.

    Raises:
        DamagedError: it is not one that hnswlib can load, walk and extend safely, or its labels are others.
        MismatchError: it has other dimensions.
    """
    facts = checked_facts(path, dim)
    try:
        _check(path, facts)
    except _WrongError as error:
        raise DamagedError(f"{path} is no HNSW graph of embedctl's: {error}.", hint) from None
    except OSError as error:
        raise DamagedError(f"{path} cannot be read: {error.strerror}.", hint) from error


def _check(path: Path, facts: HnswFacts) -> None:
    row_words = (2 * facts.m * 4 + 4 + 4 * facts.dim + 8) // 4
    with path.open("rb") as file:
        head = HEADER.unpack(file.read(HEADER.size))
    level, entry = _header(head, facts)
    end = HEADER.size + facts.count * row_words * 4
    if facts.size < end or (facts.size - end) % 4:
        raise _WrongError("it is too short for its rows")
    words = np.memmap(path, "<u4", "r", HEADER.size, ((facts.size - HEADER.size) // 4,))
    rows = words[: facts.count * row_words].reshape(facts.count, row_words)
    owners, levels, lists = _upper(words[facts.count * row_words :], facts)
    heights = np.zeros(facts.count, dtype=np.int64)
    np.maximum.at(heights, owners, levels)
    if facts.count and (entry >= facts.count or heights[entry] != level or heights.max() != level):
        raise _WrongError("its entry point is not on its highest level")
    if len(lists):
        targets, used = _used(lists[:, 0], lists[:, 1:], facts)
        if (heights[np.where(used, targets, 0)] < np.where(used, levels[:, np.newaxis], 0)).any():
            raise _WrongError("a link leads to a level that a row does not have")
    labels = [_block(rows[at : at + _BLOCK_ROWS], facts) for at in range(0, facts.count, _BLOCK_ROWS)]
    known = read_labels(path, facts)
    if (known[1:] <= known[:-1]).any():
        raise _WrongError("the labels beside it are not in order")
    if not np.array_equal(np.sort(np.concatenate([np.empty(0, np.uint64), *labels])), known):
        raise _WrongError("its labels are not those beside it")


def _header(head: tuple[float, ...], facts: HnswFacts) -> tuple[int, int]:
    """Return highest level and entry point."""
    links = 2 * facts.m * 4 + 4
    offset_level0, _, _, _, label_offset, data_offset, level, entry, max_m, max_m0, _, mult, _ = head
    expected = (0, links + 4 * facts.dim, links, facts.m, 2 * facts.m)
    if (offset_level0, label_offset, data_offset, max_m, max_m0) != expected:
        raise _WrongError("its header gives other places than its rows have")
    if not math.isclose(mult, 1 / math.log(facts.m), rel_tol=1e-6):
        raise _WrongError("its levels are drawn in another way")
    if facts.max_elements < facts.count or not (0 <= level < facts.count if facts.count else level == -1):
        raise _WrongError("its header does not fit the number of its rows")
    return int(level), int(entry)


def _upper(words: Words, facts: HnswFacts) -> tuple[NDArray[np.int64], NDArray[np.int64], Words]:
    """Return the lists of links above the lowest level: the row of each, its level, from 1, and ``(lists, 1 + m)``.

    A list is the number of links, then room for ``m``. Most rows have none, and a zero says so: only the others are
    visited one by one.
    """
    size = 1 + facts.m
    starts: list[int] = []
    levels: list[int] = []
    owners: list[int] = []
    row = place = 0
    filled = np.flatnonzero(words)
    while row < facts.count:
        at = int(np.searchsorted(filled, place))
        first = int(filled[at]) if at < len(filled) else len(words)
        row, place = row + first - place, first  # past the zeros
        if row >= facts.count:
            place -= row - facts.count
            break
        if place == len(words):
            raise _WrongError("it ends before the links of all rows")
        length = int(words[place])
        count, rest = divmod(length, 4 * size)
        if rest or place + 1 + length // 4 > len(words):
            raise _WrongError("links of a row have a length that they cannot have")
        starts += range(place + 1, place + 1 + count * size, size)
        levels += range(1, count + 1)
        owners += [row] * count
        row, place = row + 1, place + 1 + length // 4
    if place != len(words):
        raise _WrongError("it goes on behind the links of all rows")
    lists = words[np.asarray(starts, dtype=np.int64)[:, np.newaxis] + np.arange(size)]
    return np.asarray(owners, dtype=np.int64), np.asarray(levels, dtype=np.int64), lists


def _block(rows: Words, facts: HnswFacts) -> NDArray[np.uint64]:
    """Check links and vectors of rows, and return their labels."""
    first = 1 + 2 * facts.m
    if (rows[:, 0] >> 16).any():
        raise _WrongError("a row is marked as deleted")
    _used(rows[:, 0], rows[:, 1:first], facts)
    if not np.isfinite(rows[:, first : first + facts.dim].view("<f4")).all():
        raise _WrongError("a vector has values that are not finite numbers")
    labels: NDArray[np.uint64] = np.ascontiguousarray(rows[:, first + facts.dim :]).view("<u8").reshape(-1)
    return labels.astype(np.uint64, copy=False)


def _used(counts: Words, links: Words, facts: HnswFacts) -> tuple[Words, NDArray[np.bool_]]:
    """Return links, and which of them are in use.

    Raises:
        _WrongError: there are more than there is room for, or one leads to no row.
    """
    if (counts > links.shape[1]).any():
        raise _WrongError("a row has more links than there is room for")
    used = np.arange(links.shape[1]) < counts[:, np.newaxis]
    if (used & (links >= facts.count)).any():
        raise _WrongError("a link leads to no row")
    return links, used
