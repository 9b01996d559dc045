"""Opening one published index generation, each structure when it is first needed."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ..config import IndexLimits
from ..errors import DamagedError, NoStoreError
from ..store.layout import GenerationLayout, Layout
from ..store.manifest import INDEX_SINCE

if TYPE_CHECKING:
    from ..retrievers.binary import BinaryRetriever
    from ..retrievers.bm25 import Bm25Retriever
    from ..retrievers.flat import FlatRetriever
    from ..retrievers.hnsw import HnswRetriever
    from ..retrievers.segments import Segments
    from ..store.manifest import IndexRecord, Manifest

_HINT = 'Make both indexes anew with "embedctl index --no-refresh --rebuild".'


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
        self._record = record
        self._files = GenerationLayout(layout.generation(record.generation))
        self.dim = record.encoder.dim

    @property
    def rows(self) -> int:
        """Live rows."""
        return self._record.rows

    @property
    def has_bits(self) -> bool:
        """Whether there are sign bits to scan."""
        return self._files.centre.name in self._record.files

    @property
    def graph_bytes(self) -> int:
        """Size of the graph, on disk and about the same in memory; 0 where there is none."""
        record = self._record.files.get(self._files.hnsw.name)
        return record.bytes if record else 0

    @property
    def ef(self) -> int:
        """Candidates kept during a walk of the graph, at least."""
        return self._record.settings.hnsw.ef

    def bm25(self) -> Bm25Retriever:
        """Open the BM25 arm.

        Raises:
            DamagedError: it is missing, or has another number of rows.
        """
        from ..retrievers.bm25 import Bm25Retriever

        retriever = Bm25Retriever(self._files.bm25, self._record.settings.language)
        self._check("bm25", len(retriever))
        return retriever

    @cached_property
    def segments(self) -> Segments:
        """The vectors, mapped.

        Raises:
            DamagedError: a file is missing, or has another length.
        """
        import numpy as np

        from ..retrievers.segments import Segments, open_segment

        try:
            dead = np.fromfile(self._files.dead, dtype="<u8").astype(np.uint64, copy=False)
            opened = [
                open_segment(self._files.segment(one.number), one.rows, self.dim, dead, self.has_bits)
                for one in self._record.segments
            ]
        except OSError as error:
            raise DamagedError(f"{self._files.dead} cannot be read: {error.strerror}.", _HINT) from error
        except DamagedError as error:
            raise DamagedError(error.message, _HINT) from error
        segments = Segments(opened, self.dim)
        self._check("dense", len(segments))
        return segments

    def flat(self) -> FlatRetriever:
        """Return what scans the vectors."""
        from ..retrievers.flat import FlatRetriever

        return FlatRetriever(self.segments)

    def binary(self) -> BinaryRetriever:
        """Return what scans the sign bits.

        Raises:
            DamagedError: their centre is missing or has another length.
        """
        import numpy as np

        from ..retrievers.binary import BinaryRetriever

        try:
            centre = np.fromfile(self._files.centre, dtype="<f4").astype(np.float32, copy=False)
        except OSError as error:
            raise DamagedError(f"{self._files.centre} cannot be read: {error.strerror}.", _HINT) from error
        if len(centre) != self.dim:
            raise DamagedError(f"{self._files.centre} has {len(centre)} numbers instead of {self.dim}.", _HINT)
        limits = IndexLimits()
        return BinaryRetriever(self.segments, centre, limits.rescored_per_row, limits.rescored_least)

    def hnsw(self) -> HnswRetriever:
        """Load the graph, its checksum first: hnswlib believes any file, and may crash on a damaged one.

        Raises:
            DamagedError: it is missing or damaged, or has another number of rows.
        """
        from ..retrievers.hnsw import HnswRetriever
        from ..store.verified import verify

        path = self._files.hnsw
        verify(path, self._record.files[path.name].sha256, _HINT)
        retriever = HnswRetriever(path, self.segments, self.ef)
        self._check("hnsw", len(retriever))
        return retriever

    def _check(self, arm: str, rows: int) -> None:
        if rows != self._record.rows:
            raise DamagedError(
                f"The {arm} index in {self._files.root} has {rows} rows; the manifest says {self._record.rows}.", _HINT
            )
