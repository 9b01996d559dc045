"""What a damaged index would have answered with, made again from the parts for one session.

It is made in a temporary folder by the code that makes indexes, opened, and removed at once: what is mapped stays
readable until the process ends, and nothing is left behind however that happens.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..config import IndexLimits
from ..errors import DamagedError, ResourceError, shortage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..arms.bm25.retriever import Bm25Retriever
    from ..arms.dense.segments import Segments
    from ..store.layout import Layout
    from ..store.manifest import IndexRecord


def bm25_from_parts(layout: Layout, record: IndexRecord) -> Bm25Retriever:
    """Return BM25 over the live chunks of the parts that ``record`` answers from.

    Statistics do not count dead rows, so scores may differ a little from those of the index that it stands in for.

    Raises:
        DamagedError: a part is damaged, too.
        ResourceError: there is no room for it.
    """
    from ..arms.bm25.documents import bm25_documents
    from ..arms.bm25.retriever import Bm25Retriever
    from ..arms.bm25.writer import Bm25Writer

    language = record.settings.language
    with _temporary("bm25") as folder:
        with Bm25Writer(folder, language, IndexLimits().bm25_heap_bytes) as writer:
            for part in record.parts:
                for document in bm25_documents(layout, part):
                    writer.add(document)
            rows = writer.commit()
        _check(rows.live, record)
        return Bm25Retriever(folder, language)


def segments_from_parts(layout: Layout, record: IndexRecord) -> Segments:
    """Return the live vectors of the parts that ``record`` answers from, without sign bits.

    Raises:
        DamagedError: a part is damaged, too.
        ResourceError: there is no room for them.
    """
    from ..arms.dense.build import live_vectors
    from ..arms.dense.segments import Segments, open_segment
    from ..arms.dense.segments_writer import write_segment

    dim = record.encoder.dim
    with _temporary("vectors") as folder:
        runs = {part.number: partial(live_vectors, layout, part) for part in record.parts}
        rows = write_segment(folder, runs, dim)
        _check(rows, record)
        return Segments([open_segment(folder, rows, dim, np.empty(0, np.uint64), planes=False)] if rows else [], dim)


@contextmanager
def _temporary(name: str) -> Iterator[Path]:
    try:
        with tempfile.TemporaryDirectory(prefix="embedctl-", ignore_cleanup_errors=True) as folder:
            yield Path(folder) / name
    except OSError as error:
        if shortage(error) is None:
            raise
        raise ResourceError(
            f"An index that is damaged cannot be stood in for: {error.strerror or error} in {tempfile.gettempdir()}.",
            'Mend the index with "embedctl doctor --repair", or name another temporary folder in TMPDIR.',
        ) from error


def _check(rows: int, record: IndexRecord) -> None:
    if rows != record.rows:
        raise DamagedError(
            f"The parts have {rows} live chunks; the index in the manifest has {record.rows}.",
            'Find out what is damaged with "embedctl doctor".',
        )
