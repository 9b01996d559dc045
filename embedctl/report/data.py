"""What a report is made of, before it is a page: numbers and names, no HTML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SourceRow:
    """What the store has of one source."""

    name: str
    root: str
    files: int
    failed: int
    skipped: int
    documents: int
    chunks: int
    tokens: int


@dataclass(frozen=True, slots=True)
class KindRow:
    """What the store has of one media type."""

    media_type: str
    documents: int
    chunks: int
    tokens: int


@dataclass(frozen=True, slots=True)
class ProblemRow:
    """Files that failed or were skipped for one reason."""

    outcome: str
    """``failed`` or ``skipped``."""
    reason: str
    files: int
    example: str
    """Path of the first of them."""


@dataclass(frozen=True, slots=True)
class IndexRow:
    """The published index."""

    generation: int
    rows: int
    segments: int
    bytes: int
    has_bits: bool
    """Whether there are sign bits to scan."""
    has_graph: bool


@dataclass(frozen=True, slots=True)
class Corpus:
    """What the store covers, what became of it and what it was made with."""

    name: str
    """Of the folder in which the store is."""
    snapshot: int
    sources: tuple[SourceRow, ...]
    kinds: tuple[KindRow, ...]
    """Most chunks first."""
    problems: tuple[ProblemRow, ...]
    """Failures first, then by number of files, descending."""
    pending: dict[str, int]
    """Documents that wait for each stage."""
    index: IndexRow
    settings: tuple[tuple[str, str], ...]
    """What it was made with, as name and value; the model among them."""
    tokens: NDArray[np.int64]
    """Of each live chunk, int64 ``(chunks,)``, in the order of the parts."""

    @property
    def documents(self) -> int:
        """Live documents in the index."""
        return sum(row.documents for row in self.sources)

    @property
    def chunks(self) -> int:
        """Live chunks in the index."""
        return len(self.tokens)


@dataclass(frozen=True, slots=True)
class Group:
    """Chunks of the map that have one colour."""

    name: str
    chunks: int


@dataclass(frozen=True, slots=True)
class ChunkMap:
    """Sampled chunks in the plane: the nearer two points, the more alike (mostly) what their chunks mean."""

    positions: NDArray[np.float64]
    """float64 ``(n, 2)``, without unit."""
    titles: tuple[str, ...]
    places: tuple[str, ...]
    """Path and lines, or page, or record."""
    folders: tuple[Group, ...]
    """The largest first; the last may be all others."""
    folder_of: NDArray[np.int64]
    """int64 ``(n,)``: place in ``folders``."""
    clusters: tuple[Group, ...]
    """By k-means on the vectors, named by their most telling words; the largest first."""
    cluster_of: NDArray[np.int64]
    total: int
    """Chunks that there are."""
