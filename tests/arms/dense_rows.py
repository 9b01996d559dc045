"""Vectors in parts, live and dead, and their segments: what the tests of dense retrieval have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from embedctl.arms.dense.segments import Segments, open_segment
from embedctl.arms.dense.segments_writer import centre_of, write_planes, write_segment
from embedctl.contracts import Ranking

DIM = 24
NONE = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Rows:
    """Vectors by part, and which of their rows are dead."""

    vectors: dict[int, np.ndarray]
    dead: dict[int, np.ndarray]

    @property
    def live(self) -> tuple[np.ndarray, np.ndarray]:
        """Labels in order, and vectors as they are stored."""
        labels, vectors = [], []
        for number, part in sorted(self.vectors.items()):
            rows = np.setdiff1d(np.arange(len(part)), self.dead[number])
            labels.append(labels_of(number, rows))
            vectors.append(part[rows].astype(np.float16).astype(np.float32))
        return np.concatenate(labels), np.concatenate(vectors)

    @property
    def dead_labels(self) -> np.ndarray:
        return np.sort(np.concatenate([labels_of(number, rows) for number, rows in self.dead.items()]))


@dataclass(frozen=True)
class Allow:
    """The simplest filter there is."""

    labels: np.ndarray

    @property
    def count(self) -> int:
        return len(self.labels)

    def mask(self, labels: np.ndarray) -> np.ndarray:
        return np.isin(labels, self.labels)


def labels_of(number: int, rows: np.ndarray) -> np.ndarray:
    return (np.uint64(number) << np.uint64(32)) | np.asarray(rows).astype(np.uint64)


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def clustered(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(size=(20, DIM))
    return unit(centres[rng.integers(0, 20, count)] + 0.4 * rng.normal(size=(count, DIM)))


def make_segments(rows: Rows, folder: Path, groups: Sequence[Sequence[int]]) -> tuple[Segments, np.ndarray]:
    """Write one segment for each group of parts; return them opened, with bits, and the centre of the bits."""
    sizes, dim = [], next(iter(rows.vectors.values())).shape[1]
    for number, group in enumerate(groups):
        runs = {part: (lambda part=part: whole_part(rows, part)) for part in group}
        sizes.append(write_segment(folder / str(number), runs, dim))

    def opened(planes: bool) -> Segments:
        return Segments(
            [open_segment(folder / str(at), size, dim, rows.dead_labels, planes) for at, size in enumerate(sizes)], dim
        )

    segments = opened(False)
    centre = centre_of(segments)
    for at, segment in enumerate(segments.segments):
        write_planes(folder / str(at), segment, centre)
    return opened(True), centre


def whole_part(rows: Rows, part: int) -> tuple[np.ndarray, np.ndarray]:
    return labels_of(part, np.arange(len(rows.vectors[part]))), rows.vectors[part]


def oracle(rows: Rows, vector: np.ndarray, k: int, allowed: Allow | None = None) -> Ranking:
    """The answer, by the plainest means."""
    labels, vectors = rows.live
    if allowed is not None:
        keep = np.isin(labels, allowed.labels)
        labels, vectors = labels[keep], vectors[keep]
    scores = np.array([np.dot(row.astype(float), vector.astype(float)) for row in vectors], dtype=np.float32)
    order = sorted(range(len(labels)), key=lambda at: (-scores[at], labels[at]))[:k]
    return Ranking(labels[order], scores[order])
