"""Approximate nearest neighbours by the HNSW graph of hnswlib (Malkov and Yashunin, 2018).

A graph may be older than the vectors: rows that it lacks, the tail, are scanned beside it, and rows that died since
are marked in memory when it is loaded. hnswlib believes any file and may crash on a damaged one, so size and header
are compared before it is loaded; the store compares the checksum. A graph in use is never changed.
"""

from __future__ import annotations

import threading
from copy import copy
from typing import TYPE_CHECKING

import numpy as np

from ...contracts import DenseRetriever
from .flat import NOTHING, FlatRetriever, best
from .hnsw_file import HnswFacts, checked_facts, load_graph, read_labels
from .hnsw_writer import dead_labels
from .segments import check_query

if TYPE_CHECKING:
    from pathlib import Path

    import hnswlib

    from ...contracts import Allowed, Labels, Ranking, Vectors
    from .segments import Segments

_MOST_FETCHED = 4_000
"""Rows fetched at most to get past a filter; beyond that an exact scan of the filtered rows is cheaper."""


class HnswRetriever(DenseRetriever):
    """Searches one graph and its tail. Safe to share between threads; searches of the graph take turns."""

    def __init__(self, path: Path, segments: Segments, ef: int) -> None:
        """Load the graph in ``path``, beside which its facts and labels lie.

        ``ef``: candidates kept during a search; raised to ``k`` where it is smaller.

        Raises:
            DamagedError: a file is missing, or is not what its facts say.
            MismatchError: the graph has other dimensions.
        """
        self.facts: HnswFacts = checked_facts(path, segments.dim)
        self._segments = segments
        self._ef = ef
        self._lock = threading.Lock()
        labels = read_labels(path, self.facts)
        self._graph: hnswlib.Index = load_graph(path, self.facts, self.facts.count)
        dead = dead_labels(segments, labels)
        for label in dead.tolist():
            self._graph.mark_deleted(label)
        self._held = len(labels) - len(dead)
        self._tail = FlatRetriever(segments.beside(labels))

    def __len__(self) -> int:
        """Return the number of live rows."""
        return self._held + len(self._tail)

    @property
    def tail(self) -> int:
        """Live rows that the graph lacks."""
        return len(self._tail)

    def with_ef(self, ef: int) -> HnswRetriever:
        """Return the same graph, loaded once, to be walked with another ``ef``."""
        other = copy(self)
        other._ef = ef
        return other

    def search_batch(self, vectors: Vectors, k: int, allowed: Allowed | None = None) -> list[Ranking]:
        """Return what ``search`` returns for each row of ``vectors``; several walk the graph in several threads.

        Fewer than ``min(k, live and allowed rows)`` come back where the graph does not reach more, and where a filter
        leaves so little that the rows it lets through had better be scanned; the caller completes them.
        """
        check_query(vectors, self.facts.dim)
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        fetched = self._fetched(k, allowed)
        if fetched < 1:
            return [NOTHING for _ in vectors]
        near = self._nearest(vectors, min(fetched, self._held))
        tails = self._tail.search_batch(vectors, k, allowed) if self.tail else [NOTHING for _ in vectors]
        rankings = []
        for vector, labels, tail in zip(vectors, near, tails, strict=True):
            passing = labels if allowed is None else labels[allowed.mask(labels)]
            scores = np.concatenate([self._segments.cosine(vector, passing), tail.scores])
            rankings.append(best(np.concatenate([passing, tail.labels]), scores, k))
        return rankings

    def _fetched(self, k: int, allowed: Allowed | None) -> int:
        """Return how many rows the graph is asked for; 0: it is not worth asking."""
        if allowed is None or k < 1:
            return min(k, len(self))
        # Searching wider and dropping the rest keeps Python out of the walk, unlike hnswlib's own filter.
        fetched = min(3 * k * len(self) // max(allowed.count, 1) + 10, len(self))
        return fetched if fetched <= max(_MOST_FETCHED, k) else 0

    def _nearest(self, vectors: Vectors, k: int) -> list[Labels]:
        """Return for each query ``k`` labels of the graph; where it does not reach so many, as many as it does."""
        with self._lock:  # ef belongs to the graph, not to a search
            try:
                return list(self._walk(vectors, k, -1 if len(vectors) > 1 else 1))
            except RuntimeError:  # for one of the queries fewer than k can be reached; for which, it does not say
                return [self._reachable(vector, k) for vector in vectors]

    def _reachable(self, vector: Vectors, k: int) -> Labels:
        found = NOTHING.labels
        while k > 0 and not len(found):
            try:
                found = self._walk(vector[np.newaxis], k, 1)[0]
            except RuntimeError:
                k //= 2
        return found

    def _walk(self, vectors: Vectors, k: int, threads: int) -> Labels:
        if k < 1:
            return np.empty((len(vectors), 0), dtype=np.uint64)
        self._graph.set_ef(max(self._ef, k))
        labels: Labels = self._graph.knn_query(vectors, k=k, num_threads=threads)[0]
        return labels
