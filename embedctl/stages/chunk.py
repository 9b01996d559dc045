"""``chunk``: cut documents into chunks that fit the encoder, part by part."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import tee
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..chunkers.batch import FailedDocument, chunk_documents
from ..records import Outcome
from ..runners import inline
from ..runners.stage import Change
from ..sources.describe import path_from_base
from ..store.files import link_or_copy
from ..store.ledger import read_ledger
from ..store.manifest import Manifest, Part
from ..store.parts import iter_documents, write_chunks
from ..store.row_problems import RowProblems
from .record_rows import unreadable_rows
from .secrets import searchable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..contracts import Progress, Reporter, Tokenizer
    from ..records import Chunk, Document
    from ..store.layout import Layout
    from ..store.ledger import FileKey, FileState, Ledger
    from ..store.writer import Writer
    from .report import RunReport


CANNOT_BE_CUT = "cannot be cut into chunks: "


class PartChunks(NamedTuple):
    """The chunks of a part's live documents."""

    chunks: list[Chunk]
    failed: dict[int, FailedDocument]
    """Documents that cannot be cut, by row."""
    withheld: list[tuple[Document, str, int]]
    """Documents of which so many chunks are left out because they hold a secret, with the reason."""


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
        stage = _Chunk(writer.layout, made_with, report, cut)
        inline.run(writer, stage, stage.todo(writer.manifest))


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
            ledger = _with_failed(read_ledger(layout, before), cut.failed.values())
            manifest = manifest.with_dead({part.number: set(cut.failed)})
            written = ledger.write(layout, manifest)
            manifest = replace(manifest, files=written)
            files.append(layout.files(written.number))
        return Change(manifest, files)

    def _tell(self, manifest: Manifest, cut: PartChunks) -> None:
        _report_failed(manifest, cut.failed.values(), self.report)
        for document, reason, left_out in cut.withheld:
            self.report.withheld(_place_of(manifest, document), reason, left_out)
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
            cut.withheld.append((document, reason, len(chunks) - len(kept)))
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


def _place_of(manifest: Manifest, document: Document) -> str:
    """Return the path of a document, and its row in a record file, as reports name it."""
    root = next(source.root for source in manifest.sources if source.name == document.source)
    path = path_from_base(root, document.path)
    return path if document.record is None else f"{path}, row {document.record}"


def _report_failed(manifest: Manifest, failed: Iterable[FailedDocument], report: RunReport) -> None:
    """Report documents as failed; if this run read them, they were counted as added or changed so far."""
    for document, reason in failed:
        counted = next((kind for kind in (Outcome.ADDED, Outcome.CHANGED) if report.outcomes[kind.value]), None)
        if counted:
            report.outcomes[counted.value] -= 1
        report.problem(_place_of(manifest, document), Outcome.FAILED, f"{CANNOT_BE_CUT}{reason}")


def _with_failed(ledger: Ledger, failed: Iterable[FailedDocument]) -> Ledger:
    """Return the ledger with these documents as failed: a file is read again by the next run, a row when it changes."""
    changes: dict[FileKey, FileState] = {}
    for document, reason in failed:
        key = (document.source, document.path)
        state = changes.get(key) or ledger.get(key)
        if state is None:
            continue
        if document.record is None:
            changes[key] = replace(state, outcome=Outcome.FAILED, reason=f"{CANNOT_BE_CUT}{reason}", documents=0)
        else:
            problems = RowProblems(state.row_problems)
            problems.add(Outcome.FAILED, f"{CANNOT_BE_CUT}{reason}", document.record)
            changes[key] = replace(
                state,
                reason=unreadable_rows(state.bad_rows + 1),
                bad_rows=state.bad_rows + 1,
                row_problems=problems.encoded(),
                documents=state.documents - 1,
            )
    return ledger.updated(np.ones(len(ledger), dtype=bool), changes)
