"""Token offsets of one document, held a window at a time, and what spans cost."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ..contracts import LocatedTokens, Tokenizer

CHARACTERS_PER_TOKEN = 16
"""A token of budget buys at most this many characters: WordPiece reads a "word" of 50,000 letters as one token."""
WINDOW_CHARACTERS = 2_000_000
"""Characters of a long document that are tokenized at once."""
MARGIN_BUDGETS = 2
TRUSTED_CHARACTERS = 65_536
"""Longer spans may hold a place where a long unbroken run was cut for tokenization."""

_BLANKS = re.compile(r"\s*")
_PLAIN_BLANKS = frozenset(" \t\n\r")


def skip_blanks(text: str, position: int) -> int:
    """Return the offset of the first character from ``position`` on that is not white space."""
    if position < len(text) and not text[position].isspace():
        return position
    blanks = _BLANKS.match(text, position)
    return blanks.end() if blanks else position


def counted(tokenizer: Tokenizer, texts: Sequence[str]) -> Iterator[tuple[int, NDArray[np.int32]]]:
    """Yield the number of tokens that the encoder reads for each text, ``overhead`` included, and the text's own."""
    found = tokenizer.token_ids(texts)
    frame = len(tokenizer.prefix_ids) + len(tokenizer.suffix_ids)
    for low, high in pairwise(found.offsets.tolist()):
        yield frame + high - low, found.ids[low:high]


class TokenMap:
    """Places of the tokens of ``text[start:]``.

    Offsets are computed for a window that moves forward, so memory does not grow with the document. Tokens only
    ever decide where to cut; what the encoder will read is counted again wherever the two can differ.
    """

    def __init__(self, text: str, start: int, tokenizer: Tokenizer) -> None:
        self._text = text
        self._tokenizer = tokenizer
        self._base = self._end = start
        self._window: LocatedTokens

    def fill(self, window: LocatedTokens) -> None:
        """Take the tokens of the whole rest of the text, their offsets relative to its start."""
        self._window = window
        self._end = len(self._text)

    def reach(self, position: int, budget: int) -> None:
        """Make sure that everything a chunk from ``position`` may hold lies in the window."""
        margin = MARGIN_BUDGETS * CHARACTERS_PER_TOKEN * budget
        if self._end == len(self._text) or position + margin <= self._end:
            return
        self._base = position
        self._end = min(len(self._text), position + max(WINDOW_CHARACTERS, 2 * margin))
        if hasattr(self, "_window"):
            del self._window  # first, for two of them would be the peak
        (self._window,) = self._tokenizer.locate([self._text[position : self._end]])

    def cost(self, start: int, end: int) -> int:
        """Return tokens, or characters in units of ``CHARACTERS_PER_TOKEN`` where those are more."""
        by_characters = -(-(end - start) // CHARACTERS_PER_TOKEN)
        if end > self._end:
            return by_characters
        first, last = self._touching(start, end)
        return max(by_characters, last - first)

    def limit(self, start: int, budget: int) -> int:
        """Return the offset of the first character, after any blanks, that ``budget`` does not buy."""
        _, starts, ends = self._window
        farthest = min(start + budget * CHARACTERS_PER_TOKEN, len(self._text))
        first_left_out = int(ends.searchsorted(start - self._base, "right")) + budget
        if first_left_out < len(starts):
            farthest = min(farthest, int(starts[first_left_out]) + self._base)
        return skip_blanks(self._text, max(farthest, start + 1))

    def earliest(self, end: int, budget: int) -> int:
        """Return the offset of the first of the last ``budget`` tokens before ``end``."""
        starts = self._window.starts
        index = int(starts.searchsorted(end - self._base)) - budget
        first = int(starts[index]) + self._base if 0 <= index < len(starts) else self._base
        return max(first, end - budget * CHARACTERS_PER_TOKEN)

    def exactly(self, start: int, end: int) -> NDArray[np.int32] | None:
        """Return the tokens of a span cut at plain white space, ``None`` where cutting may have changed them."""
        if end - start >= TRUSTED_CHARACTERS or end > self._end:
            return None
        clean_start = start == self._base or self._text[start - 1] in _PLAIN_BLANKS
        clean_end = end == len(self._text) or self._text[end] in _PLAIN_BLANKS
        if not (clean_start and clean_end):
            return None
        first, last = self._touching(start, end)
        return self._window.ids[first:last]

    def _touching(self, start: int, end: int) -> tuple[int, int]:
        """Return first and last, exclusive, of the tokens that touch the span."""
        window, base = self._window, self._base
        last = int(window.starts.searchsorted(end - base))
        return int(window.ends.searchsorted(start - base, "right")), last
