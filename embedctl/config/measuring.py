"""How a store is measured without judgements: known-item queries, and what the dense plans lose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SyntheticKind = Literal["title", "heading", "sentence", "terms"]


@dataclass(frozen=True, slots=True)
class SyntheticConfig:
    """How known-item queries are made from a corpus."""

    queries: int = 200
    """In all; each kind gets as many as the others where there are so many."""
    kinds: tuple[SyntheticKind, ...] = ("title", "heading", "sentence", "terms")
    seed: int = 0
    least_words: int = 5
    """Of a sentence."""
    most_words: int = 24
    """Of a sentence; of a longer one, or of text without sentences, so many words on end are taken."""
    least_left: int = 12
    """Words that a document must have besides what is held out of it: something has to be found."""
    least_terms: int = 3
    most_terms: int = 5
    """Of a query of terms."""
    documents_per_query: int = 4
    """Documents looked at for each query that is wanted: not all of them have headings, or sentences."""
    chunks_per_document: int = 16
    """Of a document that has more, so many with something held out of them may answer, the first ones."""


@dataclass(frozen=True, slots=True)
class AnnConfig:
    """How the dense plans are compared with the exact nearest neighbours."""

    k: int = 10
    target: float = 0.99
    """Share of the true ``k`` nearest that is to be found."""
    queries: int = 200
    """Of a file, or synthetic; more are not asked."""
    sampled: int = 200
    """Stored vectors that are asked for with noise added."""
    noise: float = 0.75
    """Length of what is added to a stored vector of length one: their cosine is 0.8 then."""
    seed: int = 0
    efs: tuple[int, ...] = (100, 150, 200, 300, 400, 600, 800, 1_200, 1_600)
    """Of the graph; the store's own is measured, too."""
    candidates: tuple[int, ...] = (100, 250, 500, 1_000, 2_000, 4_000, 8_000)
    """That a scan of sign bits leaves to be compared exactly; as many as queries take are measured, too."""
    build_rows: int = 20_000
    """A store without sign bits and a graph gets some in a temporary folder to be measured, up to so many chunks."""
