"""``chunk``: cut documents into chunks that fit the encoder, part by part."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import tee
from typing import TYPE_CHECKING, NamedTuple

from ..chunkers.batch import FailedDocument, chunk_documents
from ..runners import run
from ..runners.stage import Change
from ..store.files import link_or_copy
from ..store.ledger import read_ledger
from ..store.manifest import Manifest, Part
from ..store.parts import iter_documents, write_chunks
from .failed_chunks import place_of, report_failed, with_failed
from .secrets import searchable

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..contracts import Progress, Reporter, Tokenizer
    from ..records import Chunk, Document
    from ..store.layout import Layout
    from ..store.writer import Writer
    from .report import RunReport


class Withheld(NamedTuple):
    """Chunks of a document that are left out because they hold a secret."""

    document: Document
    reason: str
    chunks: int
    """Number of them."""


class PartChunks(NamedTuple):
    """The chunks of a part's live documents."""

    chunks: list[Chunk]
    failed: dict[int, FailedDocument]
    """Documents that cannot be cut, by row."""
    withheld: list[Withheld]


def chunk(
    writer: Writer, tokenizer: Tokenizer, reporter: Reporter, report: RunReport, *, keep_tokens: bool = False
) -> None:
    """Cut the documents of every part that has no chunks made with the store's settings.

    With ``keep_tokens`` the chunks are stored with their tokens, for the encoder to reuse. A part that was cut with
    other settings goes on as a new part with the same documents, because an index may still answer from the old one.
    """
    made_with = writer.manifest.settings.chunk_fingerprint(tokenizer.fingerprint)
    total = sum(part.live_documents for part in pending(writer.manifest, made_with))
    with report.timing("chunk"), reporter.stage("chunk", total, "documents") as progress:
        cut = partial(cut_part, writer, tokenizer=tokenizer, progress=progress, keep_tokens=keep_tokens)
        run(writer, _Chunk(writer.layout, made_with, report, cut))


@dataclass(frozen=True, slots=True)
class _Chunk:
    """One run; see :class:`~embedctl.runners.stage.Stage`."""

    layout: Layout
    made_with: str
    report: RunReport
    cut: Callable[[Part], PartChunks]

    def todo(self, manifest: Manifest) -> list[Part]:
        """Return the parts that are to be cut."""
        return pending(manifest, self.made_with)

    def read(self, task: Part) -> Part:
        """Return the part: its documents are read while they are cut, which bounds the memory."""
        return task

    def work(self, given: Part) -> tuple[Part, PartChunks]:
        """Return the chunks of a part."""
        return given, self.cut(given)

    def fold(self, manifest: Manifest, made: tuple[Part, PartChunks]) -> Change:
        """Write and report the chunks of a part, which may go on under a new number."""
        (part, cut), before, layout = made, manifest, self.layout
        self._tell(before, cut)
        manifest, part = _fresh(layout, manifest, part)
        record = write_chunks(layout, part.number, cut.chunks, self.made_with)
        files = [layout.chunks(part.number), layout.documents(part.number)]
        manifest = manifest.with_part(replace(part, chunks=record))
        if cut.failed:
            # They make no chunks, so they are no documents of the store; the ledger remembers them as failed.
            ledger = with_failed(read_ledger(layout, before), cut.failed.values())
            manifest = manifest.with_dead({part.number: set(cut.failed)})
            written = ledger.write(layout, manifest)
            manifest = replace(manifest, files=written)
            files.append(layout.files(written.number))
        return Change(manifest, files)

    def _tell(self, manifest: Manifest, cut: PartChunks) -> None:
        report_failed(manifest, cut.failed.values(), self.report)
        for left_out in cut.withheld:
            self.report.withheld(place_of(manifest, left_out.document), left_out.reason, left_out.chunks)
        self.report.add("chunks", len(cut.chunks))
        self.report.add("tokens", sum(piece.tokens for piece in cut.chunks))


def cut_part(writer: Writer, part: Part, tokenizer: Tokenizer, progress: Progress, *, keep_tokens: bool) -> PartChunks:
    """Return the chunks of a part's live documents, without those that hold a secret where these are to be skipped."""
    settings = writer.manifest.settings
    # Chunking runs ahead by a batch of documents, which ``tee`` keeps until their chunks come.
    live, ahead = tee(iter_documents(writer.layout, part))
    found = chunk_documents((document for _, document in ahead), tokenizer, settings.chunk, keep_tokens=keep_tokens)
    cut = PartChunks([], {}, [])
    for at, ((row, document), chunks) in enumerate(zip(live, found, strict=True)):
        progress.advance()
        if isinstance(chunks, FailedDocument):
            cut.failed[row] = chunks
            continue
        kept, reason = searchable(document, chunks) if settings.secrets == "skip" else (chunks, None)
        if reason:
            cut.withheld.append(Withheld(document, reason, len(chunks) - len(kept)))
        # Only behind a dead document is a row not the position among the live ones.
        cut.chunks.extend(kept if row == at else (replace(piece, doc_row=row) for piece in kept))
    return cut


def pending(manifest: Manifest, made_with: str) -> list[Part]:
    """Return the parts that have no chunks made with these settings."""
    return [part for part in manifest.parts if part.chunks is None or part.chunks.made_with != made_with]


def _fresh(layout: Layout, manifest: Manifest, part: Part) -> tuple[Manifest, Part]:
    """Return the manifest without a part that was cut with other settings, and the new part that takes its place."""
    if part.chunks is None:
        return manifest, part
    number = manifest.next_part
    link_or_copy(layout.documents(part.number), layout.documents(number))
    others = tuple(other for other in manifest.parts if other.number != part.number)
    return replace(manifest, parts=others, next_part=number + 1), Part(number, part.documents, dead=part.dead)
