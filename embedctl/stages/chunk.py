"""``chunk``: documents become spans that fit the encoder, part by part."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..chunkers.batch import chunk_documents
from ..store.files import link_or_copy
from ..store.manifest import Manifest, Part
from ..store.parts import iter_documents, write_chunks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..contracts import Reporter, Tokenizer
    from ..records import Chunk, Document
    from ..store.handle import Writer
    from .report import RunReport


def chunk(writer: Writer, tokenizer: Tokenizer, reporter: Reporter, report: RunReport) -> None:
    """Cut the documents of every part that has no chunks made with the store's settings.

    A part that was cut with other settings goes on as a new part with the same documents, so that an index which
    still answers from the old one is not disturbed.
    """
    config = writer.manifest.settings.chunk
    made_with = config.fingerprint(tokenizer.fingerprint)
    todo = pending(writer.manifest, made_with)
    total = sum(part.live_documents for part in todo)
    with report.timing("chunk"), reporter.stage("chunk", total, "documents") as progress:
        for part in todo:
            manifest, part = _fresh(writer, part)
            chunks: list[Chunk] = []
            rows: list[int] = []
            for at, pieces in enumerate(chunk_documents(_live(writer, part, rows), tokenizer, config)):
                chunks.extend(replace(piece, doc_row=rows[at]) for piece in pieces)
                progress.advance()
            record = write_chunks(writer.layout, part.number, chunks, made_with)
            files = [writer.layout.chunks(part.number), writer.layout.documents(part.number)]
            writer.commit(manifest.with_part(replace(part, chunks=record)), files)
            report.add("chunks", len(chunks))
            report.add("tokens", sum(piece.tokens for piece in chunks))


def pending(manifest: Manifest, made_with: str) -> list[Part]:
    """Return the parts that have no chunks made with these settings."""
    return [part for part in manifest.parts if part.chunks is None or part.chunks.made_with != made_with]


def _live(writer: Writer, part: Part, rows: list[int]) -> Iterator[Document]:
    """Yield the live documents of a part, and note their rows as they are taken."""
    for row, document in iter_documents(writer.layout, part):
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
