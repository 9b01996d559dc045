"""The encoder kind ``hashing``: words and pieces of words, hashed to places of a vector; no model, no vocabulary.

A text is the sum of its distinct words, each weighted by ``1 + log(occurrences)``. A word is the sum of its character
n-grams, each at a place and with a sign that MurmurHash3 chooses (Weinberger et al., ICML 2009), as
scikit-learn's ``HashingVectorizer(analyzer="char_wb")`` has them. Short words count less, since without a corpus
nothing else tells that they are frequent. Logarithms are rounded and sums have a fixed order, so that a text has the
same vector on every machine. How all this was chosen: ``docs/models.md``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import chain, pairwise
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..config import digest
from ..errors import UsageError
from .card import DEFAULT_RUNTIME, Card, silent
from .plain_tokenizer import UNSPACED
from .word_table import Numbers, extended, runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..config import RuntimeConfig
    from ..contracts import Shape, Tell, Vectors

    Ints = NDArray[np.int64]
    Words = NDArray[np.uint32]

DIM = 1024
LEAST_DIM, MOST_DIM = 16, 16_384
SHORTEST, LONGEST = 4, 5
"""Characters of the n-grams, of words with a blank before and behind."""
WEIGHTS = (0.1, 0.2, 0.3, 0.7, 1.0)
"""Of a word by its number of characters; the last is that of all longer ones."""
LONGEST_WORD = 64
KNOWN_WORDS = 200_000
"""Words whose features are remembered; about 40 MB."""
BATCH_TEXTS = 256

_WORD = re.compile(rf"[^\W_]{{1,{LONGEST_WORD}}}")
_UNSPACED_RUN = re.compile(rf"[{UNSPACED}]+")


@dataclass(frozen=True)
class HashingCard(Card):
    """``hashing``, or ``hashing:DIM`` for vectors of another dimension."""

    dim: int

    kind = "hashing"

    @property
    def fingerprint(self) -> str:
        """Of everything above."""
        return digest(
            {
                "hashing": 1,
                "dim": self.dim,
                "ngrams": [SHORTEST, LONGEST],
                "weights": WEIGHTS,
                "words": [_WORD.pattern, _UNSPACED_RUN.pattern],
            }
        )

    def open(self, runtime: RuntimeConfig = DEFAULT_RUNTIME, message: Tell = silent) -> HashingEncoder:  # noqa: ARG002
        """Return the encoder; nothing about it depends on the runtime."""
        return HashingEncoder(self)


def card(spec: str) -> HashingCard:
    """Return the card of ``hashing`` or ``hashing:DIM``.

    Raises:
        UsageError: the dimension is not a number from 16 to 16,384.
    """
    _, colon, given = spec.partition(":")
    if colon and not (given.isdecimal() and LEAST_DIM <= int(given) <= MOST_DIM):
        raise UsageError(
            f'"{given}" is not a dimension for hashed vectors.',
            f"Give one from {LEAST_DIM} to {MOST_DIM:,}: hashing:512",
        )
    dim = int(given) if colon else DIM
    return HashingCard("hashing" if dim == DIM else f"hashing:{dim}", dim)


class HashingEncoder:
    """Encodes documents and queries alike, texts of any length, safely from several threads."""

    shape: Shape = "dense"

    def __init__(self, card: HashingCard) -> None:
        self.name = card.name
        self.fingerprint = card.fingerprint
        self.dim = card.dim
        self.runtime = "hashed n-grams"
        self._words = _Words(self.dim)
        self._turn = Lock()

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Return float32 ``(len(texts), dim)``, unit norm; a blank text gets the first axis."""
        vectors = np.empty((len(texts), self.dim), dtype=np.float32)
        for start in range(0, len(texts), BATCH_TEXTS):
            batch = texts[start : start + BATCH_TEXTS]
            vectors[start : start + len(batch)] = self._encode(batch)
        return vectors

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return float32 ``(len(texts), dim)``, unit norm, as documents of these texts have."""
        return self.encode_documents(texts)

    def _encode(self, texts: Sequence[str]) -> NDArray[np.float64]:
        words = list(map(words_of, texts))
        with self._turn:
            if len(self._words) > KNOWN_WORDS:
                self._words = _Words(self.dim)
            rows = self._words.rows(list(chain.from_iterable(words)))
            features, known = self._words.features, len(self._words)
        owners = np.repeat(np.arange(len(texts)), [len(found) for found in words])
        distinct, counts = np.unique(owners * known + rows, return_counts=True)
        owners, rows = np.divmod(distinct, known)
        lengths = features.edges[rows + 1] - features.edges[rows]
        each = runs(features.edges[rows], lengths)
        places = np.repeat(owners * self.dim, lengths) + features.places[each]
        values = np.repeat(np.round(1 + np.log(counts), 4), lengths) * features.values[each]
        sums = np.bincount(places, values, len(texts) * self.dim).reshape(len(texts), self.dim)
        norms = np.sqrt(np.cumsum(sums * sums, axis=1)[:, -1:])
        sums[norms[:, 0] == 0, 0] = norms[norms == 0] = 1.0
        return sums / norms


def words_of(text: str) -> list[str]:
    """Return the words of ``text`` in lower case; of a text without any, what blanks separate.

    Scripts that put no blanks between words give pairs of neighbouring characters.
    """
    lowered = text.lower()
    words = _WORD.findall(lowered)
    if not lowered.isascii() and _UNSPACED_RUN.search(lowered):
        words = list(chain.from_iterable(map(_segmented, words)))
    return words or [word[:LONGEST_WORD] for word in lowered.split()]


def _segmented(word: str) -> list[str]:
    pieces: list[str] = []
    end = 0
    for run in _UNSPACED_RUN.finditer(word):
        pieces += [word[end : run.start()], *map("".join, pairwise(run[0]))] if len(run[0]) > 1 else [run[0]]
        end = run.end()
    return [piece for piece in (*pieces, word[end:]) if piece]


class Features(NamedTuple):
    """Features of many words: word ``i`` has those from ``edges[i]`` to ``edges[i + 1]``."""

    edges: Ints
    places: Ints
    """Below the dimension; one word can have a place twice."""
    values: NDArray[np.float64]


def features_of(words: Sequence[str], dim: int) -> Features:
    """Return the signed character n-grams of each word, in order of length and position, before any weighting."""
    data = "".join(f" {word} " for word in words).encode("utf-8", "surrogatepass")
    begins = (np.frombuffer(data, dtype=np.uint8) & 0xC0) != 0x80
    bytes_before = np.append(np.flatnonzero(begins), len(data))  # each character
    sizes = np.fromiter(map(len, words), dtype=np.int64, count=len(words)) + 2
    first = np.cumsum(sizes) - sizes
    owners, hashes = [], []
    for length in range(SHORTEST, LONGEST + 1):
        counts = np.maximum(sizes - length + 1, int(length == SHORTEST))  # a shorter word is its own n-gram, once
        owner = np.repeat(np.arange(len(words)), counts)
        start = runs(first, counts)
        end = np.minimum(start + length, (first + sizes)[owner])
        low, high = bytes_before[start], bytes_before[end]
        owners.append(owner)
        hashes.append(murmur3(data, low, high - low))
    owner, signed = np.concatenate(owners), np.concatenate(hashes).view(np.int32).astype(np.int64)
    order = np.argsort(owner, kind="stable")
    signed = signed[order]
    edges = np.searchsorted(owner[order], np.arange(len(words) + 1))
    return Features(edges, np.abs(signed) % dim, np.where(signed >= 0, 1.0, -1.0))


class _Words:
    """Known words with their weighted features; what is there does not change, so that it is read without a lock."""

    def __init__(self, dim: int) -> None:
        self._dim = dim
        self._numbers = Numbers()
        self._learnt = 0
        self.features = Features(np.zeros(1, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0))

    def __len__(self) -> int:
        return self._learnt

    def rows(self, words: Sequence[str]) -> Ints:
        """Return the row of each word in :attr:`features`, which gets those that are new."""
        rows = np.fromiter(map(self._numbers.__getitem__, words), dtype=np.int64, count=len(words))
        if new := self._numbers.take_new():
            self._learn(new)
        return rows

    def _learn(self, new: list[str]) -> None:
        found = features_of(new, self._dim)
        lengths = np.diff(found.edges)
        values = found.values * np.repeat(_weights(new) / np.sqrt(lengths), lengths)
        known, total = self._learnt, int(self.features.edges[self._learnt])
        self.features = Features(
            extended(self.features.edges, known + 1, found.edges[1:] + total),
            extended(self.features.places, total, found.places),
            extended(self.features.values, total, values),
        )
        self._learnt += len(new)


def _weights(words: Sequence[str]) -> NDArray[np.float64]:
    """Return the weight of each word; a pair of characters of an unspaced script is as good as a long word."""
    weights = np.array(WEIGHTS)[[min(len(word), len(WEIGHTS)) - 1 for word in words]]
    weights[[not word.isascii() and _UNSPACED_RUN.match(word) is not None for word in words]] = WEIGHTS[-1]
    return weights


_C1, _C2 = np.uint32(0xCC9E2D51), np.uint32(0x1B873593)


def murmur3(data: bytes, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> Words:
    """Return the hash of each ``data[start:start + length]``, uint32, as ``sklearn.utils.murmurhash3_32`` has it."""
    padded = np.frombuffer(data + bytes(4), dtype=np.uint8).astype(np.uint32)
    fours: Words = (
        padded[:-3] | padded[1:-2] << np.uint32(8) | padded[2:-1] << np.uint32(16) | padded[3:] << np.uint32(24)
    )
    blocks = lengths >> 2
    hashes: Words = np.zeros(len(starts), dtype=np.uint32)
    for block in range(int(blocks.max(initial=0))):
        rows = np.flatnonzero(blocks > block)
        mixed = hashes[rows] ^ _mixed(fours[starts[rows] + 4 * block])
        hashes[rows] = _turned(mixed, 13) * np.uint32(5) + np.uint32(0xE6546B64)
    rest = (lengths & 3).astype(np.uint32)
    mask: Words = (np.uint32(1) << np.uint32(8) * rest) - np.uint32(1)
    hashes ^= _mixed(fours[starts + 4 * blocks] & mask)  # nothing is left: 0, which changes nothing
    hashes ^= lengths.astype(np.uint32)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        hashes ^= hashes >> np.uint32(shift)
        hashes *= np.uint32(factor)
    return hashes ^ hashes >> np.uint32(16)


def _mixed(values: Words) -> Words:
    return _turned(values * _C1, 15) * _C2


def _turned(values: Words, bits: int) -> Words:
    turned: Words = values << np.uint32(bits) | values >> np.uint32(32 - bits)
    return turned
