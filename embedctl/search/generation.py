"""Opening one published index generation, each arm when it is first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import DamagedError
from ..store.files import sha256_file
from ..store.layout import GenerationLayout, Layout

if TYPE_CHECKING:
    from ..retrievers.bm25 import Bm25Retriever
    from ..retrievers.flat import FlatRetriever
    from ..retrievers.hnsw import HnswRetriever
    from ..store.manifest import IndexRecord

_HINT = 'Make both indexes anew with "embedctl index --no-refresh --rebuild".'


class Generation:
    """The three retrievers of one generation; each has as many rows as the manifest says."""

    def __init__(self, layout: Layout, record: IndexRecord) -> None:
        self._record = record
        self._files = GenerationLayout(layout.generation(record.generation))
        self._dim = record.encoder.dim

    def bm25(self) -> Bm25Retriever:
        """Open the BM25 arm.

        Raises:
            DamagedError: it is missing, or has another number of rows.
        """
        from ..retrievers.bm25 import Bm25Retriever

        retriever = Bm25Retriever(self._files.bm25, self._record.settings.language)
        self._check("bm25", len(retriever))
        return retriever

    def flat(self) -> FlatRetriever:
        """Map the vectors for exact scans.

        Raises:
            DamagedError: a file is missing, or has another length.
        """
        from ..retrievers.flat import FlatPart, FlatRetriever

        try:
            dead = np.fromfile(self._files.dead, dtype="<u8").astype(np.uint64)
        except OSError as error:
            raise DamagedError(f"{self._files.dead} cannot be read: {error.strerror}.", _HINT) from error
        owners = (dead >> np.uint64(32)).astype(np.int64)
        rows = (dead & np.uint64(0xFFFFFFFF)).astype(np.int64)
        parts = [
            FlatPart(
                number=part.number,
                path=self._files.flat(part.number),
                rows=part.chunks.rows,
                dead_rows=rows[owners == part.number],
            )
            for part in self._record.parts
            if part.chunks
        ]
        retriever = FlatRetriever(parts, self._dim)
        self._check("flat", len(retriever))
        return retriever

    def hnsw(self) -> HnswRetriever:
        """Load the graph, its checksum first: hnswlib believes any file, and may crash on a damaged one.

        Raises:
            DamagedError: it is missing or damaged, or has another number of rows.
        """
        from ..retrievers.hnsw import HnswRetriever

        path = self._files.hnsw
        if not path.exists() or sha256_file(path) != self._record.files[path.name].sha256:
            raise DamagedError(f"{path} is missing or not what was written.", _HINT)
        retriever = HnswRetriever(path, self._dim, self._record.settings.hnsw.ef)
        self._check("hnsw", len(retriever))
        return retriever

    def _check(self, arm: str, rows: int) -> None:
        if rows != self._record.rows:
            raise DamagedError(
                f"The {arm} index in {self._files.root} has {rows} rows; the manifest says {self._record.rows}.", _HINT
            )
