"""Fit of the tokenizer to the texts: words that it splits, and characters that it does not know."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..arms.bm25.analysis import SPACELESS
from ..plural import percent
from .glossary import figure
from .inspection import SplitWord, Topic

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..contracts import Tokenizer
    from .inspection import Figure

_MARKS = "\u0300-\u036f\u0591-\u05c7\u0610-\u065f\u0900-\u0dff"
"""Accents, points and vowel signs, which Python does not count as letters."""
_WORD = re.compile(rf"(?:[^\W\d_{SPACELESS}]|[{_MARKS}])+")
"""A run of letters, in scripts that put spaces between words."""
SPLIT = 4
"""Pieces from which on a word counts as split."""
_BATCH = 500
_RUST = "Rust et al.: How Good is Your Tokenizer?, ACL 2021"
_SOURCE = "sampled texts and the tokenizer of the model"


class TokenCounts(NamedTuple):
    """Counts of words and tokens in some texts."""

    tokens: int = 0
    """Of texts with what stands before them, special tokens and prompt left out."""
    unknown: int = 0
    words: int = 0
    pieces: int = 0
    """Tokens of these words."""
    split: int = 0
    """Words in ``SPLIT`` pieces and more, or with an unknown one."""

    @classmethod
    def total(cls, readings: Iterable[TokenCounts]) -> TokenCounts:
        """Return the sum of some counts."""
        return cls(*map(sum, zip(*readings, strict=True)))

    @property
    def fertility(self) -> float:
        """Tokens a word; 0 where there is none."""
        return self.pieces / self.words if self.words else 0.0

    @property
    def unknown_share(self) -> float:
        """Share of the tokens that are the unknown token."""
        return self.unknown / self.tokens if self.tokens else 0.0


class TokenCounter:
    """Reads texts as a tokenizer does, and remembers the words that it has no token for."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._spellings: defaultdict[str, Counter[str]] = defaultdict(Counter)
        """Split word in lower case -> how often it is spelt which way."""
        self._pieces: defaultdict[str, int] = defaultdict(int)
        self._unknown: set[str] = set()

    def read(self, texts: Sequence[str]) -> list[TokenCounts]:
        """Return what the tokenizer makes of each text."""
        readings = []
        for start in range(0, len(texts), _BATCH):
            batch = texts[start : start + _BATCH]
            located = self._tokenizer.locate(batch)
            readings += [self._one(text, *tokens) for text, tokens in zip(batch, located, strict=True)]
        return readings

    def _one(self, text: str, ids: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> TokenCounts:
        unknown = ids == (-1 if self._tokenizer.unknown_id is None else self._tokenizer.unknown_id)
        tokens = len(ids), int(unknown.sum())
        spans = np.array([match.span() for match in _WORD.finditer(text)], np.int64).reshape(-1, 2)
        if not len(spans):
            return TokenCounts(*tokens)
        # Tokens that overlap a word: some tokenizers count the blank before a word to its first token.
        first = np.searchsorted(ends, spans[:, 0], side="right")
        behind = np.maximum(np.searchsorted(starts, spans[:, 1], side="left"), first)
        pieces = behind - first
        before = np.concatenate(([0], np.cumsum(unknown)))
        blind = before[behind] > before[first]
        split = np.flatnonzero((pieces >= SPLIT) | blind)
        for at in split.tolist():
            word = text[spans[at, 0] : spans[at, 1]]
            folded = word.casefold()
            self._spellings[folded][word] += 1
            self._pieces[folded] = max(self._pieces[folded], int(pieces[at]))
            if blind[at]:
                self._unknown.add(folded)
        return TokenCounts(*tokens, len(spans), int(pieces.sum()), len(split))

    def split_words(self, most: int) -> tuple[SplitWord, ...]:
        """Return the most frequent words that were split or not known, as they are most often spelt."""
        ranked = sorted(self._spellings.items(), key=lambda item: (-item[1].total(), item[0]))[:most]
        found = []
        for word, spellings in ranked:
            usual = min(spellings, key=lambda spelling: (-spellings[spelling], spelling))
            found.append(SplitWord(usual, self._pieces[word], spellings.total(), word in self._unknown))
        return tuple(found)


def tokenizer_topic(reading: TokenCounts, words: Sequence[SplitWord]) -> Topic:
    """Return how well the tokenizer knows the words of the sampled texts."""
    split = reading.split / reading.words if reading.words else 0.0
    fair = reading.words > 0
    figures = (
        figure("fertility", "tokens a word", reading.fertility, "number", _RUST, fair),
        figure("split", f"in {SPLIT} pieces or more", split, "share", _SOURCE, fair, pieces=SPLIT),
        figure("unknown", "unknown tokens", reading.unknown_share, "share", _SOURCE),
    )
    return Topic("tokenizer", figures, _advice(figures, words))


def _advice(figures: tuple[Figure, ...], words: Sequence[SplitWord]) -> str:
    fertility, split, unknown = figures
    if unknown.verdict in ("look", "bad"):
        return (
            f"The model does not see {percent(unknown.value)} of what is written: take a --model whose vocabulary has "
            "this script, or leave these words to BM25 with --bm25-weight 2."
        )
    if fertility.verdict in ("look", "bad") or split.verdict in ("look", "bad"):
        named = f' such as "{words[0].word}"' if words else ""
        return (
            f"The model hardly knows words{named}: BM25 finds them to the letter, so keep --mode hybrid; a --model for "
            'this language or field may do better: measure it with "embedctl eval".'
        )
    return "The model's vocabulary covers these texts: nothing to do."
