"""The files of a dense arm, and its vectors on disk: immutable segments, mapped into memory and read in place.

::

    vectors/<segment>/vectors.f16    little-endian float16, row after row
    vectors/<segment>/labels.u64     the label of each row, ascending
    vectors/<segment>/bits.u64       in large indexes, sign bits: see :func:`~embedctl.arms.dense.kernels.sign_planes`
    dead.u64       labels that the segments hold and no query may return: sorted little-endian uint64
    centre.f32     the mean that sign bits were taken around, little-endian float32; only with bits
    hnsw.bin hnsw.bin.json hnsw.u64                       the graph, see ``hnsw_file``; only where there is one

Rows that have died since stay in their segment until it is merged. A *row* counts through all segments in their order.
Rows mean something only in one opened set; labels are for others.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ...errors import DamagedError, MismatchError, ModelError
from ...labels import is_in
from ...store.arrays import mapped
from .kernels import dots, to_float32, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ...contracts import Allowed, Labels, Vectors
    from ...store.segments import SegmentRecord
    from .kernels import Halves, Planes

    Rows = NDArray[np.int64]

VECTORS, LABELS, BITS = "vectors.f16", "labels.u64", "bits.u64"
"""Files of a segment."""

BLOCK_ROWS = 65_536
"""Rows that are multiplied with one query at once."""
_GATHER_ROWS = 8_192


@dataclass(frozen=True, slots=True)
class DenseFiles:
    """Paths below the folder of the arm."""

    root: Path

    @property
    def hnsw(self) -> Path:
        """The graph; its facts and labels lie beside it."""
        return self.root / "hnsw.bin"

    @property
    def dead(self) -> Path:
        """Labels of dead rows."""
        return self.root / "dead.u64"

    @property
    def centre(self) -> Path:
        """The centre of the sign bits."""
        return self.root / "centre.f32"

    def segment(self, number: int) -> Path:
        """Return the folder of one segment."""
        return self.root / "vectors" / f"{number:06d}"

    def names(self, structure: str, segments: Sequence[SegmentRecord]) -> list[str]:
        """Return the files that ``vectors``, ``binary`` or ``hnsw`` consists of, relative to ``root``."""
        if structure == "hnsw":
            from .hnsw_file import facts_path, labels_path  # with hnswlib, only for the graph

            paths = [facts_path(self.hnsw), labels_path(self.hnsw), self.hnsw]
        else:
            wanted, beside = ((BITS,), self.centre) if structure == "binary" else ((LABELS, VECTORS), self.dead)
            paths = [beside, *(self.segment(one.number) / name for one in segments for name in wanted)]
        return [path.relative_to(self.root).as_posix() for path in paths]


@dataclass(frozen=True, slots=True)
class Segment:
    """One opened segment."""

    labels: Labels
    """Ascending uint64 ``(n,)``."""
    vectors: Halves
    """Float16 ``(n, dim)``."""
    dead: Rows
    """Rows of this segment that no query may return, ascending."""
    planes: Planes | None = None
    """Sign bits, uint64 ``(words(dim), n)``."""

    def live(self) -> NDArray[np.bool_]:
        """Return which rows are alive, bool ``(n,)``."""
        live = np.ones(len(self.labels), dtype=np.bool_)
        live[self.dead] = False
        return live

    def kept(self, allowed: Allowed | None) -> NDArray[np.bool_] | None:
        """Return which rows are alive and allowed, bool ``(n,)``; ``None``: all."""
        if allowed is None:
            return self.live() if len(self.dead) else None
        mask = allowed.mask(self.labels)
        return mask & self.live() if len(self.dead) else mask


def open_segment(folder: Path, rows: int, dim: int, dead: Labels, planes: bool) -> Segment:
    """Map the segment in ``folder``, which must have ``rows`` vectors, at least one; ``planes``: and sign bits.

    ``dead``: sorted labels of dead rows, of this segment and of others.

    Raises:
        DamagedError: a file is missing or has another length.
    """
    if rows < 1:
        raise DamagedError(f"{folder} is to hold {rows} rows, and there is no such segment.")
    labels: Labels = mapped(folder / LABELS, "<u8", (rows,))
    first, behind = np.searchsorted(dead, labels[0]), np.searchsorted(dead, labels[-1], side="right")
    near = dead[first:behind]
    places = np.searchsorted(labels, near)
    return Segment(
        labels=labels,
        vectors=mapped(folder / VECTORS, "<f2", (rows, dim)),
        dead=places[labels[places] == near].astype(np.int64),
        planes=mapped(folder / BITS, "<u8", (words(dim), rows)) if planes else None,
    )


def open_segments(
    files: DenseFiles, records: Sequence[SegmentRecord], dim: int, dead: Labels, planes: bool = False
) -> list[Segment]:
    """Map the segments of an arm; see :func:`open_segment`."""
    return [open_segment(files.segment(one.number), one.rows, dim, dead, planes) for one in records]


def check_query(vectors: Vectors, dim: int) -> None:
    """Refuse query vectors that cannot be compared with an index of ``dim`` dimensions.

    Raises:
        MismatchError: they have another dimension.
        ModelError: they hold NaN or infinity.
    """
    if vectors.shape[-1] != dim:
        raise MismatchError(f"The query vector has {vectors.shape[-1]} dimensions, the index has {dim}.")
    if not np.isfinite(vectors).all():
        raise ModelError("The query vector holds values that are not finite numbers.")


class Segments:
    """The vectors of one generation, live and dead."""

    def __init__(self, segments: Sequence[Segment], dim: int) -> None:
        """Take opened segments, none of them empty; their labels may interleave."""
        self.segments = tuple(segments)
        self.dim = dim
        self.starts = np.cumsum([0, *(len(segment.labels) for segment in self.segments)]).astype(np.int64)
        """Row at which each segment begins, and one behind the last; int64 ``(segments + 1,)``."""
        dead = [segment.dead + start for segment, start in zip(self.segments, self.starts, strict=False)]
        self._dead: Rows = np.concatenate([np.empty(0, dtype=np.int64), *dead])

    def __len__(self) -> int:
        """Return the number of live rows."""
        return int(self.starts[-1]) - len(self._dead)

    @property
    def total(self) -> int:
        """Rows, dead ones included."""
        return int(self.starts[-1])

    def blocks(
        self, allowed: Allowed | None = None, rows: int = 0
    ) -> Iterator[tuple[int, Halves, NDArray[np.bool_] | None]]:
        """Yield all rows in order, at most ``rows`` at a time; blocks with nothing to keep are left out.

        Of each block: its first row, the vectors, and which are alive and allowed, where ``None`` is all of them.
        """
        rows = rows or BLOCK_ROWS
        for segment, start in zip(self.segments, self.starts.tolist(), strict=False):
            kept = segment.kept(allowed)
            for at in range(0, len(segment.labels), rows):
                keep = None if kept is None else kept[at : at + rows]
                if keep is None or keep.any():
                    yield start + at, segment.vectors[at : at + rows], keep

    def labels_of(self, rows: Rows) -> Labels:
        """Return the label of each row."""
        labels = np.empty(len(rows), dtype=np.uint64)
        for segment, places, local in self._split(rows):
            labels[places] = segment.labels[local]
        return labels

    def rows_of(self, labels: Labels) -> Rows:
        """Return the row of each label; -1 where there is none."""
        labels = np.asarray(labels, dtype=np.uint64)
        rows = np.full(len(labels), -1, dtype=np.int64)
        for segment, start in zip(self.segments, self.starts, strict=False):
            near = np.flatnonzero((labels >= segment.labels[0]) & (labels <= segment.labels[-1]))
            places = np.searchsorted(segment.labels, labels[near])
            found = segment.labels[places] == labels[near]
            rows[near[found]] = places[found] + start
        return rows

    def live_rows_of(self, allowed: Allowed) -> Rows:
        """Return the rows that are alive and allowed, for a filter that lets few through."""
        rows = self.rows_of(allowed.labels)
        rows = rows[rows >= 0]
        return rows[~is_in(rows, self._dead)]

    def scores(self, vector: Vectors, rows: Rows) -> NDArray[np.float32]:
        """Return the similarity of float32 ``(dim,)`` to each row, the same wherever it is asked for; ``(n,)``."""
        scores = np.empty(len(rows), dtype=np.float32)
        for segment, places, local in self._split(rows):
            for at in range(0, len(local), _GATHER_ROWS):
                gathered = to_float32(segment.vectors[local[at : at + _GATHER_ROWS]])
                scores[places[at : at + _GATHER_ROWS]] = dots(vector, gathered)
        return scores

    def cosine(self, vector: Vectors, labels: Labels) -> NDArray[np.float32]:
        """Return the similarity to each of ``labels``, float32 ``(n,)``; NaN where there is no such row.

        Raises:
            MismatchError: ``vector`` has another dimension.
            ModelError: ``vector`` is not finite.
        """
        check_query(vector, self.dim)
        rows = self.rows_of(labels)
        known = rows >= 0
        scores = np.full(len(rows), np.nan, dtype=np.float32)
        scores[known] = self.scores(np.ascontiguousarray(vector, dtype=np.float32), rows[known])
        return scores

    def vectors_of(self, labels: Labels) -> Vectors:
        """Return what is stored of each of ``labels``, float32 ``(n, dim)``; those that there are."""
        rows = self.rows_of(labels)
        rows = rows[rows >= 0]
        vectors = np.empty((len(rows), self.dim), dtype=np.float32)
        for segment, places, local in self._split(rows):
            vectors[places] = to_float32(segment.vectors[local])
        return vectors

    @cached_property
    def live_labels(self) -> Labels:
        """The labels of all live rows, ascending."""
        return np.sort(np.concatenate([np.empty(0, np.uint64), *(one.labels[one.live()] for one in self.segments)]))

    def beside(self, labels: Labels) -> Segments:
        """Return the live rows that are not among the sorted ``labels``, copied into memory."""
        tails = []
        for segment in self.segments:
            rows = np.flatnonzero(segment.live() & ~is_in(segment.labels, labels))
            if len(rows):
                tails.append(Segment(segment.labels[rows], segment.vectors[rows], np.empty(0, dtype=np.int64)))
        return Segments(tails, self.dim)

    def _split(self, rows: Rows) -> Iterator[tuple[Segment, NDArray[np.intp], Rows]]:
        """Yield each segment that ``rows`` lie in, their places in ``rows``, and their rows in the segment."""
        owners = np.searchsorted(self.starts, rows, side="right") - 1
        for number in np.unique(owners).tolist():
            places = np.flatnonzero(owners == number)
            yield self.segments[number], places, rows[places] - self.starts[number]
