"""Vectors that the store already holds, found by the hash of what was encoded."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .parts import chunk_columns, read_vectors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..contracts import Vectors
    from .layout import Layout
    from .manifest import Manifest, Part


class _Run(NamedTuple):
    """Sorted first eight bytes of hashes, and part and row of each."""

    keys: NDArray[np.uint64]
    places: NDArray[np.uint64]


class KnownVectors:
    """Where each known vector of one encoder lies, at 16 bytes a chunk.

    Hashes are found by their first eight bytes and compared whole before a vector is taken.
    """

    def __init__(self, layout: Layout, manifest: Manifest, fingerprint: str) -> None:
        self._layout = layout
        self._parts: dict[int, Part] = {}
        self._runs: list[_Run] = []
        served = manifest.index.parts if manifest.index else ()
        for part in {part.number: part for part in (*served, *manifest.parts)}.values():
            if part.chunks and part.embeddings and part.embeddings.made_with == fingerprint:
                self.add(part)

    def add(self, part: Part) -> None:
        """Remember the vectors of a part."""
        keys = _prefixes(chunk_columns(self._layout, part, "sha256").column("sha256").to_pylist())
        places = (np.uint64(part.number) << np.uint64(32)) | np.arange(len(keys), dtype=np.uint64)
        self._parts[part.number] = part
        self._runs.append(_merged(_Run(keys, places)))
        while len(self._runs) > 1 and 2 * len(self._runs[-1].keys) >= len(self._runs[-2].keys):
            self._runs.append(_merged(self._runs.pop(), self._runs.pop()))

    def lookup(self, hashes: Sequence[bytes]) -> dict[int, NDArray[np.float32]]:
        """Return position in ``hashes`` -> vector ``(dim,)``, for those that are known."""
        wanted = _prefixes(hashes)
        candidates: dict[int, list[tuple[int, int]]] = {}
        for run in self._runs:
            if not len(run.keys):
                continue
            at = np.minimum(np.searchsorted(run.keys, wanted), len(run.keys) - 1)
            for position in np.flatnonzero(run.keys[at] == wanted).tolist():
                place = int(run.places[at[position]])
                candidates.setdefault(place >> 32, []).append((position, place & 0xFFFFFFFF))
        found: dict[int, NDArray[np.float32]] = {}
        for number, pairs in candidates.items():
            part = self._parts[number]
            stored = chunk_columns(self._layout, part, "sha256").column("sha256")
            vectors: Vectors = read_vectors(self._layout, part)
            for position, row in pairs:
                if position not in found and stored[row].as_py() == hashes[position]:
                    found[position] = vectors[row].copy()
        return found


def _prefixes(hashes: Sequence[bytes]) -> NDArray[np.uint64]:
    return np.frombuffer(b"".join(value[:8] for value in hashes), dtype="<u8")


def _merged(*runs: _Run) -> _Run:
    keys = np.concatenate([run.keys for run in runs])
    order = np.argsort(keys, kind="stable")
    return _Run(keys[order], np.concatenate([run.places for run in runs])[order])
