"""Duplicate and near-duplicate texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..plural import percent
from .glossary import figure
from .inspection import Histogram, Topic

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..contracts import Labels
    from .inspection import Figure
    from .survey import EmbeddedChunks

_SHA = "SHA-256 of title, headings and text, over all chunks"
_EXACT = "exact cosines between all chunks"
_SAMPLED = "exact cosines of {:,} sampled chunks to all chunks"
NEAR, SAME = 0.95, 0.99
_EDGES = (-1.0, *(at / 100 for at in range(0, 101, 5)), 1.01)
"""Of the histogram of cosines to the nearest other text; the last bin is for what rounding makes larger than 1."""


@dataclass(frozen=True, slots=True)
class NearestTexts:
    """The nearest other text of each of some chunks."""

    chunks: Labels
    """uint64 ``(n,)``: one chunk of each text."""
    others: Labels
    """uint64 ``(n,)``."""
    cosines: NDArray[np.float32]
    """``(n,)``; -2: there is no other text."""
    everything: bool
    """All texts of the store are in ``chunks``."""

    @property
    def near(self) -> NDArray[np.int64]:
        """Rows with another text at ``NEAR`` and above."""
        return np.flatnonzero(self.cosines >= NEAR)


def copies(hashes: NDArray[np.uint64]) -> float:
    """Return the share of texts that are a repetition: ``(n - distinct) / n``."""
    return 1 - len(np.unique(hashes)) / len(hashes)


def duplicates(chunks: EmbeddedChunks, nearest: NearestTexts) -> Topic:
    """Return the figures of duplicate texts."""
    repeated = copies(chunks.hashes)
    source = _EXACT if nearest.everything else _SAMPLED.format(len(nearest.chunks))
    near = {at: float((nearest.cosines >= at).mean()) if len(nearest.cosines) else 0.0 for at in (SAME, NEAR)}
    rows = nearest.near
    documents = _documents(chunks, nearest.chunks[rows]), _documents(chunks, nearest.others[rows])
    within = float((documents[0] == documents[1]).mean()) if len(rows) else 0.0
    figures = (
        figure("copies", "copies", repeated, "share", _SHA),
        *(
            figure(f"near_{round(100 * at)}", f"cosine ≥ {at:.2f}", share, "share", source)
            for at, share in near.items()
        ),
        figure("within", "in one document", within, "share", source),
    )
    cosines = np.clip(nearest.cosines, -1, 1.005)
    histogram = Histogram.of("nearest_cosine", "cosine to the nearest other text", _EDGES, cosines)
    return Topic("duplicates", figures, _advice(figures), (histogram,))


def _advice(figures: tuple[Figure, ...]) -> str:
    repeated, same, near, within = figures
    if repeated.verdict != "good":
        return (
            f"{percent(repeated.value)} of the chunks only repeat others and crowd the hits: leave copied files out "
            'with "embedctl index PATH --exclude GLOB", or, where a document repeats itself, ask with --max-per-file 1.'
        )
    if same.verdict != "good" or near.verdict != "good":
        if within.value > 0.5:
            return "Most look-alikes are in one document: ask with --max-per-file 1, or cut longer with --chunk-size."
        return (
            "Many texts differ by a few words (versions, forms, records): leave old versions out with "
            '"embedctl index PATH --exclude GLOB", or filter with --where.'
        )
    return "Hits will not repeat each other: nothing to do."


class Pair(NamedTuple):
    """Two chunks with equal or nearly equal texts."""

    label: int
    other: int
    cosine: float
    copies: int
    """Chunks with this text; 0: the texts differ."""
    within_document: bool


def pairs(chunks: EmbeddedChunks, nearest: NearestTexts, most: int) -> list[Pair]:
    """Return up to ``most`` pairs of one text, those of the most frequent texts first, and ``most`` of nearly one."""
    found = [*_exact(chunks, most), *_near(nearest, most)]
    documents = _documents(chunks, np.array([pair[:2] for pair in found], np.uint64).reshape(-1, 2))
    same = (documents[:, 0] == documents[:, 1]).tolist()
    return [pair._replace(within_document=within) for pair, within in zip(found, same, strict=True)]


def _exact(chunks: EmbeddedChunks, most: int) -> list[Pair]:
    _, first, inverse, counts = np.unique(chunks.hashes, return_index=True, return_inverse=True, return_counts=True)
    repeated = np.flatnonzero(counts > 1)
    order = repeated[np.lexsort((first[repeated], -counts[repeated]))][:most]
    found = []
    for text in order.tolist():
        one, other = chunks.labels[np.flatnonzero(inverse == text)[:2]].tolist()
        found.append(Pair(one, other, 1.0, int(counts[text]), within_document=False))
    return found


def _near(nearest: NearestTexts, most: int) -> list[Pair]:
    rows = nearest.near
    rows = rows[np.lexsort((nearest.chunks[rows], -nearest.cosines[rows]))]
    found: dict[tuple[int, int], Pair] = {}
    for row in rows.tolist():
        if len(found) == most:
            break
        one, other = int(nearest.chunks[row]), int(nearest.others[row])
        cosine = min(float(nearest.cosines[row]), 1.0)
        pair = Pair(min(one, other), max(one, other), cosine, 0, within_document=False)
        found.setdefault(pair[:2], pair)
    return list(found.values())


def _documents(chunks: EmbeddedChunks, labels: Labels) -> Labels:
    """Return the document of each chunk."""
    found: Labels = chunks.documents[np.searchsorted(chunks.labels, labels)]
    return found
