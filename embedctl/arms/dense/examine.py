"""Examination of a dense arm: its vectors are those of the parts, its bits are their signs, its graph finds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...errors import DamagedError, MismatchError
from ...labels import bounds
from ...store.segments import segment_records
from ...system.resources import available_memory
from ..kind import RECALL_AT, Examiner, Flaw, length_flaws
from .build import live_vectors
from .hnsw_file import checked_facts, read_labels
from .kernels import to_float16, to_float32, words
from .recall import noisy_vectors, shares
from .segments import BITS, LABELS, VECTORS, DenseFiles
from .segments_writer import planes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ...contracts import DenseRetriever
    from ...store.layout import Layout
    from ...store.manifest import ArmRecord, EncoderRecord, Part
    from ...store.piece import Piece
    from .arm import DenseArm

RECALL_QUERIES = 100
_NOISE = 0.75
"""Length of what is added to a stored vector of length one to make a query: their cosine is 0.8 then."""


class DenseExaminer(Examiner):
    """See :class:`~embedctl.arms.kind.Examiner`."""

    def means(self, name: str) -> str:
        """Return how queries are answered while a file is damaged."""
        last = name.rpartition("/")[2]
        if last.startswith("hnsw"):
            return "Queries scan bits or vectors instead, which is slower."
        if last in (BITS, "centre.f32"):
            return "Queries scan the vectors instead, which is slower."
        return super().means(name)

    def look(self, piece: Piece, encoder: EncoderRecord | None, sound: Callable[[str], bool]) -> Iterator[Flaw]:
        """Compare lengths of files, numbers of rows, and the labels of the graph."""
        assert encoder is not None
        record, files = piece.record, DenseFiles(piece.folder)
        try:
            yield from length_flaws(record, _expected(files, record, encoder.dim))
            rows = sum(segment.rows for segment in segment_records(record))
        except DamagedError as error:
            yield Flaw(error.message)
            return
        dead = record.files.get(files.dead.name)
        live = rows - (dead.bytes // 8 if dead else 0)
        if live != record.rows:
            message = f"The segments have {live:,} live vectors; the manifest says {record.rows:,}."
            yield Flaw(message, files.dead.name)
        if files.hnsw.name in record.files and all(map(sound, files.names("hnsw", ()))):
            try:
                read_labels(files.hnsw, checked_facts(files.hnsw, encoder.dim))
            except (DamagedError, MismatchError) as error:
                yield Flaw(error.message, files.hnsw.name)

    def check_part(self, opened: DenseArm, layout: Layout, part: Part) -> Iterator[Flaw]:
        """Compare labels and vectors of the live chunks of a part, rounded to float16."""
        labels, vectors = live_vectors(layout, part, opened.field)
        own = opened.structures.segments
        start, end = np.searchsorted(own.live_labels, bounds(part.number))
        if not np.array_equal(own.live_labels[start:end], labels):
            yield Flaw(f"The segments do not hold each live chunk of part {part.number} once.", "vectors")
        elif not np.array_equal(own.vectors_of(labels), to_float32(to_float16(vectors))):
            yield Flaw(f"The segments hold other vectors than part {part.number}.", "vectors")

    def check_derived(self, opened: DenseArm, piece: Piece) -> Iterator[Flaw]:
        """Compare the sign bits with the vectors; links of the graph are checked with its checksum."""
        structures, files = opened.structures, DenseFiles(piece.folder)
        records = segment_records(piece.record)
        for record, segment in zip(records, structures.segments.segments, strict=True):
            if segment.planes is not None and not np.array_equal(segment.planes, planes_of(segment, structures.centre)):
                name = (files.segment(record.number) / BITS).relative_to(files.root).as_posix()
                yield Flaw("The bits are not the signs of the vectors.", name)

    def recall(self, opened: DenseArm, seed: int) -> tuple[dict[str, float], int] | None:
        """Measure graph and bits on live vectors, drawn with ``seed``, with noise: cosine 0.8 to their origin."""
        own = opened.structures
        if not len(own.segments) or not (own.graph_bytes or own.has_bits):
            return None
        queries = noisy_vectors(own.segments, RECALL_QUERIES, _NOISE, seed)
        exact = own.flat.search_batch(queries, RECALL_AT)

        def share(retriever: DenseRetriever) -> float:
            return float(np.mean(shares(exact, retriever.search_batch(queries, RECALL_AT), RECALL_AT)))

        found: dict[str, float] = {}
        free = available_memory()
        if own.graph_bytes and (free is None or own.graph_bytes < free):
            found["hnsw"] = share(own.hnsw)
        if own.has_bits:
            found["binary"] = share(own.binary)
        return found, len(queries)


def _expected(files: DenseFiles, record: ArmRecord, dim: int) -> dict[str, int | None]:
    """Return the files that an arm needs, and how many bytes each must have.

    Raises:
        DamagedError: the manifest does not list its segments.
    """
    segments = segment_records(record)
    sizes = {VECTORS: 2 * dim, LABELS: 8}
    expected: dict[str, int | None] = {files.dead.name: None}
    if files.centre.name in record.files:
        expected[files.centre.name] = 4 * dim
        sizes[BITS] = 8 * words(dim)
    if files.hnsw.name in record.files:
        expected |= dict.fromkeys(files.names("hnsw", ()))
    for segment in segments:
        folder = files.segment(segment.number).relative_to(files.root)
        expected |= {(folder / name).as_posix(): size * segment.rows for name, size in sizes.items()}
    return expected
