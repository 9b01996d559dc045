"""Vectors that the store already holds, found by the hash of what was encoded."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ..labels import labels, part_of, row_of
from .files import write_table
from .manifest import SampleRecord
from .parts import as_vectors, chunk_columns, read_sample, read_vectors, vector_column
from .schemas import samples_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import pyarrow as pa
    from numpy.typing import NDArray

    from ..contracts import Vectors
    from .layout import Layout
    from .manifest import Manifest, Part

    Hashes = NDArray[np.uint64]
    """uint64 ``(n, 4)``: sha256 in four words."""
    Held = tuple[Hashes, Vectors]
    """What is known of each row."""
    Run = tuple[NDArray[np.uint64], NDArray[np.uint64]]
    """First words of hashes, ascending, and the label of each."""

WORDS = 4
READERS = 4
"""Threads that read hashes: a large store has hundreds of files of them."""
_SAMPLES = 1 << 31
"""Added to the number of a file of sampled texts, so that it is none of a part."""


class KnownVectors:
    """Where each known vector of one encoder lies, whatever the field, at 16 bytes a chunk.

    Hashes are found by their first eight bytes and compared whole before a vector is taken.
    """

    def __init__(self, layout: Layout, manifest: Manifest, fingerprint: str, without: Collection[int] = ()) -> None:
        """Look the parts of a snapshot through; ``without`` are numbers of damaged ones, which are not read."""
        self._layout = layout
        self._fingerprint = fingerprint
        self._sources: dict[int, Callable[[], Held]] = {}
        """Number of a part, or of a file of sampled texts -> how it is read."""
        self._runs: list[Run] = []
        self._last: tuple[int, Held] | None = None
        served = manifest.index.parts if manifest.index else ()
        parts = []
        for part in {part.number: part for part in (*served, *manifest.parts)}.values():
            if part.number not in without and any(one.made_with == fingerprint for one in part.vectors.values()):
                parts.append(part)
                self.settle(part)
        with ThreadPoolExecutor(READERS) as pool:
            keys = pool.map(lambda part: read_hashes(layout, part)[:, 0].copy(), parts)
            runs = [_run(part.number, found) for part, found in zip(parts, keys, strict=True)]
        if runs:
            self._runs.append(_merged(*runs))
        for sample in manifest.samples:
            if sample.file.made_with == fingerprint:
                self.add_sample(sample)

    def add_sample(self, sample: SampleRecord) -> None:
        """Find the vectors of a file of sampled texts, too."""
        number = _SAMPLES + sample.number
        self._sources[number] = partial(sampled, self._layout, sample)
        self._add(number, read_sample_hashes(self._layout, sample))

    def hold(self, number: int, hashes: Hashes, vectors: Vectors) -> None:
        """Remember the vectors of a part that is being written."""
        self._sources[number] = lambda: (hashes, vectors)
        self._add(number, hashes)

    def settle(self, part: Part) -> None:
        """Find the vectors of a part on disk, and let go of them where they were held until it was there."""
        field = next(name for name, record in part.vectors.items() if record.made_with == self._fingerprint)
        self._sources[part.number] = lambda: (read_hashes(self._layout, part), read_vectors(self._layout, part, field))

    def lookup(self, wanted: Hashes) -> tuple[NDArray[np.int64], Vectors]:
        """Return the rows of ``wanted`` that are known, int64 ``(m,)``, and their vectors, float32 ``(m, dim)``.

        Without any, ``dim`` is 0.
        """
        rows: list[NDArray[np.int64]] = []
        vectors: list[Vectors] = []
        unmet = np.arange(len(wanted))
        for known, places in self._runs:
            if not len(known) or not len(unmet):
                continue
            keys = wanted[unmet, 0]
            at = np.minimum(np.searchsorted(known, keys), len(known) - 1)
            hits = np.flatnonzero(known[at] == keys)
            found = places[at[hits]]
            met = np.zeros(len(unmet), dtype=bool)
            numbers = part_of(found)
            for number in np.unique(numbers).tolist():
                here = numbers == number
                source = row_of(found[here])
                hashes_there, vectors_there = self._read(number)
                same = (hashes_there[source] == wanted[unmet[hits[here]]]).all(axis=1)
                rows.append(unmet[hits[here][same]])
                vectors.append(vectors_there[source[same]])
                met[hits[here][same]] = True
            unmet = unmet[~met]
        if not rows:
            return np.empty(0, dtype=np.int64), np.empty((0, 0), dtype=np.float32)
        return np.concatenate(rows), np.concatenate(vectors)

    def unknown(self, hashes: Hashes) -> NDArray[np.int64]:
        """Return the rows of ``hashes`` that have no known vector, ascending."""
        return np.setdiff1d(np.arange(len(hashes)), self.lookup(hashes)[0])

    def _read(self, number: int) -> Held:
        """Return hashes and vectors of a part; the last one that was read stays, since neighbours move together."""
        if self._last is None or self._last[0] != number:
            self._last = (number, self._sources[number]())
        return self._last[1]

    def _add(self, number: int, hashes: Hashes) -> None:
        self._runs.append(_merged(_run(number, hashes[:, 0])))
        while len(self._runs) > 1 and 2 * len(self._runs[-1][0]) >= len(self._runs[-2][0]):
            self._runs.append(_merged(self._runs.pop(), self._runs.pop()))


def read_hashes(layout: Layout, part: Part) -> Hashes:
    """Return the hash of what each chunk of a part gives to the encoder."""
    return as_hashes(chunk_columns(layout, part, "sha256").column("sha256"))


def read_sample_hashes(layout: Layout, sample: SampleRecord) -> Hashes:
    """Return the hashes in a file of sampled texts."""
    return as_hashes(read_sample(layout, sample, "sha256").column("sha256"))


def sampled(layout: Layout, sample: SampleRecord) -> Held:
    """Return the hashes in a file of sampled texts, and their vectors, float32 ``(rows, dim)``."""
    table = read_sample(layout, sample, "sha256", "vector")
    return as_hashes(table.column("sha256")), as_vectors(table.column("vector"))


def with_sample(layout: Layout, manifest: Manifest, hashes: Hashes, vectors: Vectors, encoder: str) -> Manifest:
    """Write vectors of texts, float32 ``(n, dim)``, to a new file; return the manifest that names it, as its last."""
    import pyarrow as pa

    number = max((record.number for record in manifest.samples), default=0) + 1
    words = [row.tobytes() for row in np.ascontiguousarray(hashes, dtype="<u8")]
    columns = [pa.array(words, pa.binary(32)), vector_column(vectors)]
    table = pa.Table.from_arrays(columns, schema=samples_schema(vectors.shape[1]))
    record = SampleRecord(number, write_table(layout.sample(number), table, encoder, vectors=True))
    return replace(manifest, samples=(*manifest.samples, record))


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


def _run(number: int, keys: NDArray[np.uint64]) -> Run:
    """Return the keys of a part's rows, in the order of its rows."""
    return keys, labels(number, np.arange(len(keys)))


def _merged(*runs: Run) -> Run:
    keys = np.concatenate([keys for keys, _ in runs])
    order = np.argsort(keys, kind="stable")
    return keys[order], np.concatenate([places for _, places in runs])[order]
