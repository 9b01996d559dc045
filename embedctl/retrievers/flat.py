"""Exact nearest neighbours: a scan over memory-mapped float32 vectors, one raw file for each part.

Candidates are found by float32 matrix products in blocks. Their scores are then computed again one by one in
float64, because the last bit of a float32 product depends on where its row lies in the block: equal vectors get
equal scores, and ``search`` and ``cosine`` agree to the bit, filtered or not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..contracts import Ranking
from ..errors import DamagedError, MismatchError, ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..contracts import Allowed, Labels, Vectors

_BLOCK_ROWS = 65_536
_BLOCK_SCORES = 8 * 1024 * 1024
"""Most scores held at once: rows of a block times queries of a batch."""
_GATHER_ROWS = 4_096
_NARROW = 8
"""A filter that leaves less than one row in this many is answered by gathering those rows."""
_SLACK = 1e-4
"""More than a float32 product of two unit vectors can be off by, for any dimension in use."""


@dataclass(frozen=True, slots=True)
class FlatPart:
    """The vectors of one part."""

    number: int
    path: Path
    rows: int
    dead_rows: NDArray[np.int64]
    """Chunk rows that are deleted; sorted or not, ``(n,)``."""


def write_flat(path: Path, vectors: Vectors) -> None:
    """Write float32 ``(n, dim)`` as raw little-endian rows; syncing the file is the caller's business."""
    with path.open("wb") as file:
        np.ascontiguousarray(vectors, dtype="<f4").tofile(file)


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


