"""Building a generation of the BM25 index: from the one before it while statistics stay exact, else from all rows."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import DamagedError
from .writer import Bm25Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from pathlib import Path

    from ..kind import TextRow
    from .writer import Bm25Rows


@dataclass(frozen=True, slots=True)
class Bm25Change:
    """Rows of a generation against those of the one before it."""

    previous: Path
    """The folder of the index to start from; never modified."""
    files: Collection[str] | None
    """Names that it consists of; ``None``: all that are there."""
    buried: Callable[[], Iterable[TextRow]]
    """Rows that die, as they were added; a :class:`~embedctl.errors.DamagedError` of theirs leads to a rebuild."""
    added: Callable[[], Iterable[TextRow]]


def build_bm25(
    folder: Path,
    language: str,
    heap_bytes: int,
    everything: Callable[[], Iterable[TextRow]],
    change: Bm25Change | None = None,
) -> Bm25Rows:
    """Write an index to ``folder``, which scores as one built in one run, whatever its history.

    The cost follows the change, but for small indexes and for those with many dead rows, which are rebuilt.

    Args:
        folder: where; made if missing, must be empty.
        language: see ``analysis.languages``.
        heap_bytes: memory that Tantivy may fill before it writes a segment.
        everything: all live rows, asked for only where the index is built from them.
        change: what to extend; ``None``: rebuild.

    Raises:
        MismatchError: the index to extend was made for another language or by another version of the analysis.
        DamagedError: it is no index, or Tantivy cannot write.
        ResourceError: the disk is full.
    """
    if change is not None:
        rows = _extended(folder, language, heap_bytes, change)
        if rows is not None and rows.exact:
            return rows
        shutil.rmtree(folder)
    with Bm25Writer(folder, language, heap_bytes) as writer:
        for document in everything():
            writer.add(document)
        return writer.commit()


def _extended(folder: Path, language: str, heap_bytes: int, change: Bm25Change) -> Bm25Rows | None:
    """Write the previous index, changed; ``None``: rows that die cannot be read any more."""
    with Bm25Writer(folder, language, heap_bytes, change.previous, change.files) as writer:
        try:
            for document in change.buried():
                writer.bury(document)
        except DamagedError:
            return None
        for document in change.added():
            writer.add(document)
        return writer.commit()
