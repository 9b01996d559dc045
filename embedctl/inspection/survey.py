"""Reading a store for inspection: a few numbers of every live chunk, and the vectors and texts of a sample.

Memory: some 30 bytes for each chunk of the store, the sample, and the largest part.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import NoStoreError
from ..labels import labels as labels_in
from ..labels import part_of, row_of
from ..records import NORM_OFF
from ..store.parts import chunk_columns, chunks_and_documents, live_chunk_rows, read_vectors
from ..store.vectors import as_hashes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from ..contracts import Labels, Progress, Vectors
    from ..store.layout import Layout
    from ..store.manifest import Manifest, Part

    Rows = NDArray[np.int64]

NORM_EDGES = (0.0, 0.99, 0.999, 0.9999, 0.99999, 1.00001, 1.0001, 1.001, 1.01, np.inf)
"""Of the histogram of norms; the last bin is open."""


@dataclass(frozen=True, slots=True)
class EmbeddedChunks:
    """Every live chunk that has a vector."""

    labels: Labels
    """uint64 ``(n,)``, ascending."""
    documents: Labels
    """uint64 ``(n,)``: part in the upper 32 bits, row of the document in the lower."""
    tokens: NDArray[np.int32]
    """``(n,)``: what the encoder reads, special tokens, prompt and context included."""
    characters: NDArray[np.int32]
    """``(n,)``: code points of the text without its context."""
    hashes: NDArray[np.uint64]
    """``(n,)``: the first 64 bits of the SHA-256 of context and text. Two of a million texts share them with a chance
    of 3e-8."""

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.labels)


@dataclass(slots=True)
class Norms:
    """Lengths of all vectors, and the defects among them."""

    not_finite: int = 0
    zero: int = 0
    off_unit: int = 0
    """Further than doctor's tolerance from one; zero vectors are counted apart."""
    largest_deviation: float = 0.0
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(NORM_EDGES) - 1, np.int64))
    total: NDArray[np.float64] = field(default_factory=lambda: np.zeros(1))
    """Sum of all finite vectors, float64 ``(dim,)``."""
    squares: float = 0.0
    """Sum of their squared lengths."""
    finite: int = 0

    def add(self, vectors: Vectors) -> None:
        """Count float32 ``(n, dim)``."""
        norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
        finite = np.isfinite(norms)
        self.not_finite += int((~finite).sum())
        if not finite.all():
            vectors, norms = vectors[finite], norms[finite]
        off = np.abs(norms - 1)
        self.zero += int((norms == 0).sum())
        self.off_unit += int(((off > NORM_OFF) & (norms > 0)).sum())
        self.largest_deviation = max(self.largest_deviation, float(off.max(initial=0.0)))
        self.counts += np.histogram(norms, NORM_EDGES)[0]
        self.finite += len(norms)
        self.squares += float((norms**2).sum())
        self.total = self.total + vectors.sum(axis=0, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class SampledText:
    """One sampled chunk's text."""

    context: str
    """Title and headings, which the encoder reads before the text."""
    text: str
    code: bool
    """Of a document that is a program."""


class Survey:
    """The live, embedded chunks of one snapshot."""

    def __init__(self, layout: Layout, manifest: Manifest) -> None:
        """Find the parts that have vectors of the store's encoder.

        Raises:
            NoStoreError: nothing has a vector yet.
        """
        self._layout = layout
        fingerprint = manifest.encoder.fingerprint if manifest.encoder else None
        self._live: list[tuple[Part, Rows]] = []
        """Parts by number, and the rows of their live chunks."""
        self.waiting = 0
        """Live chunks without a vector."""
        for part in sorted(manifest.parts, key=lambda part: part.number):
            rows = live_chunk_rows(layout, part)
            if part.chunks and part.chunks.rows and part.embeddings and part.embeddings.made_with == fingerprint:
                self._live.append((part, rows))
            else:
                self.waiting += len(rows)
        if not any(len(rows) for _, rows in self._live):
            raise NoStoreError(
                f"The store in {layout.root} has no vectors to inspect yet.", 'Make them with "embedctl index PATH".'
            )

    def chunks(self) -> EmbeddedChunks:
        """Read the numbers of every chunk."""
        columns = zip(*(self._chunk_numbers(*live) for live in self._live), strict=True)
        return EmbeddedChunks(*map(np.concatenate, columns))

    def _chunk_numbers(self, part: Part, rows: Rows) -> tuple[NDArray[Any], ...]:
        table = chunk_columns(self._layout, part, "doc_row", "start", "end", "tokens", "sha256")
        start, end, owner, tokens = (table.column(name).to_numpy() for name in ("start", "end", "doc_row", "tokens"))
        return (
            labels_in(part.number, rows),
            labels_in(part.number, owner[rows]),
            tokens[rows].astype(np.int32),
            (end - start)[rows].astype(np.int32),
            as_hashes(table.column("sha256"))[rows, 0],
        )

    def vectors(self) -> Iterator[tuple[Labels, Vectors]]:
        """Yield labels and vectors of the live chunks of each part, float32 ``(rows, dim)``."""
        for part, rows in self._live:
            vectors = read_vectors(self._layout, part)
            yield labels_in(part.number, rows), vectors if len(rows) == len(vectors) else vectors[rows]

    def measure(self, sampled: Labels, progress: Progress) -> tuple[Norms, Labels, Vectors]:
        """Read all vectors once: count their norms, and keep those of ``sampled``: labels, and float32 ``(n, dim)``.

        Vectors that are not finite, or are zero, are counted and not kept: there is no cosine to them.
        """
        norms, labels, vectors = Norms(), [], []
        for mine, every in self.vectors():
            norms.add(every)
            taken = np.isin(mine, sampled)
            kept = every[taken]
            sound = np.isfinite(kept).all(axis=1) & kept.any(axis=1)
            labels.append(mine[taken][sound])
            vectors.append(kept[sound])
            progress.advance(len(mine))
        return norms, np.concatenate(labels), np.concatenate(vectors)

    def texts(self, sampled: Labels) -> list[SampledText]:
        """Return the texts of sampled chunks, in the order of parts and rows."""
        rows = self.rows(sampled, ("context", "text"), ("markup",)).values()
        return [SampledText(row["context"], row["text"], row["markup"] == "code") for row in rows]

    def rows(self, labels: Labels, columns: Sequence[str], of_document: Sequence[str]) -> dict[int, dict[str, Any]]:
        """Return columns of chunks and of their documents, by label, in the order of parts and rows."""
        found: dict[int, dict[str, Any]] = {}
        for part, _ in self._live:
            mine = labels[part_of(labels) == part.number]
            if len(mine):
                rows = chunks_and_documents(self._layout, part, row_of(mine), columns, of_document)
                found |= zip(mine.tolist(), rows, strict=True)
        return found


def draw(labels: Labels, count: int, seed: int) -> Labels:
    """Return ``count`` of ``labels`` in their order, the same on every call; all of them where there are fewer."""
    if len(labels) <= count:
        return labels
    chosen = np.random.default_rng(seed).choice(len(labels), count, replace=False)
    return labels[np.sort(chosen)]
