"""The tokens of words, for tokenizers that read each word by itself: every distinct word is tokenized once.

Words are what white space separates for BERT. They repeat so often that looking them up is several times as fast as
tokenizing them.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from ..contracts import LocatedTokens, TokenIds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from ..contracts import Offsets

KNOWN_CHARACTERS = 4_000_000
"""Characters of distinct words that are remembered; about 150 MB where every word is new, far less in any language."""

# White space to Python, but removed by BERT, which then reads one word; and NUL, which BERT removes as well.
_REMOVED = "\x0b\x0c\x1c\x1d\x1e\x1f\x85"
_CLEAN = str.maketrans(dict.fromkeys([*_REMOVED, "\0"], "\x01"))
_SEAM = "\0"
"""Stands between two texts: a word without tokens that no clean text has."""
_JOINT = f"\n{_SEAM}\n"


class WordTable:
    """Known words and their tokens; safe to use from several threads."""

    def __init__(self, encoded: Callable[[list[str]], LocatedTokens]) -> None:
        """Begin without words; ``encoded`` tokenizes words that stand in the lines of one text."""
        self._encoded = encoded
        self._words = _Words()
        self._lock = Lock()

    def token_ids(self, texts: Sequence[str]) -> TokenIds:
        """Return the tokens of each text."""
        words, places, _, edges = self._find(_joined(texts))
        return TokenIds(words.ids[places], edges)

    def locate(self, texts: Sequence[str]) -> list[LocatedTokens]:
        """Return the tokens of each text with their places in it."""
        joined = _joined(texts)
        words, places, counts, edges = self._find(joined)
        lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) + len(_JOINT)
        shift = np.repeat(_word_starts(joined), counts)
        shift -= np.repeat(np.cumsum(lengths) - lengths, np.diff(edges))
        ids, starts, ends = words.ids[places], words.starts[places] + shift, words.ends[places] + shift
        return [
            LocatedTokens(ids[low:high], starts[low:high], ends[low:high]) for low, high in pairwise(edges.tolist())
        ]

    def _find(self, joined: str) -> tuple[_Words, Offsets, Offsets, Offsets]:
        """Return the known words, and arrays about the tokens of ``joined``.

        The place of each token in the columns of the words; the number of tokens of each word; and ``(texts + 1,)``:
        tokens before each text, and their number.
        """
        words = joined.split()
        with self._lock:
            # Begin anew rather than grow without limit: what is still in use is soon learned again.
            if self._words.characters > KNOWN_CHARACTERS:
                self._words = _Words()
            table = self._words
            try:
                rows = np.fromiter(map(table.rows.__getitem__, words), dtype=np.intp, count=len(words))
                table.learn(self._encoded)
            except BaseException:
                self._words = _Words()  # words that were numbered but not learned would spoil every later text
                raise
            counts = table.counts[rows]
            places = runs(table.first[rows], counts)
        seams = np.cumsum(counts)[rows == table.rows[_SEAM]]
        return table, places, counts, np.concatenate(([0], seams, [len(places)]))


class Numbers(dict[str, int]):
    """Numbers words as they are first asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.new: list[str] = []

    def __missing__(self, word: str) -> int:
        row = self[word] = len(self)
        self.new.append(word)
        return row

    def take_new(self) -> list[str]:
        """Return the words that were numbered since the last call, in the order of their numbers."""
        new, self.new = self.new, []
        return new


class _Words:
    """Columns over words, and columns over their tokens; all of them only ever grow."""

    def __init__(self) -> None:
        self.characters = 0
        self.rows = Numbers()
        self.rows[_SEAM]
        self.counts: Offsets = np.empty(0, dtype=np.int64)
        self.first: Offsets = self.counts
        """Place of each word's first token in the columns below."""
        self.ids: NDArray[np.int32] = np.empty(0, dtype=np.int32)
        self.starts = self.ids
        """From the start of the word, as are ``ends``."""
        self.ends = self.ids
        self._known = self._tokens = 0

    def learn(self, encoded: Callable[[list[str]], LocatedTokens]) -> None:
        """Add the tokens of the words that were numbered since the last call."""
        words = self.rows.take_new()
        if not words:
            return
        # As lines of one text: a text of its own for each word would take the tokenizer ten times as long.
        ids, starts, ends = encoded(words)
        lengths = np.fromiter(map(len, words), dtype=np.int64, count=len(words)) + 1
        lines = np.cumsum(lengths) - lengths
        first = np.searchsorted(starts, lines)
        counts = np.diff(first, append=len(starts))
        shift = np.repeat(lines, counts)
        known, tokens = self._known, self._tokens
        self.counts = extended(self.counts, known, counts)
        self.first = extended(self.first, known, first + tokens)
        self.ids = extended(self.ids, tokens, ids)
        self.starts = extended(self.starts, tokens, starts - shift)
        self.ends = extended(self.ends, tokens, ends - shift)
        self._known, self._tokens = known + len(words), tokens + len(ids)
        self.characters += int(lengths.sum())


def runs(starts: Offsets, counts: Offsets) -> Offsets:
    """Return ``counts[i]`` places from ``starts[i]`` on for each ``i``, one after the other, int64."""
    places: Offsets = np.repeat(starts - np.cumsum(counts) + counts, counts)
    places += np.arange(len(places))
    return places


def extended(column: NDArray[Any], used: int, values: NDArray[Any]) -> NDArray[Any]:
    """Return ``column`` with ``values`` behind its first ``used`` rows, with room to grow when it must be moved."""
    end = used + len(values)
    if end > len(column):
        moved = np.empty(max(end, 2 * len(column)), dtype=column.dtype)
        moved[:used] = column[:used]
        column = moved
    column[used:end] = values
    return column


def _joined(texts: Sequence[str]) -> str:
    """Return all texts as one, a seam between each two: a thousand small texts would cost more than their words."""
    joined = _JOINT.join(texts)
    if joined.count(_SEAM) >= max(1, len(texts)) or any(character in joined for character in _REMOVED):
        joined = _JOINT.join([text.translate(_CLEAN) for text in texts])
    return joined


@cache
def _blanks() -> NDArray[np.bool_]:
    """Return whether each code point is white space, up to the first beyond the last that is."""
    return np.array([chr(code).isspace() for code in range(0x3002)])


def _word_starts(text: str) -> Offsets:
    """Return the offset of each word of ``text.split()``."""
    blanks = _blanks()
    if text.isascii():
        blank = blanks[np.frombuffer(text.encode("ascii"), dtype=np.uint8)]
    else:
        blank = blanks[np.minimum(np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32), len(blanks) - 1)]
    begins = ~blank
    begins[1:] &= blank[:-1]
    return np.flatnonzero(begins).astype(np.int64, copy=False)
