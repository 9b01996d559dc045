"""Corpora of any size, the same ones every time: sentences of real chunks recombined, and vectors blended to match.

Each generated document blends three seed chunks. Its sentences are theirs, and its vector is theirs plus noise, so that
both arms of a search see one story. A tail of made-up words, drawn by Zipf's law, gives the vocabulary of a large
corpus the rare words that it has in life. Documents are made in blocks, and each block from its number alone.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

BLOCK = 10_000
"""Documents made at once: 15 MB of vectors."""
MEMBERS = 3
CONCENTRATION = (1.0, 0.6, 0.4)
"""Of the Dirichlet distribution of a blend's weights."""
NOISE = 0.015
"""Standard deviation in each dimension, before normalization."""
MADE_UP_WORDS = 1_000_000
TRIES = 16
"""Sentences drawn for a document at most; one that it has already is passed over."""
MOST_CHARACTERS = 720
"""Few enough that every document is one chunk of the default model."""

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n{2,}")
_ONSETS = [
    "b",
    "bl",
    "br",
    "d",
    "dr",
    "f",
    "g",
    "gr",
    "k",
    "kl",
    "l",
    "m",
    "n",
    "p",
    "pl",
    "r",
    "s",
    "st",
    "t",
    "tr",
    "v",
    "z",
]
_NUCLEI = "aeiou"


@dataclass(frozen=True, slots=True)
class Seeds:
    """Real chunks to recombine: chunk ``i`` has ``sentences[i]`` and ``vectors[i]``."""

    sentences: tuple[tuple[str, ...], ...]
    vectors: NDArray[np.float32]
    """float32 ``(chunks, dim)``, unit norm."""


@dataclass(frozen=True, slots=True)
class Blend:
    """What the documents of a block are made of."""

    members: NDArray[np.int64]
    """int64 ``(BLOCK, 3)``: seed chunks."""
    weights: NDArray[np.float32]
    """float32 ``(BLOCK, 3)``; each row adds up to 1."""


def make_seeds(texts: Sequence[str], vectors: NDArray[np.float32]) -> Seeds:
    """Return the chunks that hold at least one sentence of prose.

    Raises:
        ValueError: there are none.
    """
    found = [tuple(sentences(text)) for text in texts]
    rows = [row for row, own in enumerate(found) if own]
    if not rows:
        raise ValueError("The texts hold no sentence to recombine; name a collection of prose with --data.")
    return Seeds(tuple(found[row] for row in rows), np.ascontiguousarray(vectors[rows], dtype=np.float32))


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a text that are prose: 4 to 40 words, nearly all letters."""
    for piece in _SENTENCE.split(text):
        sentence = " ".join(piece.split())
        letters = sum(character.isalpha() or character == " " for character in sentence)
        if 4 <= len(sentence.split()) <= 40 and len(sentence) <= 260 and letters >= 0.9 * len(sentence):
            yield sentence


def blend(seed: int, block: int, chunks: int) -> Blend:
    """Return what the documents of a block are made of, ``chunks`` being the number of seed chunks."""
    rng = np.random.default_rng((seed, block, 0))
    members = rng.integers(chunks, size=(BLOCK, MEMBERS))
    return Blend(members, rng.dirichlet(CONCENTRATION, BLOCK).astype(np.float32))


def block_vectors(seeds: Seeds, seed: int, block: int) -> NDArray[np.float32]:
    """Return the vectors of a block, float32 ``(BLOCK, dim)``, unit norm."""
    return noisy(seeds.vectors, blend(seed, block, len(seeds.vectors)), np.random.default_rng((seed, block, 1)))


def noisy(vectors: NDArray[np.float32], mixture: Blend, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the blends of ``vectors`` with noise, float32, unit norm."""
    made = rng.standard_normal((len(mixture.members), vectors.shape[1]), dtype=np.float32) * np.float32(NOISE)
    for place in range(mixture.members.shape[1]):
        made += mixture.weights[:, place, np.newaxis] * vectors[mixture.members[:, place]]
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    return made


def block_records(seeds: Seeds, seed: int, block: int, count: int = BLOCK) -> Iterator[str]:
    """Yield the first ``count`` documents of a block as lines of JSON, numbered from ``block * BLOCK``."""
    mixture = blend(seed, block, len(seeds.sentences))
    rng = np.random.default_rng((seed, block, 2))
    shares = np.cumsum(mixture.weights, axis=1)
    lengths = np.clip(rng.normal(480, 140, BLOCK), 160, MOST_CHARACTERS - 260).astype(np.int64)
    picks = rng.random((BLOCK, TRIES, 2))
    ranks = np.exp(rng.random((BLOCK, 12)) * np.log(MADE_UP_WORDS)).astype(np.int64)
    years = rng.integers(1950, 2026, BLOCK)
    for row in range(count):
        text: list[str] = []
        size = 0
        for which, place in picks[row]:
            member = mixture.members[row, int(np.searchsorted(shares[row, :-1], which))]
            own = seeds.sentences[member]
            sentence = own[int(place * len(own))]
            if sentence in text:
                continue
            text.append(sentence)
            size += len(sentence)
            if size >= lengths[row]:
                break
        tail = [made_up_word(int(rank)) for rank in ranks[row, : 1 + size // 60]]
        yield json.dumps(
            {
                "id": f"{block * BLOCK + row:08d}",
                "title": " ".join(text[0].split()[:4]),
                "text": f"{' '.join(text)} {' '.join(tail)}.",
                "year": int(years[row]),
            },
            ensure_ascii=False,
        )


def made_up_word(rank: int) -> str:
    """Return the word with this rank from 0; ranks below ``MADE_UP_WORDS`` have different words."""
    word = ""
    number = rank
    for _ in range(3):
        number, syllable = divmod(number, len(_ONSETS) * len(_NUCLEI))
        word += _ONSETS[syllable // len(_NUCLEI)] + _NUCLEI[syllable % len(_NUCLEI)]
    return word


def query_texts(seeds: Seeds, given: Sequence[str], count: int, seed: int) -> list[str]:
    """Return ``count`` different queries: those given, then runs of words out of the seeds' sentences."""
    chosen = list(dict.fromkeys(given))[:count]
    seen = set(chosen)
    rng = np.random.default_rng((seed, 3))
    tries = 0
    while len(chosen) < count and tries < 100 * count:
        tries += 1
        own = seeds.sentences[rng.integers(len(seeds.sentences))]
        words = own[rng.integers(len(own))].rstrip(".!?").split()
        length = int(rng.integers(3, 10))
        start = int(rng.integers(max(1, len(words) - length + 1)))
        text = " ".join(words[start : start + length])
        if text not in seen:
            seen.add(text)
            chosen.append(text)
    return chosen
