"""``chunk``: documents become spans that fit the encoder, part by part."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from ..chunkers.batch import Uncut, chunk_documents
from ..store.files import link_or_copy
from ..store.ledger import read_ledger
from ..store.manifest import Manifest, Part
from ..store.parts import iter_documents, write_chunks
from .failed_chunks import place_of, tell_uncut, without_uncut
from .secrets import searchable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from ..contracts import Progress, Reporter, Tokenizer
    from ..records import Chunk, Document
    from ..store.writer import Writer
    from .report import RunReport


def chunk(
    writer: Writer, tokenizer: Tokenizer, reporter: Reporter, report: RunReport, *, keep_tokens: bool = False
) -> None:
    """Cut the documents of every part that has no chunks made with the store's settings.

    With ``keep_tokens`` the chunks are stored with their tokens, so that an encoder need not make them again. While one
    part is cut, the one before it is written and committed.
    A part that was cut with other settings goes on as a new part with the same documents, so that an index which
    still answers from the old one is not disturbed.
    """
    made_with = writer.manifest.settings.chunk_fingerprint(tokenizer.fingerprint)
    todo = pending(writer.manifest, made_with)
    total = sum(part.live_documents for part in todo)
    with (
        report.timing("chunk"),
        reporter.stage("chunk", total, "documents") as progress,
        ThreadPoolExecutor(1, "chunk") as pool,
    ):
        behind: Future[None] | None = None
        for part in todo:
            uncut: dict[int, Uncut] = {}
            chunks = cut(writer, part, tokenizer, progress, keep_tokens=keep_tokens, report=report, uncut=uncut)
            if behind:
                behind.result()
            behind = pool.submit(_commit, writer, part, chunks, made_with, uncut)
            tell_uncut(writer.manifest, uncut.values(), report)
            report.add("chunks", len(chunks))
            report.add("tokens", sum(piece.tokens for piece in chunks))
        if behind:
            behind.result()


def cut(
    writer: Writer,
    part: Part,
    tokenizer: Tokenizer,
    progress: Progress,
    *,
    keep_tokens: bool,
    report: RunReport | None = None,
    uncut: dict[int, Uncut] | None = None,
) -> list[Chunk]:
    """Return the chunks of a part's live documents, without those that hold a secret where these are to be skipped.

    Documents that cannot be cut are put into ``uncut``, by their rows.
    """
    chunks: list[Chunk] = []
    rows: list[int] = []
    secret: dict[int, Document] = {}
    settings = writer.manifest.settings
    documents = _live(writer, part, rows, secret if settings.secrets == "skip" else None)
    found = chunk_documents(documents, tokenizer, settings.chunk, keep_tokens=keep_tokens)
    for at, pieces in enumerate(found):
        if isinstance(pieces, Uncut):
            secret.pop(at, None)
            if uncut is not None:
                uncut[rows[at]] = pieces
            progress.advance()
            continue
        if at in secret:
            pieces = _without_secrets(writer.manifest, secret.pop(at), pieces, report)
        # Only behind a dead document is a row not the position among the live ones.
        chunks.extend(pieces if rows[at] == at else (replace(piece, doc_row=rows[at]) for piece in pieces))
        progress.advance()
    return chunks


def _without_secrets(
    manifest: Manifest, document: Document, chunks: list[Chunk], report: RunReport | None
) -> list[Chunk]:
    """Return the chunks that hold no secret, and report the others."""
    kept, reason = searchable(document, chunks)
    if report and reason:
        report.withheld(place_of(manifest, document), reason, len(chunks) - len(kept))
    return kept


def _commit(writer: Writer, part: Part, chunks: list[Chunk], made_with: str, uncut: dict[int, Uncut]) -> None:
    """Write and commit the chunks of a part, which may go on under a new number."""
    before, (manifest, part) = writer.manifest, _fresh(writer, part)
    record = write_chunks(writer.layout, part.number, chunks, made_with)
    files = [writer.layout.chunks(part.number), writer.layout.documents(part.number)]
    manifest = manifest.with_part(replace(part, chunks=record))
    if uncut:
        # They make no chunks, so they are no documents of the store; the ledger remembers them as failed.
        ledger = without_uncut(read_ledger(writer.layout, before), uncut.values())
        manifest = manifest.with_dead({part.number: set(uncut)})
        written = ledger.write(writer.layout, manifest)
        manifest = replace(manifest, files=written)
        files.append(writer.layout.files(written.number))
    writer.commit(manifest, files)


def pending(manifest: Manifest, made_with: str) -> list[Part]:
    """Return the parts that have no chunks made with these settings."""
    return [part for part in manifest.parts if part.chunks is None or part.chunks.made_with != made_with]


def _live(writer: Writer, part: Part, rows: list[int], secret: dict[int, Document] | None) -> Iterator[Document]:
    """Yield the live documents of a part; note their rows as they are taken, and by position those with secrets."""
    for row, document in iter_documents(writer.layout, part):
        if secret is not None and document.secrets:
            secret[len(rows)] = document
        rows.append(row)
        yield document


def _fresh(writer: Writer, part: Part) -> tuple[Manifest, Part]:
    """Return the manifest without a part that was cut otherwise, and the new part that takes its place."""
    manifest = writer.manifest
    if part.chunks is None:
        return manifest, part
    number = manifest.next_part
    link_or_copy(writer.layout.documents(part.number), writer.layout.documents(number))
    others = tuple(other for other in manifest.parts if other.number != part.number)
    return replace(manifest, parts=others, next_part=number + 1), Part(number, part.documents, dead=part.dead)
