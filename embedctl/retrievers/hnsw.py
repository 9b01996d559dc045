"""Approximate nearest neighbours by the HNSW graph of hnswlib (Malkov and Yashunin, 2018).

A graph is a file and, beside it, a JSON file of what it must be. hnswlib believes any file and may crash on a
damaged one, so size and header are compared before it is loaded; the store compares the checksum. A graph that is
in use is never changed: an update loads the file of the previous generation and saves to another.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from ..contracts import Ranking
from .flat import check_query
from .hnsw_file import HnswFacts, checked_facts, load_graph

if TYPE_CHECKING:
    from pathlib import Path

    import hnswlib

    from ..contracts import Allowed, Vectors

_MOST_FETCHED = 4_000
"""Rows fetched at most to get past a filter; beyond that an exact scan of the filtered rows is cheaper."""


class HnswRetriever:
    """Searches one graph. Safe to share between threads; searches take turns."""

    def __init__(self, path: Path, dim: int, ef: int) -> None:
        """Load the graph.

        Args:
            path: the graph; its facts lie beside it.
            dim: dimensions of the store's vectors.
            ef: candidates kept during a search; raised to ``k`` where it is smaller.

        Raises:
            DamagedError: a file is missing, or is not what its facts say.
            MismatchError: the graph has other dimensions.
        """
        self.facts: HnswFacts = checked_facts(path, dim)
        self._ef = ef
        self._lock = threading.Lock()
        self._graph: hnswlib.Index = load_graph(path, self.facts, self.facts.count)

    def __len__(self) -> int:
        """Return the number of live rows."""
        return self.facts.live

    def search(self, vector: Vectors, k: int, allowed: Allowed | None = None) -> Ranking:
        """Return at most ``k`` of the nearest rows, ties by ascending label.

        Fewer than ``min(k, live and allowed rows)`` come back where the graph does not reach more, and where a
        filter leaves so little that the rows it lets through had better be scanned; the caller completes them.

        Raises:
            MismatchError: ``vector`` has another dimension.
            ModelError: ``vector`` is not finite.
        """
        check_query(vector, self.facts.dim)
        fetched = min(k, len(self))
        if allowed is not None and fetched > 0:
            # Searching wider and dropping the rest keeps Python out of the walk, unlike hnswlib's own filter.
            fetched = min(3 * k * len(self) // max(allowed.count, 1) + 10, len(self))
            if fetched > max(_MOST_FETCHED, k):
                fetched = 0
        ranking = self._nearest(vector, fetched)
        if allowed is None:
            return ranking
        mask = allowed.mask(ranking.labels)
        return Ranking(ranking.labels[mask][:k], ranking.scores[mask][:k])

    def _nearest(self, vector: Vectors, k: int) -> Ranking:
        with self._lock:  # ef belongs to the graph, not to a search
            while k > 0:
                self._graph.set_ef(max(self._ef, k))
                try:
                    labels, distances = self._graph.knn_query(vector, k=k, num_threads=1)
                except RuntimeError:  # fewer than k can be reached; how many, it does not say
                    k //= 2
                    continue
                order = np.lexsort((labels[0], distances[0]))
                return Ranking(labels[0][order], (1 - distances[0][order]).astype(np.float32))
        return Ranking(np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.float32))
