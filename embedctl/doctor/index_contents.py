"""Reading a generation of the index: it holds exactly the live chunks of its parts, and what is derived is right.

Only for one whose files have their checksums: Tantivy and hnswlib may crash on others.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..arms.dense.binary import BinaryRetriever
from ..arms.dense.flat import FlatRetriever
from ..arms.dense.kernels import sign_planes, to_float16, to_float32
from ..arms.dense.segments import BITS, BLOCK_ROWS, Segment, Segments, open_segment
from ..config import IndexLimits
from ..errors import DamagedError
from ..index.recall import noisy_vectors, shares
from ..labels import bounds
from ..labels import labels as labels_of
from ..store.layout import GenerationLayout
from ..store.parts import dead_chunk_rows, read_vectors
from ..system.memory import available_memory
from .findings import REPAIR, Finding, Recall

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from ..contracts import DenseRetriever, Labels, Progress, Vectors
    from ..store.layout import Layout
    from ..store.manifest import IndexRecord, Part

    Steps = Generator[Finding, None, str]

RECALL_QUERIES = 100
RECALL_AT = 10
LOW_RECALL = 0.9
"""Below, a new graph or new bits are worth their time."""
_NOISE = 0.75
"""Length of what is added to a stored vector of length one to make a query: their cosine is 0.8 then."""
_REBUILD = "embedctl index --no-refresh --rebuild"


class Opened:
    """One generation, opened for reading."""

    def __init__(self, layout: Layout, record: IndexRecord) -> None:
        self.layout = layout
        self.record = record
        self.files = GenerationLayout(layout.generation(record.generation))
        self.name = self.files.root.relative_to(layout.root).as_posix()

    @property
    def has_bits(self) -> bool:
        """Whether there are sign bits."""
        return self.files.centre.name in self.record.files

    @cached_property
    def centre(self) -> Vectors:
        """What they were taken around, float32 ``(dim,)``."""
        return np.fromfile(self.files.centre, dtype="<f4").astype(np.float32, copy=False)

    @cached_property
    def segments(self) -> Segments:
        """The vectors, mapped."""
        dead = np.fromfile(self.files.dead, dtype="<u8").astype(np.uint64, copy=False)
        dim, bits = self.record.encoder.dim, self.has_bits
        opened = [
            open_segment(self.files.segment(one.number), one.rows, dim, dead, bits) for one in self.record.segments
        ]
        return Segments(opened, dim)

    def finding(self, message: str, file: str = "") -> Finding:
        """Return the finding that the generation, or a file of it, is not what it should be."""
        return Finding("index", "damage", message, f"{self.name}/{file}" if file else self.name, REPAIR)


def check_index_rows(opened: Opened, parts: Sequence[Part], progress: Progress) -> Steps:
    """Both arms hold each live chunk of ``parts`` once, and the segments hold its vector, rounded to float16.

    ``parts`` are those of the index whose files have their checksums.
    """
    from ..arms.bm25.retriever import Bm25Retriever

    record = opened.record
    bm25 = Bm25Retriever(opened.files.bm25, record.settings.language)
    rows = 0
    for part in parts:
        live = np.delete(np.arange(part.chunks.rows if part.chunks else 0), dead_chunk_rows(opened.layout, part))
        expected = labels_of(part.number, live)
        rows += len(live)
        if not np.array_equal(bm25.part_labels(part.number, len(live)), expected):
            yield opened.finding(f"BM25 does not hold each live chunk of part {part.number} once.", "bm25")
        labels, halves = _of_part(opened.segments, part.number)
        if not np.array_equal(labels, expected):
            yield opened.finding(f"The segments do not hold each live chunk of part {part.number} once.", "vectors")
        elif not np.array_equal(halves, to_float16(read_vectors(opened.layout, part)[live])):
            yield opened.finding(f"The segments hold other vectors than part {part.number}.", "vectors")
        progress.advance()
    if len(parts) == len(record.parts):
        for arm, found in (("BM25", len(bm25)), ("The dense arm", len(opened.segments))):
            if found != rows:
                yield opened.finding(f"{arm} has {found:,} rows; its parts have {rows:,} live chunks.")
    return f"{rows:,} live chunks in both arms"


def _of_part(segments: Segments, number: int) -> tuple[Labels, np.ndarray[tuple[int, int], np.dtype[np.float16]]]:
    """Return labels, ascending, and vectors of the live rows of a part."""
    labels, halves = [], []
    for segment in segments.segments:
        start, end = np.searchsorted(segment.labels, bounds(number)).tolist()
        live = segment.live()[start:end]
        labels.append(segment.labels[start:end][live])
        halves.append(segment.vectors[start:end][live])
    if not labels:
        return np.empty(0, np.uint64), np.empty((0, segments.dim), np.float16)
    every = np.concatenate(labels)
    order = np.argsort(every, kind="stable")
    return every[order], np.concatenate(halves)[order]


def check_bits(opened: Opened) -> Steps:
    """The sign bits are those of the vectors, and the graph is one that hnswlib can walk."""
    from ..arms.dense.hnsw_check import check_graph

    for record, segment in zip(opened.record.segments, opened.segments.segments, strict=True):
        if segment.planes is not None and not _signs_hold(segment, opened.centre):
            file = (opened.files.segment(record.number) / BITS).relative_to(opened.files.root).as_posix()
            yield opened.finding("The bits are not the signs of the vectors.", file)
    if opened.files.hnsw.name in opened.record.files:
        try:
            check_graph(opened.files.hnsw, opened.record.encoder.dim)
        except DamagedError as error:
            yield opened.finding(error.message, opened.files.hnsw.name)
    return f"{len(opened.record.segments)} segments" if opened.has_bits else "none"


def _signs_hold(segment: Segment, centre: Vectors) -> bool:
    assert segment.planes is not None
    return all(
        np.array_equal(
            sign_planes(to_float32(segment.vectors[at : at + BLOCK_ROWS]), centre),
            segment.planes[:, at : at + BLOCK_ROWS],
        )
        for at in range(0, len(segment.labels), BLOCK_ROWS)
    )


def measure_recall(opened: Opened, found: list[Recall], seed: int) -> Steps:
    """Measure recall@10 of the graph and of the bits, and put it into ``found``.

    Queries are live vectors of the store, drawn with ``seed``, with noise added: cosine 0.8 to where they came from.
    What the exact scan finds is right.
    """
    segments, record = opened.segments, opened.record
    has_graph = opened.files.hnsw.name in record.files
    if not len(segments) or not (has_graph or opened.has_bits):
        return "every query is answered by an exact scan"
    queries = noisy_vectors(segments, RECALL_QUERIES, _NOISE, seed)
    exact = FlatRetriever(segments).search_batch(queries, RECALL_AT)

    def share(retriever: DenseRetriever) -> float:
        return float(np.mean(shares(exact, retriever.search_batch(queries, RECALL_AT), RECALL_AT)))

    limits = IndexLimits()
    binary = hnsw = None
    if opened.has_bits:
        binary = share(BinaryRetriever(segments, opened.centre, limits.rescored_per_row, limits.rescored_least))
    if has_graph and _fits(record.files[opened.files.hnsw.name].bytes):
        from ..arms.dense.hnsw import HnswRetriever

        hnsw = share(HnswRetriever(opened.files.hnsw, segments, record.settings.hnsw.ef))
    found.append(Recall(hnsw, binary, len(queries)))
    told = [f"{name} {value:.3f}" for name, value in (("hnsw", hnsw), ("binary", binary)) if value is not None]
    for name, value in (("hnsw", hnsw), ("binary", binary)):
        if value is not None and value < LOW_RECALL:
            message = (
                f"Recall@{RECALL_AT} of --dense {name} is {value:.3f} on {len(queries)} stored vectors with noise."
            )
            yield Finding("index", "warning", message, opened.name, _REBUILD)
    return f"recall@{RECALL_AT} {', '.join(told)}" if told else "the graph does not fit into memory"


def _fits(size: int) -> bool:
    free = available_memory()
    return free is None or size < free
