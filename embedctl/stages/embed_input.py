"""What the encoder is given: the chunks of neighbouring parts, as columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..contracts import TokenIds
from ..encoders.word_table import runs
from ..store.parts import chunk_columns, read_token_ids
from ..store.vectors import as_hashes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from ..store.layout import Layout
    from ..store.manifest import Part
    from ..store.vectors import Hashes


BLOCK_TOKENS = 65_536
"""Tokens of chunks of like length that the encoder gets at once: seconds of work, after which progress is shown."""


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
        if part.chunks is None or not part.chunks.rows:
            continue
        kept = read_token_ids(layout, part, part.chunks.made_with)
        if kept is None:
            return None
        found.append(kept)
    return joined(found) if found else None
