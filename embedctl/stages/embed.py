"""``embed``: every chunk gets a vector in each field; a text that one encoder has seen is never sent to it again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from ..config import TEXT_FIELD
from ..contracts import TokenIds
from ..encoders import token_encoder
from ..encoders.word_table import runs
from ..errors import EmbedctlError, MismatchError
from ..runners import run
from ..runners.stage import Change
from ..store.durable import fsync_path
from ..store.manifest import EncoderRecord, Manifest, Part
from ..store.parts import chunk_columns, read_token_ids, write_embeddings
from ..store.vectors import KnownVectors, as_hashes, distinct
from ..system.resources import require_disk

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from ..contracts import Encoder, Progress, Reporter, Vectors
    from ..store.layout import Layout
    from ..store.vectors import Hashes
    from ..store.writer import Writer
    from .report import RunReport

BLOCK_TOKENS = 65_536
"""Tokens of chunks of like length that the encoder gets at once: seconds of work, after which progress is shown."""
GROUPED_CHUNKS = 2_048
"""Parts are encoded and committed together up to so many chunks: few texts of like length make slow batches."""


@dataclass(frozen=True, slots=True)
class FieldWork:
    """The field that is to be filled, and with what."""

    fingerprint: str
    """Of the encoder."""
    load: Callable[[], Encoder]
    """Called only when there is a text that no stored vector covers."""
    field: str = TEXT_FIELD
    without: Collection[int] = ()
    """Numbers of damaged parts, in which no vector is looked for."""


def embed(writer: Writer, work: FieldWork, reporter: Reporter, report: RunReport) -> None:
    """Give every part that lacks them the vectors of a field.

    Vectors of the same text by the same encoder are copied, also from other fields and other parts.

    Raises:
        MismatchError: a text is longer than the encoder of an additional field can read.
    """
    _adopt(writer, work)
    parts = pending(writer.manifest, work.field, work.fingerprint)
    rows = sum(part.chunks.rows for part in parts if part.chunks)
    with report.timing("embed"), reporter.stage("embed", rows, "chunks") as progress:
        if parts:
            run(writer, _Embed(writer, work, rows, progress, report))


def pending(manifest: Manifest, field: str, fingerprint: str) -> list[Part]:
    """Return the parts whose chunks have no vectors of this encoder in a field."""
    return [part for part in manifest.parts if part.chunks and not part.has_vectors(field, fingerprint)]


def _adopt(writer: Writer, work: FieldWork) -> None:
    """Enter the files of other fields that the same encoder made: a file is written once."""
    manifest = writer.manifest
    for part in pending(manifest, work.field, work.fingerprint):
        same = (record for record in part.vectors.values() if record.made_with == work.fingerprint)
        if (record := next(same, None)) is not None:
            manifest = manifest.with_part(replace(part, vectors={**part.vectors, work.field: record}))
    made_by = next((one for one in manifest.encoders.values() if one.fingerprint == work.fingerprint), None)
    if manifest != writer.manifest and made_by is not None:
        writer.commit(manifest.with_encoder(work.field, made_by))


class _Embed:
    """One run: the vectors known so far, and the encoder once it is needed."""

    def __init__(self, writer: Writer, work: FieldWork, rows: int, progress: Progress, report: RunReport) -> None:
        manifest = writer.manifest
        self.layout = writer.layout
        self.settings = manifest.settings
        self.fingerprint = work.fingerprint
        self.field = work.field
        self.load = cache(work.load)
        self.progress = progress
        self.report = report
        self.known = KnownVectors(writer.layout, manifest, work.fingerprint, work.without)
        same = [one for one in manifest.encoders.values() if one.fingerprint == work.fingerprint]
        self.dim = same[0].dim if same else 0
        self.rows = rows
        self.asked_for_room = False

    def todo(self, manifest: Manifest) -> list[list[Part]]:
        """Return neighbouring parts of together at most ``GROUPED_CHUNKS`` chunks, or one that has more."""
        groups: list[list[Part]] = []
        rows = 0
        for part in pending(manifest, self.field, self.fingerprint):
            chunks = part.chunks.rows if part.chunks else 0
            if not groups or rows + chunks > GROUPED_CHUNKS:
                groups.append([])
                rows = 0
            groups[-1].append(part)
            rows += chunks
        return groups

    def read(self, task: list[Part]) -> ChunkTexts:
        """Read hashes, lengths and tokens of a few parts."""
        return read_chunks(self.layout, task)

    def work(self, given: ChunkTexts) -> tuple[ChunkTexts, Vectors]:
        """Return a vector for each chunk, and remember them."""
        first, inverse = distinct(given.hashes)
        found, known = self.known.lookup(given.hashes[first])
        unknown = np.ones(len(first), dtype=bool)
        unknown[found] = False
        missing = np.flatnonzero(unknown)
        self.progress.advance(len(inverse) - len(missing))
        if not self.dim:
            self.dim = self.load().dim
        if not self.asked_for_room:
            self.asked_for_room = True
            require_disk(self.layout.root, self.rows * self.dim * 4, "Storing the vectors")
        vectors = np.empty((len(first), self.dim), dtype=np.float32)
        if len(found):
            vectors[found] = known
        if len(missing):
            self._encode(given, first, missing, vectors)
        rows = vectors[inverse]
        for part, start, end in given.spans():
            self.known.hold(part.number, given.hashes[start:end], rows[start:end])
        self.report.add("embedded", len(missing))
        self.report.add("reused", len(inverse) - len(missing))
        return given, rows

    def fold(self, manifest: Manifest, made: tuple[ChunkTexts, Vectors]) -> Change:
        """Write the vectors of each part, durably."""
        chunks, vectors = made
        files = []
        for part, start, end in chunks.spans():
            ids = chunk_columns(self.layout, part, "chunk_id").column("chunk_id")
            record = write_embeddings(self.layout, part.number, ids, vectors[start:end], self.fingerprint)
            files.append(self.layout.embeddings(self.fingerprint, part.number))
            fsync_path(files[-1])
            embedded = replace(part, vectors={**part.vectors, self.field: record})
            manifest = manifest.with_part(embedded)
            self.known.settle(embedded)
        student = manifest.student
        teacher = student.teacher if student and student.fingerprint == self.fingerprint else ""
        encoder = EncoderRecord(self.settings.model_of(self.field), self.fingerprint, self.dim, teacher)
        return Change(manifest.with_encoder(self.field, encoder), files)

    def _encode(self, chunks: ChunkTexts, first: NDArray[np.int64], slots: NDArray[np.int64], vectors: Vectors) -> None:
        """Fill ``vectors[slots]``, of which slot ``i`` is that of chunk ``first[i]``."""
        encoder = self.load()
        cut_for = self.settings.chunk_fingerprint
        tokens = token_encoder(encoder)
        kept = chunks.token_ids if tokens and chunks.made_with == {cut_for(tokens.tokenizer_fingerprint)} else None
        texts = None if kept else read_texts(self.layout, chunks.parts)
        lengths = chunks.tokens[first[slots]]
        self.report.add("embedded_tokens", int(lengths.sum()))
        for places in blocks(lengths):
            block = slots[places]
            rows = first[block]
            if tokens and kept:
                vectors[block] = tokens.encode_tokens(take(kept, rows))
            elif texts is not None:
                vectors[block] = self._of_texts(encoder, texts.take(rows).to_pylist())
            self.progress.advance(len(block))

    def _of_texts(self, encoder: Encoder, texts: list[str]) -> Vectors:
        try:
            return encoder.encode_documents(texts)
        except EmbedctlError as error:
            if self.field == TEXT_FIELD or type(error) is not EmbedctlError:  # that is its word for a text too long
                raise
            raise MismatchError(
                f'The field "{self.field}" cannot be filled: {error.message}',
                'Cut shorter chunks with "embedctl index --chunk-size N --rebuild", or remove the arms of this field '
                'with "embedctl arm remove NAME".',
            ) from error


@dataclass(frozen=True, slots=True)
class ChunkTexts:
    """The chunks of some parts, one after the other; texts stay on disk until they are asked for."""

    parts: Sequence[Part]
    hashes: Hashes
    tokens: NDArray[np.int64]
    """int64 ``(n,)``: what the encoder reads of each, as it was counted when the chunk was cut."""
    token_ids: TokenIds | None
    """``None`` where a part does not keep them."""

    @property
    def made_with(self) -> set[str]:
        """What the parts were cut with."""
        return {part.chunks.made_with for part in self.parts if part.chunks}

    def spans(self) -> Iterator[tuple[Part, int, int]]:
        """Yield each part with the rows that are its own, half-open."""
        start = 0
        for part in self.parts:
            end = start + (part.chunks.rows if part.chunks else 0)
            yield part, start, end
            start = end


def read_chunks(layout: Layout, parts: Sequence[Part]) -> ChunkTexts:
    """Read hashes, lengths and, where they are kept, tokens."""
    tables = [chunk_columns(layout, part, "sha256", "tokens") for part in parts]
    return ChunkTexts(
        parts,
        np.concatenate([as_hashes(table.column("sha256")) for table in tables]),
        np.concatenate([table.column("tokens").to_numpy() for table in tables]).astype(np.int64),
        _token_ids(layout, parts),
    )


def read_texts(layout: Layout, parts: Sequence[Part]) -> pa.ChunkedArray:
    """Return what the encoder reads of each chunk: its context, then its text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    nothing = pa.scalar("", pa.large_string())
    tables = [chunk_columns(layout, part, "context", "text") for part in parts]
    joined = [
        pc.binary_join_element_wise(table.column("context").cast(pa.large_string()), table.column("text"), nothing)
        for table in tables
    ]
    return pa.chunked_array([array for column in joined for array in column.chunks], pa.large_string())


