"""Is there memory and disk for what comes next? What clearly cannot fit is refused before it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ResourceError
from ..system.memory import available_memory, free_disk

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ..config import HnswConfig, IndexLimits
    from ..store.manifest import Part

_VECTOR_BYTES = 4
_COPIES = 3
"""Of the vectors of one part, while they are read, converted and written."""


def require_disk(folder: Path, needed: int, what: str) -> None:
    """Refuse to write ``needed`` bytes, at the least, where fewer are free; ``what`` begins a sentence.

    Raises:
        ResourceError: they clearly do not fit.
    """
    free = free_disk(folder)
    if free is not None and free < needed:
        raise ResourceError(
            f"{what} takes at least {_spelled(needed)} of disk, and {_spelled(free)} are free in {folder}.",
            "Make room and run the same command again; what was committed stays.",
        )


def require_memory(needed: int, what: str) -> None:
    """Refuse work that takes ``needed`` bytes of memory, at the least, where fewer are there; as :func:`require_disk`.

    Raises:
        ResourceError: they clearly do not fit.
    """
    free = available_memory()
    if free is not None and free < needed:
        raise ResourceError(
            f"{what} takes at least {_spelled(needed)} of memory, and {_spelled(free)} are there.",
            "Close other programs or raise the limit, then run the same command again; what was committed stays.",
        )


def embeddings_bytes(parts: Iterable[Part], dim: int) -> int:
    """Return how many bytes the vectors of these parts take on disk, at the least."""
    return sum(part.chunks.rows for part in parts if part.chunks) * dim * _VECTOR_BYTES


def index_disk_bytes(added: Iterable[Part], dim: int, graph_rows: int, hnsw: HnswConfig) -> int:
    """Return how many bytes a generation takes on disk, at the least, beside what it shares with the one before.

    Vectors in float16, labels, the graph, and the text, which BM25 stores no smaller than the parts do.
    """
    parts = [part.chunks for part in added if part.chunks]
    vectors = sum(chunks.rows for chunks in parts) * (dim * 2 + 8)
    graph = graph_rows * (dim * _VECTOR_BYTES + 2 * hnsw.m * 4 + 12)
    return vectors + graph + sum(chunks.bytes for chunks in parts) // 2


def index_memory_bytes(parts: Iterable[Part], dim: int, rows: int, limits: IndexLimits) -> int:
    """Return how many bytes it takes to build both indexes without a graph, at the least."""
    largest = max((part.chunks.rows for part in parts if part.chunks), default=0)
    bits = rows * dim // 8 if rows > limits.flat_rows else 0
    return limits.bm25_least_heap_bytes + _COPIES * largest * dim * _VECTOR_BYTES + bits


def _spelled(size: int) -> str:
    for unit, bytes_each in (("GB", 1e9), ("MB", 1e6)):
        if size >= bytes_each:
            return f"{size / bytes_each:.1f} {unit}"
    return f"{size / 1e3:.1f} kB"
