"""The index of a store with reduced chunks beside the others: what a known-item query is put to.

The reduced chunks are added to a copy of the BM25 index that is made of links, in a temporary folder, and to the mapped
vectors, in memory; so both arms, their fusion and every option work on them as on any other row. The store is read
only. A query may be answered by every chunk but those that something was taken out of, and by what is left of these.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...arms.bm25.documents import bm25_documents
from ...arms.bm25.retriever import Bm25Retriever
from ...arms.bm25.writer import Bm25Writer
from ...arms.dense.kernels import sign_planes, to_float16
from ...arms.dense.segments import Segment, Segments, is_in
from ...config import IndexLimits
from ...index.dense_arm import DenseArm
from ...index.open import Generation
from ...query.filters import LabelSet
from ...query.searcher import Searcher

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ...arms.bm25.writer import Bm25Document
    from ...config import QueryConfig
    from ...contracts import Encoder, Labels, Vectors
    from ...query.searcher import Ready
    from ...store.layout import Layout
    from ...store.manifest import IndexRecord, Manifest
    from .queries import SyntheticQuery


class HeldOutGeneration(Generation):
    """A published generation and some more rows."""

    def __init__(self, layout: Layout, record: IndexRecord, rows: Rows) -> None:
        """Take what is published, and the rows; their labels are above those of the record's parts."""
        super().__init__(layout, replace(record, rows=record.rows + len(rows.documents)))
        self._published = Generation(layout, record)
        self._rows = rows

    @cached_property
    def bm25(self) -> Bm25Retriever:
        """The BM25 arm over a copy of its index with the rows in it, gone again but for what is mapped.

        Raises:
            DamagedError: the index is not what was written.
        """
        self._index.verify("bm25")
        language = self._record.settings.language
        with tempfile.TemporaryDirectory(prefix="embedctl-", ignore_cleanup_errors=True) as folder:
            target = Path(folder) / "bm25"
            heap = IndexLimits().bm25_least_heap_bytes
            files = self._index.bm25_files()
            with Bm25Writer(target, language, heap, self._files.bm25, files) as writer:
                for document in self._rows.documents:
                    writer.add(document)
                writer.commit()
            return Bm25Retriever(target, language)

    @cached_property
    def segments(self) -> Segments:
        """The mapped vectors, and those of the rows."""
        published = self._published.segments
        self._lost, self._centre = self._published._lost, self._published._centre
        self.warnings.update(self._published.warnings)
        if not self._rows.documents:
            return published
        labels = np.array([document.label for document in self._rows.documents], dtype=np.uint64)
        halves = to_float16(self._rows.vectors)
        planes = None
        if self.has_bits:
            assert self._centre is not None
            planes = sign_planes(self._rows.vectors, self._centre)
        own = Segment(labels, halves, np.empty(0, dtype=np.int64), planes)
        return Segments([*published.segments, own], self.dim)


class Rows(NamedTuple):
    """Reduced chunks as both arms see them, by ascending label."""

    documents: tuple[Bm25Document, ...]
    vectors: Vectors
    """float32 ``(documents, dim)``."""


class Encoders(NamedTuple):
    """What loads an encoder when it is needed; they differ where a student encodes either."""

    queries: Callable[[], Encoder]
    documents: Callable[[], Encoder]
    """The one that made the vectors of the index."""


class HeldOutSearcher(Searcher):
    """Answers known-item queries, each with its passage held out."""

    def __init__(
        self, layout: Layout, manifest: Manifest, encoders: Encoders, queries: Sequence[SyntheticQuery]
    ) -> None:
        """Encode the reduced chunks of ``queries`` and put them beside the rows of the published index.

        Raises:
            NoStoreError: there is no index.
            ModelError, MismatchError: an encoder cannot be had.
        """
        super().__init__(layout, manifest, encoders.queries)
        documents, self._own = _reduced_documents(layout, self._index, queries)
        reduced = [chunk for query in queries for chunk in query.held_out.reduced]
        vectors = encoders.documents().encode_documents([chunk.context + chunk.text for chunk in reduced])
        self._generation = HeldOutGeneration(layout, self._index, Rows(tuple(documents), vectors))
        self.dense = DenseArm(self._generation)
        self._live = self._generation.segments.live_labels
        self._added = np.array([document.label for document in documents], dtype=np.uint64)
        self._queries = {query.id: query for query in queries}
        self._allowed: dict[str, LabelSet] = {}

    def ready(self, config: QueryConfig, queries: int | None) -> Ready:
        """Return what a batch needs, each query of it with what is held out for it; filters do not restrict it."""
        return super().ready(config, queries)._replace(allowed_for=self.allowed_for)

    def allowed_for(self, query_id: str) -> LabelSet:
        """Return the chunks that may answer a query: none that its passage was taken out of, none made for others."""
        if query_id not in self._allowed:
            changed = np.array(self._queries[query_id].held_out.changed, dtype=np.uint64)
            out = np.sort(np.concatenate([changed, self._added[~is_in(self._added, self._own[query_id])]]))
            self._allowed[query_id] = LabelSet(self._live[~is_in(self._live, out)])
        return self._allowed[query_id]


def _reduced_documents(
    layout: Layout, record: IndexRecord, queries: Sequence[SyntheticQuery]
) -> tuple[list[Bm25Document], dict[str, Labels]]:
    """Return the reduced chunks of all queries as BM25 sees them, and the labels of each query's own."""
    wanted = {chunk.label for query in queries for chunk in query.held_out.reduced}
    numbers = {label >> 32 for label in wanted}
    whole = {
        document.label: document
        for part in record.parts
        if part.number in numbers
        for document in bm25_documents(layout, part)
        if document.label in wanted
    }
    number = max(part.number for part in record.parts) + 1
    documents: list[Bm25Document] = []
    own: dict[str, Labels] = {}
    for query in queries:
        first = (number << 32) | len(documents)
        for chunk in query.held_out.reduced:
            documents.append(
                replace(
                    whole[chunk.label],
                    label=(number << 32) | len(documents),
                    part=number,
                    body=chunk.text,
                    title=chunk.title,
                    headings=chunk.headings,
                    path=chunk.path,
                )
            )
        own[query.id] = np.arange(first, (number << 32) | len(documents), dtype=np.uint64)
    return documents, own