def joined(pieces: Sequence[TokenIds]) -> TokenIds:
    """Return the tokens of the texts of all pieces, one after the other."""
    counts = np.concatenate([np.diff(piece.offsets) for piece in pieces])
    return TokenIds(np.concatenate([piece.ids for piece in pieces]), np.concatenate([[0], np.cumsum(counts)]))


def take(tokens: TokenIds, rows: NDArray[np.int64]) -> TokenIds:
    """Return the tokens of these texts, in the order of ``rows``."""
    starts = tokens.offsets[rows]
    counts = tokens.offsets[rows + 1] - starts
    return TokenIds(tokens.ids[runs(starts, counts)], np.concatenate([[0], np.cumsum(counts)]))


def blocks(lengths: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return the places of texts of so many tokens, longest first, in blocks of about ``BLOCK_TOKENS``."""
    longest_first = np.argsort(-lengths, kind="stable")
    ends = np.cumsum(lengths[longest_first])
    return np.split(longest_first, np.flatnonzero(np.diff(ends // BLOCK_TOKENS)) + 1)


def _token_ids(layout: Layout, parts: Sequence[Part]) -> TokenIds | None:
    found = []
    for part in parts:
        if part.chunks and part.chunks.rows:
            kept = read_token_ids(layout, part, part.chunks.made_with)
            if kept is None:
                return None
            found.append(kept)
    return joined(found) if found else None
