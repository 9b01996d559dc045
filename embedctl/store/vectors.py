"""Vectors that the store already holds, found by the hash of what was encoded."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..labels import labels, part_of, row_of
from .parts import as_vectors, chunk_columns, read_sample, read_vectors

if TYPE_CHECKING:
    from collections.abc import Collection

    import pyarrow as pa
    from numpy.typing import NDArray

    from ..contracts import Vectors
    from .layout import Layout
    from .manifest import Manifest, Part, SampleRecord

    Hashes = NDArray[np.uint64]
    """uint64 ``(n, 4)``: sha256 in four words."""

WORDS = 4
READERS = 4
"""Threads that read hashes: a large store has hundreds of files of them."""
_SAMPLES = 1 << 31
"""Added to the number of a file of sampled texts, so that it is none of a part."""


class _Run(NamedTuple):
    """Sorted first words of hashes, and part and row of each."""

    keys: NDArray[np.uint64]
    places: NDArray[np.uint64]


class _Held(NamedTuple):
    """What a part has of each row."""

    hashes: Hashes
    vectors: Vectors


class KnownVectors:
    """Where each known vector of one encoder lies, whatever the field, at 16 bytes a chunk.

    Hashes are found by their first eight bytes and compared whole before a vector is taken.
    """

    def __init__(self, layout: Layout, manifest: Manifest, fingerprint: str, without: Collection[int] = ()) -> None:
        """Look the parts of a snapshot through; ``without`` are numbers of damaged ones, which are not read."""
        self._layout = layout
        self._fingerprint = fingerprint
        self._parts: dict[int, Part] = {}
        self._samples: dict[int, SampleRecord] = {}
        self._runs: list[_Run] = []
        self._held: dict[int, _Held] = {}
        """Parts that are not on disk yet."""
        self._last: tuple[int, _Held] | None = None
        served = manifest.index.parts if manifest.index else ()
        for part in {part.number: part for part in (*served, *manifest.parts)}.values():
            if _field_of(part, fingerprint) is not None and part.number not in without:
                self._parts[part.number] = part
        with ThreadPoolExecutor(READERS) as pool:
            runs = [
                _run(number, keys)
                for number, keys in zip(self._parts, pool.map(self._keys, self._parts.values()), strict=True)
            ]
        if runs:
            self._runs.append(_merged(*runs))
        for sample in manifest.samples:
            if sample.file.made_with == fingerprint:
                self.add_sample(sample)

    def add_sample(self, sample: SampleRecord) -> None:
        """Find the vectors of a file of sampled texts, too."""
        number = _SAMPLES + sample.number
        self._samples[number] = sample
        self._add(number, read_sample_hashes(self._layout, sample))

    def hold(self, number: int, hashes: Hashes, vectors: Vectors) -> None:
        """Remember the vectors of a part that is being written."""
        self._held[number] = _Held(hashes, vectors)
        self._add(number, hashes)

    def settle(self, part: Part) -> None:
        """Let go of a part that is on disk now, and find its vectors there."""
        self._parts[part.number] = part
        del self._held[part.number]

    def lookup(self, wanted: Hashes) -> tuple[NDArray[np.int64], Vectors]:
        """Return the rows of ``wanted`` that are known, int64 ``(m,)``, and their vectors, float32 ``(m, dim)``.

        Without any, ``dim`` is 0.
        """
        rows: list[NDArray[np.int64]] = []
        vectors: list[Vectors] = []
        unmet = np.arange(len(wanted))
        for run in self._runs:
            if not len(run.keys) or not len(unmet):
                continue
            keys = wanted[unmet, 0]
            at = np.minimum(np.searchsorted(run.keys, keys), len(run.keys) - 1)
            hits = np.flatnonzero(run.keys[at] == keys)
            places = run.places[at[hits]]
            met = np.zeros(len(unmet), dtype=bool)
            numbers = part_of(places)
            for number in np.unique(numbers).tolist():
                here = numbers == number
                source = row_of(places[here])
                part = self._part(number)
                same = (part.hashes[source] == wanted[unmet[hits[here]]]).all(axis=1)
                rows.append(unmet[hits[here][same]])
                vectors.append(part.vectors[source[same]])
                met[hits[here][same]] = True
            unmet = unmet[~met]
        if not rows:
            return np.empty(0, dtype=np.int64), np.empty((0, 0), dtype=np.float32)
        return np.concatenate(rows), np.concatenate(vectors)

    def _part(self, number: int) -> _Held:
        """Return hashes and vectors of a part; the last one that was read stays, since neighbours move together."""
        held = self._held.get(number)
        if held:
            return held
        if self._last is None or self._last[0] != number:
            if number in self._samples:
                sample = self._samples[number]
                held = _Held(read_sample_hashes(self._layout, sample), read_sample_vectors(self._layout, sample))
            else:
                part = self._parts[number]
                field = _field_of(part, self._fingerprint)
                assert field is not None
                held = _Held(read_hashes(self._layout, part), read_vectors(self._layout, part, field))
            self._last = (number, held)
        return self._last[1]

    def _keys(self, part: Part) -> NDArray[np.uint64]:
        return read_hashes(self._layout, part)[:, 0].copy()

    def _add(self, number: int, hashes: Hashes) -> None:
        self._runs.append(_merged(_run(number, hashes[:, 0])))
        while len(self._runs) > 1 and 2 * len(self._runs[-1].keys) >= len(self._runs[-2].keys):
            self._runs.append(_merged(self._runs.pop(), self._runs.pop()))


def _field_of(part: Part, fingerprint: str) -> str | None:
    """Return a field whose vectors in a part this encoder made; ``None``: there is none."""
    return next((name for name, record in part.vectors.items() if record.made_with == fingerprint), None)


def read_hashes(layout: Layout, part: Part) -> Hashes:
    """Return the hash of what each chunk of a part gives to the encoder."""
    return as_hashes(chunk_columns(layout, part, "sha256").column("sha256"))


def read_sample_hashes(layout: Layout, sample: SampleRecord) -> Hashes:
    """Return the hashes in a file of sampled texts."""
    return as_hashes(read_sample(layout, sample, "sha256").column("sha256"))


def read_sample_vectors(layout: Layout, sample: SampleRecord) -> Vectors:
    """Return the vectors in a file of sampled texts, float32 ``(rows, dim)``."""
    return as_vectors(read_sample(layout, sample, "vector").column("vector"))


def as_hashes(column: pa.ChunkedArray) -> Hashes:
    """Return a column of ``fixed_size_binary[32]`` without nulls as words."""
    arrays = [
        np.frombuffer(array.buffers()[1], dtype="<u8", count=WORDS * len(array), offset=8 * WORDS * array.offset)
        for array in column.chunks
        if len(array)
    ]
    return (np.concatenate(arrays) if arrays else np.empty(0, dtype=np.uint64)).reshape(-1, WORDS)


def distinct(hashes: Hashes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first row of each distinct hash, ascending, and for every row its place among those."""
    rows = np.ascontiguousarray(hashes).view(f"V{8 * WORDS}").reshape(-1)
    _, first, inverse = np.unique(rows, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return first[order], place[inverse]


def _run(number: int, keys: NDArray[np.uint64]) -> _Run:
    """Return the keys of a part's rows, in the order of its rows."""
    return _Run(keys, labels(number, np.arange(len(keys))))


def _merged(*runs: _Run) -> _Run:
    keys = np.concatenate([run.keys for run in runs])
    order = np.argsort(keys, kind="stable")
    return _Run(keys[order], np.concatenate([run.places for run in runs])[order])
