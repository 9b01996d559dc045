"""Opening one published index generation, each structure when it is first needed and once its files are verified.

A damaged structure is done without: what BM25 and the vectors answer with is then made again from the parts for this
session (``from_parts``), and a graph or sign bits are left out. ``warnings`` says so.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal

from ..config import IndexLimits
from ..errors import DamagedError, EmbedctlError, NoStoreError
from ..store.manifest import INDEX_SINCE
from .files import REPAIR, IndexFiles
from .superseded import superseded

if TYPE_CHECKING:
    from ..arms.bm25.retriever import Bm25Retriever
    from ..arms.dense.binary import BinaryRetriever
    from ..arms.dense.flat import FlatRetriever
    from ..arms.dense.hnsw import HnswRetriever
    from ..arms.dense.segments import Segment, Segments
    from ..contracts import Labels, Vectors
    from ..store.layout import Layout
    from ..store.manifest import IndexRecord, Manifest

Arm = Literal["bm25", "dense"]


def require_index(layout: Layout, manifest: Manifest) -> IndexRecord:
    """Return the published index.

    Raises:
        NoStoreError: there is none, or one of a format that is not read any more.
    """
    if manifest.index is None:
        if manifest.format_version < INDEX_SINCE:
            raise NoStoreError(
                f"The index in {layout.root} was made by an older embedctl (format {manifest.format_version}).",
                'Make it anew with "embedctl index"; nothing is embedded again.',
            )
        raise NoStoreError(f"The store in {layout.root} has no index yet.", 'Make it with "embedctl index".')
    return manifest.index


class Generation:
    """The retrievers of one generation; each has as many rows as the manifest says."""

    def __init__(self, layout: Layout, record: IndexRecord) -> None:
        self._layout = layout
        self._record = record
        self._index = IndexFiles(layout, record)
        self._files = self._index.layout
        self._lost: set[str] = set()
        self._centre: Vectors | None = None
        self.dim = record.encoder.dim
        self.warnings: dict[Arm, str] = {}
        """What is damaged and done without, for each arm: a sentence that ends with the command that mends it."""

    @property
    def rows(self) -> int:
        """Live rows."""
        return self._record.rows

    @property
    def has_bits(self) -> bool:
        """Whether there are sign bits to scan."""
        return "binary" not in self._lost and self._files.centre.name in self._record.files

    @property
    def graph_bytes(self) -> int:
        """Size of the graph, on disk and about the same in memory; 0 where there is none."""
        record = self._record.files.get(self._files.hnsw.name)
        return record.bytes if record and "hnsw" not in self._lost else 0

    @property
    def ef(self) -> int:
        """Candidates kept during a walk of the graph, at least."""
        return self._record.settings.hnsw.ef

    def lost(self, structure: str) -> bool:
        """Return whether ``hnsw`` or ``binary`` is damaged, or gone with a replaced generation."""
        return structure in self._lost

    def lose(self, structure: str, error: EmbedctlError) -> None:
        """Do without ``hnsw`` or ``binary`` from now on."""
        self._lost.add(structure)
        if not superseded(self._layout, self._record):
            self._warn("dense", f"{error.message} Queries scan the vectors instead. {REPAIR}")

    @cached_property
    def bm25(self) -> Bm25Retriever:
        """The BM25 arm, which also keeps what hits show; from the parts where its own files are damaged.

        Raises:
            DamagedError: it is of a generation that was replaced, or a part is damaged, too.
        """
        try:
            return self._sound_bm25()
        except DamagedError as error:
            from .from_parts import bm25_from_parts

            self._degrade("bm25", error)
            return bm25_from_parts(self._layout, self._record)

    @cached_property
    def segments(self) -> Segments:
        """The vectors, mapped; from the parts where their own files are damaged, without sign bits then.

        Raises:
            DamagedError: they are of a generation that was replaced, or a part is damaged, too.
        """
        try:
            return self._sound_segments()
        except DamagedError as error:
            from .from_parts import segments_from_parts

            self._degrade("dense", error)
            self._lost |= {"binary", "hnsw"}
            return segments_from_parts(self._layout, self._record)

    @property
    def centre(self) -> Vectors:
        """What the sign bits were taken around, float32 ``(dim,)``; of a generation that has them."""
        self.segments  # noqa: B018 - reads it
        assert self._centre is not None
        return self._centre

    def flat(self) -> FlatRetriever:
        """Return what scans the vectors."""
        from ..arms.dense.flat import FlatRetriever

        return FlatRetriever(self.segments)

    def binary(self) -> BinaryRetriever:
        """Return what scans the sign bits, of a generation that has them."""
        from ..arms.dense.binary import BinaryRetriever

        limits, segments = IndexLimits(), self.segments
        return BinaryRetriever(segments, self.centre, limits.rescored_per_row, limits.rescored_least)

    def hnsw(self) -> HnswRetriever:
        """Load the graph.

        Raises:
            DamagedError: it is missing or damaged, or has another number of rows.
        """
        from ..arms.dense.hnsw import HnswRetriever

        self._index.verify("hnsw")
        retriever = HnswRetriever(self._files.hnsw, self.segments, self.ef)
        self._check("hnsw", len(retriever))
        return retriever

    def _sound_bm25(self) -> Bm25Retriever:
        from ..arms.bm25.retriever import Bm25Retriever

        self._index.verify("bm25")
        language = self._record.settings.language
        retriever = Bm25Retriever(self._files.bm25, language, self._index.bm25_files())
        self._check("bm25", len(retriever))
        return retriever

    def _sound_segments(self) -> Segments:
        import numpy as np

        from ..arms.dense.segments import Segments

        self._index.verify("vectors")
        try:
            dead = np.fromfile(self._files.dead, dtype="<u8").astype(np.uint64, copy=False)
        except OSError as error:
            raise DamagedError(f"{self._files.dead} cannot be read: {error.strerror}.", REPAIR) from error
        segments = Segments(self._opened(dead), self.dim)
        if segments.total - len(segments) != len(dead):
            raise DamagedError(f"{self._files.dead} names rows that the vectors beside it do not have.", REPAIR)
        self._check("dense", len(segments))
        return segments

    def _opened(self, dead: Labels) -> list[Segment]:
        """Map the segments, with sign bits where there are sound ones."""
        from ..arms.dense.segments import open_segment, read_centre

        if self.has_bits:
            try:
                self._index.verify("binary")
                self._centre = read_centre(self._files.centre, self.dim)
            except DamagedError as error:
                self.lose("binary", error)
        return [
            open_segment(self._files.segment(one.number), one.rows, self.dim, dead, self.has_bits)
            for one in self._record.segments
        ]

    def _degrade(self, arm: Arm, error: DamagedError) -> None:
        """Tell of damage; an index that is not the published one any more is none: the next one is to be asked.

        Raises:
            DamagedError: ``error``, of a generation that was replaced.
        """
        if superseded(self._layout, self._record):
            raise error
        self._warn(arm, f"{error.message} Answers come from the parts instead. {REPAIR}")

    def _warn(self, arm: Arm, sentence: str) -> None:
        self.warnings.setdefault(arm, sentence)

    def _check(self, arm: str, rows: int) -> None:
        if rows != self._record.rows:
            raise DamagedError(
                f"The {arm} index in {self._files.root} has {rows} rows; the manifest says {self._record.rows}.", REPAIR
            )
