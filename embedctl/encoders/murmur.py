"""MurmurHash3 (x86, 32 bit, seed 0) of many short strings at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Words = NDArray[np.uint32]

_C1, _C2 = np.uint32(0xCC9E2D51), np.uint32(0x1B873593)


def murmur3(data: bytes, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> Words:
    """Return the hash of each ``data[start:start + length]``, uint32, as ``sklearn.utils.murmurhash3_32`` has it."""
    padded = np.frombuffer(data + bytes(4), dtype=np.uint8).astype(np.uint32)
    fours: Words = (
        padded[:-3] | padded[1:-2] << np.uint32(8) | padded[2:-1] << np.uint32(16) | padded[3:] << np.uint32(24)
    )
    blocks = lengths >> 2
    hashes: Words = np.zeros(len(starts), dtype=np.uint32)
    for block in range(int(blocks.max(initial=0))):
        rows = np.flatnonzero(blocks > block)
        mixed = hashes[rows] ^ _mixed(fours[starts[rows] + 4 * block])
        hashes[rows] = _turned(mixed, 13) * np.uint32(5) + np.uint32(0xE6546B64)
    rest = (lengths & 3).astype(np.uint32)
    mask: Words = (np.uint32(1) << np.uint32(8) * rest) - np.uint32(1)
    hashes ^= _mixed(fours[starts + 4 * blocks] & mask)  # nothing is left: 0, which changes nothing
    hashes ^= lengths.astype(np.uint32)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        hashes ^= hashes >> np.uint32(shift)
        hashes *= np.uint32(factor)
    return hashes ^ hashes >> np.uint32(16)


def _mixed(values: Words) -> Words:
    return _turned(values * _C1, 15) * _C2


def _turned(values: Words, bits: int) -> Words:
    turned: Words = values << np.uint32(bits) | values >> np.uint32(32 - bits)
    return turned
