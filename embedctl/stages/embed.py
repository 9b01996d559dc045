"""``embed``: every chunk gets the vector of its text; a text that has one is never sent to the model again.

Three things happen at a time: the next parts are read, these are encoded, and those before are written. Commits stay
in order; an error or an interruption loses what is being encoded.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from ..config import TEXT_FIELD
from ..store.durable import fsync_path
from ..store.manifest import EncoderRecord, FileRecord, Manifest, Part
from ..store.parts import chunk_columns, write_embeddings
from ..store.vectors import KnownVectors, distinct
from ..system.preconditions import require_disk
from .embed_input import ChunkTexts, read_chunks, read_texts, take

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from ..contracts import Encoder, Progress, Reporter, Vectors
    from ..store.writer import Writer
    from .report import RunReport

EMBED_TOKENS = 65_536
"""Tokens of chunks of like length that the encoder gets at once: seconds of work, after which progress is shown."""
GROUPED_CHUNKS = 2_048
"""Parts are encoded and committed together up to so many chunks: few texts of like length make slow batches."""


def embed(
    writer: Writer,
    fingerprint: str,
    load: Callable[[], Encoder],
    reporter: Reporter,
    report: RunReport,
    without: Collection[int] = (),
) -> None:
    """Give every part that lacks them the vectors of the encoder called ``fingerprint``.

    ``load`` is called only when there is a text that no stored vector covers; ``without`` are numbers of damaged parts,
    in which no vector is looked for.
    """
    todo = pending(writer.manifest, fingerprint)
    total = sum(part.chunks.rows for part in todo if part.chunks)
    with report.timing("embed"), reporter.stage("embed", total, "chunks") as progress:
        if todo:
            known = KnownVectors(writer.layout, writer.manifest, fingerprint, without)
            _Embed(writer, fingerprint, load, progress, report, known).run(todo)


def pending(manifest: Manifest, fingerprint: str) -> list[Part]:
    """Return the parts whose chunks have no vectors of this encoder."""
    return [
        part
        for part in manifest.parts
        if part.chunks and (part.embeddings is None or part.embeddings.made_with != fingerprint)
    ]


class _Embed:
    """One run: the vectors known so far, and the encoder once it is needed."""

    def __init__(
        self,
        writer: Writer,
        fingerprint: str,
        load: Callable[[], Encoder],
        progress: Progress,
        report: RunReport,
        known: KnownVectors,
    ) -> None:
        self.writer = writer
        self.layout = writer.layout
        self.fingerprint = fingerprint
        self.load = cache(load)
        self.progress = progress
        self.report = report
        self.known = known
        encoder = writer.manifest.encoder
        self.dim = encoder.dim if encoder and encoder.fingerprint == fingerprint else 0
        self.todo: Sequence[Part] = ()
        self.asked_for_room = False

    def run(self, todo: Sequence[Part]) -> None:
        """Read one group of parts ahead of the encoder, and write one behind it."""
        self.todo = todo
        pool = ThreadPoolExecutor(2, "embed")
        groups = _groups(todo)
        behind: Future[list[Part]] | None = None
        try:
            ahead = self._reading(pool, next(groups, None))
            while ahead:
                chunks = ahead.result()
                ahead = self._reading(pool, next(groups, None))
                vectors = self._vectors(chunks)
                before, behind = behind, None
                self._commit(before)
                behind = pool.submit(self._write, chunks, vectors)
        finally:
            # After an error or an interruption, too: what was encoded is kept, unless it is what failed.
            if behind and not behind.exception():
                self._commit(behind)
            pool.shutdown(cancel_futures=True)
        if behind:
            behind.result()

    def _reading(self, pool: ThreadPoolExecutor, parts: list[Part] | None) -> Future[ChunkTexts] | None:
        return pool.submit(read_chunks, self.layout, parts) if parts else None

    def _vectors(self, chunks: ChunkTexts) -> Vectors:
        """Return a vector for each chunk, and remember them."""
        first, inverse = distinct(chunks.hashes)
        found, known = self.known.lookup(chunks.hashes[first])
        unknown = np.ones(len(first), dtype=bool)
        unknown[found] = False
        missing = np.flatnonzero(unknown)
        self.progress.advance(len(inverse) - len(missing))
        if not self.dim:
            self.dim = self.load().dim
        if not self.asked_for_room:
            self.asked_for_room = True
            wanted = sum(part.chunks.rows for part in self.todo if part.chunks)
            require_disk(self.layout.root, wanted * self.dim * 4, "Storing the vectors")
        vectors = np.empty((len(first), self.dim), dtype=np.float32)
        if len(found):
            vectors[found] = known
        if len(missing):
            longest_first = missing[np.argsort(-chunks.tokens[first[missing]], kind="stable")]
            self._encode(chunks, first, longest_first, vectors)
        rows = vectors[inverse]
        for part, start, end in chunks.spans():
            self.known.hold(part.number, chunks.hashes[start:end], rows[start:end])
        self.report.add("embedded", len(missing))
        self.report.add("reused", len(inverse) - len(missing))
        return rows

    def _encode(self, chunks: ChunkTexts, first: NDArray[np.int64], slots: NDArray[np.int64], vectors: Vectors) -> None:
        """Fill ``vectors[slots]``, of which slot ``i`` is that of chunk ``first[i]``."""
        encoder = self.load()
        cut_for = self.writer.manifest.settings.chunk_fingerprint
        kept = chunks.token_ids if chunks.made_with == {cut_for(encoder.tokenizer_fingerprint)} else None
        texts = None if kept else read_texts(self.layout, chunks.parts)
        ends = np.cumsum(chunks.tokens[first[slots]])
        self.report.add("embedded_tokens", int(ends[-1]))
        for block in np.split(slots, np.flatnonzero(np.diff(ends // EMBED_TOKENS)) + 1):
            rows = first[block]
            if kept:
                vectors[block] = encoder.encode_tokens(take(kept, rows))
            elif texts is not None:
                vectors[block] = encoder.encode_documents(texts.take(rows).to_pylist())
            self.progress.advance(len(block))

    def _write(self, chunks: ChunkTexts, vectors: Vectors) -> list[Part]:
        """Write the embeddings of each part, durably, and return the parts that have them."""
        done = []
        for part, start, end in chunks.spans():
            ids = chunk_columns(self.layout, part, "chunk_id").column("chunk_id")
            record: FileRecord = write_embeddings(self.layout, part.number, ids, vectors[start:end], self.fingerprint)
            fsync_path(self.layout.embeddings(self.fingerprint, part.number))
            done.append(replace(part, vectors={**part.vectors, TEXT_FIELD: record}))
        return done

    def _commit(self, writing: Future[list[Part]] | None) -> None:
        """Publish what was written, once it is."""
        if writing is None:
            return
        done = writing.result()
        manifest = self.writer.manifest
        for part in done:
            manifest = manifest.with_part(part)
        student = manifest.student
        teacher = student.teacher if student and student.fingerprint == self.fingerprint else ""
        encoder = EncoderRecord(manifest.settings.model, self.fingerprint, self.dim, teacher)
        files = [self.layout.embeddings(self.fingerprint, part.number) for part in done]
        self.writer.commit(manifest.with_encoder(TEXT_FIELD, encoder), files)
        for part in done:
            self.known.settle(part)


def _groups(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """Yield neighbouring parts of together at most ``GROUPED_CHUNKS`` chunks, or one that has more."""
    group: list[Part] = []
    rows = 0
    for part in parts:
        chunks = part.chunks.rows if part.chunks else 0
        if group and rows + chunks > GROUPED_CHUNKS:
            yield group
            group, rows = [], 0
        group.append(part)
        rows += chunks
    if group:
        yield group
