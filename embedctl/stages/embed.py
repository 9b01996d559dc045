"""``embed``: every chunk gets the vector of its text; a text that has one is never sent to the model again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..store.manifest import EncoderRecord, Manifest, Part
from ..store.parts import chunk_columns, write_embeddings
from ..store.vectors import KnownVectors

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..contracts import Encoder, Progress, Reporter
    from ..store.handle import Writer
    from .report import RunReport

EMBED_BLOCK = 64
"""Chunks of like length handed to the encoder at once: enough to keep it busy, little enough to show progress."""


def embed(writer: Writer, fingerprint: str, load: Callable[[], Encoder], reporter: Reporter, report: RunReport) -> None:
    """Give every part that lacks them the vectors of the encoder called ``fingerprint``.

    ``load`` is called only when there is a text that no stored vector covers.
    """
    todo = pending(writer.manifest, fingerprint)
    total = sum(part.chunks.rows for part in todo if part.chunks)
    with report.timing("embed"), reporter.stage("embed", total, "chunks") as progress:
        if todo:
            run = _Embed(writer, fingerprint, load, progress, report)
            for part in todo:
                run.take(part)


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
        self, writer: Writer, fingerprint: str, load: Callable[[], Encoder], progress: Progress, report: RunReport
    ) -> None:
        self.writer = writer
        self.fingerprint = fingerprint
        self.load = load
        self.progress = progress
        self.report = report
        self.known = KnownVectors(writer.layout, writer.manifest, fingerprint)
        encoder = writer.manifest.encoder
        self.dim = encoder.dim if encoder and encoder.fingerprint == fingerprint else 0

    def take(self, part: Part) -> None:
        """Embed one part and commit it."""
        layout = self.writer.layout
        table = chunk_columns(layout, part, "chunk_id", "context", "text", "sha256", "tokens")
        slots: dict[bytes, int] = {}
        inverse = [slots.setdefault(value, len(slots)) for value in table.column("sha256").to_pylist()]
        hashes = list(slots)
        found = self.known.lookup(hashes)
        missing = [slot for slot in range(len(hashes)) if slot not in found]
        self.progress.advance(len(inverse) - len(missing))
        if not self.dim:
            self.dim = self.load().dim
        vectors = np.empty((len(hashes), self.dim), dtype=np.float32)
        for slot, vector in found.items():
            vectors[slot] = vector
        if missing:
            first = {slot: row for row, slot in reversed(list(enumerate(inverse)))}
            texts = table.select(["context", "text", "tokens"]).take([first[slot] for slot in missing]).to_pylist()
            self.report.add("embedded_tokens", sum(row["tokens"] for row in texts))
            longest_first = sorted(range(len(missing)), key=lambda at: -texts[at]["tokens"])
            inputs = [texts[at]["context"] + texts[at]["text"] for at in longest_first]
            self._encode(inputs, [missing[at] for at in longest_first], vectors)
        rows = vectors[np.asarray(inverse, dtype=np.int64)]
        record = write_embeddings(layout, part.number, table.column("chunk_id"), rows, self.fingerprint)
        done = replace(part, embeddings=record)
        manifest = self.writer.manifest.with_part(done)
        encoder = EncoderRecord(manifest.settings.model, self.fingerprint, self.dim)
        self.writer.commit(replace(manifest, encoder=encoder), [layout.embeddings(self.fingerprint, part.number)])
        self.known.add(done)
        self.report.add("embedded", len(missing))
        self.report.add("reused", len(inverse) - len(missing))

    def _encode(
        self, texts: list[str], slots: list[int], vectors: np.ndarray[tuple[int, int], np.dtype[np.float32]]
    ) -> None:
        encoder = self.load()
        for start in range(0, len(texts), EMBED_BLOCK):
            block = texts[start : start + EMBED_BLOCK]
            vectors[slots[start : start + EMBED_BLOCK]] = encoder.encode_documents(block)
            self.progress.advance(len(block))
