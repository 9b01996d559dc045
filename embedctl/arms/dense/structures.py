"""The structures of a dense arm: vectors, sign bits and graph, each opened when it is first needed.

Sign bits and the graph only make answers faster: where their files are damaged, the vectors answer.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ...config import limits
from ...errors import DamagedError
from ...store.piece import REPAIR
from ...store.segments import segment_records
from .binary import BinaryRetriever
from .files import DenseFiles
from .flat import FlatRetriever
from .kernels import sign_planes, to_float16
from .segments import Segment, Segments, open_segment, read_centre

if TYPE_CHECKING:
    from ...contracts import Labels, Vectors
    from ...errors import EmbedctlError
    from ...store.piece import Piece
    from ..kind import Opening
    from .hnsw import HnswRetriever

INSTEAD = "Queries scan the vectors instead."


class Structures:
    """What one dense arm searches."""

    def __init__(self, piece: Piece, opening: Opening, field: str) -> None:
        """Map the vectors, with sign bits where there are sound ones.

        Raises:
            DamagedError: the vectors are damaged.
        """
        assert opening.encoder is not None
        self._piece = piece
        self._opening = opening
        self._files = DenseFiles(piece.folder)
        self._records = segment_records(piece.record)
        self._lost: set[str] = set()
        self.centre: Vectors = np.empty(0, dtype=np.float32)
        """What the sign bits were taken around, float32 ``(dim,)``; empty where there are none."""
        self.dim = opening.encoder.dim
        self.segments = self._open(field)
        """The live vectors."""

    @property
    def has_bits(self) -> bool:
        """Whether there are sign bits to scan."""
        return "binary" not in self._lost and self._files.centre.name in self._piece.record.files

    @property
    def graph_bytes(self) -> int:
        """Size of the graph, on disk and about the same in memory; 0 where there is none."""
        record = self._piece.record.files.get(self._files.hnsw.name)
        return record.bytes if record and "hnsw" not in self._lost else 0

    @property
    def ef(self) -> int:
        """Candidates kept during a walk of the graph, at least."""
        return self._opening.settings.hnsw.ef

    def lost(self, structure: str) -> bool:
        """Return whether ``hnsw`` or ``binary`` is damaged, or gone with a replaced generation."""
        return structure in self._lost

    def lose(self, structure: str, error: EmbedctlError) -> None:
        """Use ``hnsw`` or ``binary`` no more."""
        self._lost.add(structure)
        self._opening.lose(error, INSTEAD)

    @cached_property
    def flat(self) -> FlatRetriever:
        """The scan of the vectors."""
        return FlatRetriever(self.segments)

    @cached_property
    def binary(self) -> BinaryRetriever:
        """The scan of the sign bits, where there are any."""
        return BinaryRetriever(self.segments, self.centre, limits.INDEX.rescored_per_row, limits.INDEX.rescored_least)

    @cached_property
    def hnsw(self) -> HnswRetriever:
        """The graph, loaded.

        Raises:
            DamagedError: it is missing or damaged, or has another number of rows.
        """
        from .hnsw import HnswRetriever

        self._piece.verify(self._files.names("hnsw", self._records))
        retriever = HnswRetriever(self._files.hnsw, self.segments, self.ef)
        if len(retriever) != len(self.segments):
            raise DamagedError(
                f"The graph {self._files.hnsw} and its tail have {len(retriever)} rows; "
                f"the vectors beside it have {len(self.segments)}.",
                REPAIR,
            )
        return retriever

    @property
    def loaded(self) -> bool:
        """Whether the graph is loaded."""
        return "hnsw" in self.__dict__

    def _open(self, field: str) -> Segments:
        self._piece.verify(self._files.names("vectors", self._records))
        try:
            dead = np.fromfile(self._files.dead, dtype="<u8").astype(np.uint64, copy=False)
        except OSError as error:
            raise DamagedError(f"{self._files.dead} cannot be read: {error.strerror}.", REPAIR) from error
        segments = Segments(self._segments(dead), self.dim)
        if segments.total - len(segments) != len(dead):
            raise DamagedError(f"{self._files.dead} names rows that the vectors beside it do not have.", REPAIR)
        if len(segments) != self._piece.record.rows:
            raise DamagedError(
                f"The vectors in {self._files.root} have {len(segments)} live rows; "
                f"the manifest says {self._piece.record.rows}.",
                REPAIR,
            )
        extra = self._opening.extra
        if extra is None or not extra.rows:
            return segments
        vectors, labels = extra.vectors[field], np.array([row.label for row in extra.rows], dtype=np.uint64)
        planes = sign_planes(vectors, self.centre) if self.has_bits else None
        own = Segment(labels, to_float16(vectors), np.empty(0, dtype=np.int64), planes)
        return Segments([*segments.segments, own], self.dim)

    def _segments(self, dead: Labels) -> list[Segment]:
        if self.has_bits:
            try:
                self._piece.verify(self._files.names("binary", self._records))
                self.centre = read_centre(self._files.centre, self.dim)
            except DamagedError as error:
                self.lose("binary", error)
        return [
            open_segment(self._files.segment(one.number), one.rows, self.dim, dead, self.has_bits)
            for one in self._records
        ]
