"""Writing segments: new ones from parts, one from several that are merged, and their sign bits."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ...errors import MismatchError, ModelError
from ...labels import part_of
from ...store.arrays import save_array, write_array
from .kernels import sign_planes, to_float16, to_float32, words
from .segments import BITS, LABELS, VECTORS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from ...contracts import Labels, Vectors
    from .kernels import Planes
    from .segments import Segment, Segments

Batch: TypeAlias = "tuple[Labels, NDArray[np.floating]]"
Runs: TypeAlias = "Mapping[int, Callable[[], Batch]]"
"""Live rows by part number: fetches labels, ascending, and vectors as float32 or float16."""

_BLOCK_ROWS = 32_768
_CENTRE_ROWS = 65_536
"""Rows that the centre is the mean of, at most: spread evenly over all."""


def runs_of(segment: Segment) -> dict[int, Callable[[], Batch]]:
    """Return the live rows of a segment, part by part."""
    parts = part_of(segment.labels)
    bounds = [0, *(np.flatnonzero(parts[1:] != parts[:-1]) + 1).tolist(), len(parts)]
    live = segment.live()

    def fetch(start: int, end: int) -> Batch:
        rows = start + np.flatnonzero(live[start:end])
        return segment.labels[rows], segment.vectors[rows]

    return {
        int(parts[start]): lambda start=start, end=end: fetch(start, end)  # type: ignore[misc]
        for start, end in pairwise(bounds)
    }


def in_order(segments: Segments) -> Iterator[tuple[Labels, Vectors]]:
    """Yield all live rows of all segments by ascending label, as float32, however they are spread over segments."""
    runs: dict[int, Callable[[], Batch]] = {}
    for segment in segments.segments:
        runs.update(runs_of(segment))
    for number in sorted(runs):
        labels, vectors = runs[number]()
        yield labels, to_float32(vectors)


def write_segment(folder: Path, runs: Runs, dim: int) -> int:
    """Write the rows of ``runs`` as a segment, by ascending part; return how many there are.

    The files are complete but not synced. Nothing is left where there is no row.

    Raises:
        MismatchError: vectors do not have ``dim`` dimensions, or not one for each label.
        ModelError: a vector holds NaN, infinity, or a number too large for float16.
    """
    folder.mkdir(parents=True)
    rows = 0
    with (folder / VECTORS).open("wb") as vectors_file, (folder / LABELS).open("wb") as labels_file:
        for number in sorted(runs):
            labels, vectors = runs[number]()
            if vectors.ndim != 2 or vectors.shape[1] != dim or len(labels) != len(vectors):
                raise MismatchError(
                    f"Vectors of shape {vectors.shape} do not fit {len(labels)} labels and {dim} dimensions."
                )
            halves = vectors if vectors.dtype == np.float16 else to_float16(vectors)
            if not np.isfinite(halves).all():
                raise ModelError("A vector holds values that are not finite numbers.")
            write_array(vectors_file, halves.astype("<f2", copy=False))
            write_array(labels_file, labels.astype("<u8", copy=False))
            rows += len(labels)
    if not rows:
        for name in (VECTORS, LABELS):
            (folder / name).unlink()
        folder.rmdir()
    return rows


def centre_of(segments: Segments) -> Vectors:
    """Return the mean of a sample of the vectors, float32 ``(dim,)``; the same for the same segments."""
    step = max(1, segments.total // _CENTRE_ROWS)
    total = np.zeros(segments.dim, dtype=np.float64)
    count = 0
    for segment in segments.segments:
        for at in range(0, len(segment.labels), _BLOCK_ROWS):
            sample = segment.vectors[at : at + _BLOCK_ROWS : step]
            total += to_float32(sample).sum(axis=0, dtype=np.float64)
            count += len(sample)
    return (total / max(1, count)).astype(np.float32)


def planes_of(segment: Segment, centre: Vectors) -> Planes:
    """Return the sign bits of a segment around ``centre``: uint64 ``(words(dim), n)``."""
    rows, dim = segment.vectors.shape
    planes: Planes = np.empty((words(dim), rows), dtype=np.uint64)
    for at in range(0, rows, _BLOCK_ROWS):
        planes[:, at : at + _BLOCK_ROWS] = sign_planes(to_float32(segment.vectors[at : at + _BLOCK_ROWS]), centre)
    return planes


def write_planes(folder: Path, segment: Segment, centre: Vectors) -> None:
    """Write the sign bits of a segment around ``centre`` beside its vectors."""
    save_array(folder / BITS, planes_of(segment, centre).astype("<u8", copy=False))
