"""Reading the pieces of an index: they hold exactly the live chunks of the parts, and what is derived is right.

Only pieces whose files have their checksums: Tantivy and hnswlib may crash on others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..arms.examiner import RECALL_AT, Flaw
from ..arms.kind import Opening
from ..errors import EmbedctlError
from ..index.pieces import PAYLOADS, examiner_of, kind_of
from .findings import Finding, Recall

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from ..contracts import Progress
    from ..store.layout import Layout
    from ..store.manifest import IndexRecord, Part
    from .index_pieces import IndexPiece

    Steps = Generator[Finding, None, str]

LOW_RECALL = 0.9
"""Below, a new graph or new bits are worth their time."""
_REBUILD = "embedctl index --no-refresh --rebuild"


class IndexContents:
    """Pieces of one generation, opened for reading."""

    def __init__(self, layout: Layout, record: IndexRecord, pieces: Sequence[IndexPiece]) -> None:
        """Take the pieces whose files have their checksums, and whose kinds are installed."""
        self._layout = layout
        self._record = record
        self._pieces = pieces
        self._opened: list[tuple[IndexPiece, Any]] = []
        self.recall: Recall | None = None
        """Of the first arm with approximate plans, once it is measured."""

    def check_rows(self, parts: Sequence[Part], progress: Progress) -> Steps:
        """Every piece holds each live chunk of ``parts`` once, with what the parts say of it.

        ``parts`` are those of the index whose files have their checksums.
        """
        for one in self._pieces:
            yield from map(one.finding, self._open(one))
        for part in parts:
            for one, opened in self._opened:
                yield from map(one.finding, self._of_part(one, opened, part))
            progress.advance()
        return f"{self._record.rows:,} live chunks in {', '.join(one.name for one, _ in self._opened)}"

    def _open(self, one: IndexPiece) -> Iterator[Flaw]:
        lost: list[Flaw] = []
        opening = Opening(
            self._record.settings, one.encoder, lose=lambda error, _instead: lost.append(Flaw(error.message))
        )
        try:
            opened = kind_of(one.piece.record.kind).open(one.piece, opening)
        except EmbedctlError as error:
            yield Flaw(error.message)
            return
        yield from lost
        rows = getattr(opened, "rows", self._record.rows)
        if rows != self._record.rows:
            yield Flaw(f"{one.title} has {rows:,} rows; the index has {self._record.rows:,}.")
        self._opened.append((one, opened))

    def _of_part(self, one: IndexPiece, opened: Any, part: Part) -> Iterator[Flaw]:
        yield from one.examiner.check_part(opened, self._layout, part)
        stored = getattr(opened, "stored", None) if self._record.payloads is None else None
        if stored is not None:  # up to format 3
            yield from examiner_of(PAYLOADS).check_part(stored, self._layout, part)

    def check_derived(self) -> Steps:
        """Bits and graphs are those of the vectors."""
        for one, opened in self._opened:
            yield from map(one.finding, one.examiner.check_derived(opened, one.piece))
        return f"{len(self._opened)} pieces"

    def measure_recall(self, seed: int) -> Steps:
        """Measure recall@10 of the approximate plans of each arm against the exact scan."""
        told = []
        for one, opened in self._opened:
            measured = one.examiner.recall(opened, seed)
            if measured is None:
                continue
            shares, queries = measured
            self.recall = self.recall or Recall(shares.get("hnsw"), shares.get("binary"), queries)
            for plan, share in shares.items():
                told.append(f"{one.name} {plan} {share:.3f}")
                if share < LOW_RECALL:
                    asked = f"{queries} stored vectors with noise"
                    message = f"Recall@{RECALL_AT} of --dense {plan} is {share:.3f} on {asked}."
                    yield Finding("index", "warning", message, one.folder, _REBUILD)
        return f"recall@{RECALL_AT}: {', '.join(told)}" if told else "every query is answered by an exact scan"
