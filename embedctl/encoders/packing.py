"""Texts of like length share a forward pass: how tokens become padded batches."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from ..contracts import TokenIds


_LANES = 16
"""Batches are as wide as a multiple of this where the model allows it. What kernels add up along a row they add up in
so many lanes, and what is behind the last full one in another way: with other widths a vector would depend on how long
the longest text beside it is. With these all its bits are the text's own, by measurement (docs/models.md)."""


class Frame(NamedTuple):
    """What stands around the tokens of every text, and what fills the rest of a row."""

    before: tuple[int, ...]
    """Special tokens, then those of the prompt."""
    after: tuple[int, ...]
    pad: int
    prompt_tokens: int
    """Leading tokens that the prompt is made of, special ones included; 0 without a prompt."""
    max_tokens: int
    """Tokens of a row, at most; a longer one is as wide as it is."""

    def width(self, longest: int) -> int:
        """Return how wide a batch is whose longest row has so many tokens."""
        longest = max(1, longest)
        return max(longest, min(-(-longest // _LANES) * _LANES, self.max_tokens))

    @property
    def overhead(self) -> int:
        """Tokens that every input has besides its text."""
        return len(self.before) + len(self.after)


class TokenBatch(NamedTuple):
    """One forward pass."""

    rows: NDArray[np.int64]
    """int64 ``(b,)``: places of these inputs among all of them."""
    ids: NDArray[np.int64]
    """int64 ``(b, width)``, padded on the right."""
    mask: NDArray[np.int64]
    """int64 ``(b, width)``: 1 for tokens, 0 for padding."""
    prompt_tokens: int
    """As in :class:`Frame`."""

    def inputs(self, names: Sequence[str]) -> dict[int, NDArray[np.int64]]:
        """Return what a converted model takes for its inputs called ``names``, by their places."""
        values = {
            "input_ids": self.ids,
            "attention_mask": self.mask,
            "prompt_length": np.array([self.prompt_tokens], dtype=np.int64),
        }
        return {place: values[name] for place, name in enumerate(names)}


class Packed:
    """All inputs, longest first, in batches of at most ``batch_tokens`` padded tokens; at least one input in each."""

    def __init__(self, tokens: TokenIds, frame: Frame, batch_tokens: int) -> None:
        self._tokens = tokens
        self._frame = frame
        self._lengths = np.diff(tokens.offsets) + frame.overhead
        self._order = np.argsort(-self._lengths, kind="stable")
        self._edges = _edges([frame.width(longest) for longest in self._lengths[self._order].tolist()], batch_tokens)

    def __len__(self) -> int:
        """Return the number of batches."""
        return len(self._edges) - 1

    def __iter__(self) -> Iterator[TokenBatch]:
        """Yield the batches; arrays are made one by one."""
        for start, end in pairwise(self._edges):
            yield self._batch(self._order[start:end])

    def _batch(self, rows: NDArray[np.int64]) -> TokenBatch:
        frame, offsets = self._frame, self._tokens.offsets
        lengths = self._lengths[rows][:, None]
        first, last = len(frame.before), lengths - len(frame.after)
        columns = np.arange(frame.width(int(lengths[0, 0])))  # an empty text without special tokens is padding
        mask = columns < lengths
        ids = np.full(mask.shape, frame.pad, dtype=np.int64)
        ids[:, :first] = frame.before
        ids[(columns >= first) & (columns < last)] = np.concatenate(
            [self._tokens.ids[offsets[row] : offsets[row + 1]] for row in rows]
        )
        for place, token in enumerate(frame.after):
            np.put_along_axis(ids, last + place, token, axis=1)
        return TokenBatch(rows, ids, mask.astype(np.int64), frame.prompt_tokens)


def _edges(widths: Sequence[int], batch_tokens: int) -> list[int]:
    """Return where batches begin in ``widths`` (descending), and the end."""
    edges = [0]
    while edges[-1] < len(widths):
        edges.append(min(len(widths), edges[-1] + max(1, batch_tokens // widths[edges[-1]])))
    return edges