class FlatRetriever:
    """Scans every live row; exact, with nothing to load."""

    def __init__(self, parts: Sequence[FlatPart], dim: int) -> None:
        """Map the files.

        Raises:
            DamagedError: a file is missing, or is not ``rows * dim`` float32 numbers.
        """
        self._dim = dim
        self._parts = {part.number: _MappedPart.open(part, dim) for part in sorted(parts, key=lambda part: part.number)}
        self._rows = sum(int(part.live.sum()) for part in self._parts.values())

    def __len__(self) -> int:
        """Return the number of live rows."""
        return self._rows

    def search(self, vector: Vectors, k: int, allowed: Allowed | None = None) -> Ranking:
        """Return the ``min(k, live and allowed rows)`` best rows, ties by ascending label.

        Raises:
            MismatchError: ``vector`` has another dimension.
            ModelError: ``vector`` is not finite.
        """
        check_query(vector, self._dim)
        if allowed is not None and allowed.count * _NARROW < self._rows:
            labels = np.asarray(allowed.labels, dtype=np.uint64)
            labels = labels[self._live(labels)]
            return _best(labels, self.cosine(vector, labels), k)
        return self._scan(vector[np.newaxis], k, allowed)[0]

    def search_batch(self, vectors: Vectors, k: int, allowed: Allowed | None = None) -> list[Ranking]:
        """Return what ``search`` returns for each row of ``vectors``, reading the files once for many queries."""
        check_query(vectors, self._dim)
        step = max(1, _BLOCK_SCORES // _BLOCK_ROWS)
        batches = (vectors[at : at + step] for at in range(0, len(vectors), step))
        return [ranking for batch in batches for ranking in self._scan(batch, k, allowed)]

    def cosine(self, vector: Vectors, labels: Labels) -> NDArray[np.float32]:
        """Return the exact similarity to each of ``labels``, float32 ``(n,)``; NaN where there is no such row."""
        check_query(vector, self._dim)
        labels = np.asarray(labels, dtype=np.uint64)
        scores = np.full(len(labels), np.nan, dtype=np.float32)
        for part, places, rows in self._split(labels):
            for at in range(0, len(rows), _GATHER_ROWS):
                gathered = part.vectors[rows[at : at + _GATHER_ROWS]].astype(np.float64)
                # einsum, not a BLAS product: it adds up every row in the same order, wherever the row lies
                scores[places[at : at + _GATHER_ROWS]] = np.einsum("ij,j->i", gathered, vector.astype(np.float64))
        return scores

    def _scan(self, vectors: Vectors, k: int, allowed: Allowed | None) -> list[Ranking]:
        candidates = [_Candidates(k) for _ in vectors]
        for labels, block, keep in self._blocks(allowed):
            if 2 * np.count_nonzero(keep) < len(keep):
                products = vectors @ block[keep].T
            else:  # multiplying a few rows in vain is cheaper than copying all others
                products = (vectors @ block.T)[:, keep]
            for scores, best in zip(products, candidates, strict=True):
                best.offer(labels[keep], scores)
        return [
            _best(best.labels, self.cosine(vector, best.labels), k)
            for vector, best in zip(vectors, candidates, strict=True)
        ]

    def _blocks(self, allowed: Allowed | None) -> Iterator[tuple[Labels, Vectors, NDArray[np.bool_]]]:
        """Yield labels, vectors and which of them are live and allowed, a block at a time."""
        for part in self._parts.values():
            for at in range(0, len(part.vectors), _BLOCK_ROWS):
                block, keep = part.vectors[at : at + _BLOCK_ROWS], part.live[at : at + _BLOCK_ROWS]
                labels = part.first_label + np.arange(at, at + len(block), dtype=np.uint64)
                if allowed is not None:
                    keep = keep & allowed.mask(labels)
                if keep.any():
                    yield labels, block, keep

    def _split(self, labels: Labels) -> Iterator[tuple[_MappedPart, NDArray[np.intp], NDArray[np.int64]]]:
        """Yield, for each part that ``labels`` mention, the places in ``labels`` and the rows in the part."""
        numbers, rows = labels >> np.uint64(32), (labels & np.uint64(0xFFFFFFFF)).astype(np.int64)
        for number in np.unique(numbers):
            part = self._parts.get(int(number))
            if part is not None:
                places = np.flatnonzero((numbers == number) & (rows < len(part.vectors)))
                yield part, places, rows[places]

    def _live(self, labels: Labels) -> NDArray[np.bool_]:
        live = np.zeros(len(labels), dtype=np.bool_)
        for part, places, rows in self._split(labels):
            live[places] = part.live[rows]
        return live


@dataclass(frozen=True, slots=True)
class _MappedPart:
    first_label: np.uint64
    vectors: Vectors
    live: NDArray[np.bool_]

    @classmethod
    def open(cls, part: FlatPart, dim: int) -> _MappedPart:
        expected = part.rows * dim * 4
        try:
            size = part.path.stat().st_size
        except OSError as error:
            raise DamagedError(f"{part.path} cannot be read: {error.strerror}.") from error
        if size != expected:
            raise DamagedError(f"{part.path} has {size} bytes instead of {expected}.")
        live = np.ones(part.rows, dtype=np.bool_)
        live[part.dead_rows] = False
        vectors = np.empty((0, dim), dtype=np.float32)
        if part.rows:  # an empty file cannot be mapped
            vectors = np.asarray(np.memmap(part.path, dtype="<f4", mode="r", shape=(part.rows, dim)))
        return cls(np.uint64(part.number << 32), vectors, live)


@dataclass(slots=True)
class _Candidates:
    """Every row offered whose exact score may be among the ``k`` best."""

    k: int
    labels: Labels = field(default_factory=lambda: np.empty(0, dtype=np.uint64))
    scores: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, dtype=np.float32))
    least: float = -np.inf

    def offer(self, labels: Labels, scores: NDArray[np.float32]) -> None:
        near = scores >= self.least
        labels, scores = np.append(self.labels, labels[near]), np.append(self.scores, scores[near])
        if 0 < self.k < len(scores):
            self.least = float(np.partition(scores, -self.k)[-self.k]) - 2 * _SLACK
            near = scores >= self.least
            labels, scores = labels[near], scores[near]
        self.labels, self.scores = labels, scores


def _best(labels: Labels, scores: NDArray[np.float32], k: int) -> Ranking:
    order = np.lexsort((labels, -scores))[: max(k, 0)]
    return Ranking(labels[order], scores[order])
