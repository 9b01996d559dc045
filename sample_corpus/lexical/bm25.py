"""A complete BM25 ranker in about sixty lines, for reading rather than speed.

Usage:

    ranker = OkapiRanker(["the cat sat", "a dog barked", "cat and dog"])
    ranker.top("cat", limit=2)      # [(0, 0.21...), (2, 0.21...)]

The inverted lists are ordinary dictionaries. A production engine would store
them compressed and skip documents that cannot enter the result list.
"""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter, defaultdict

WORD = re.compile(r"[^\W_]+", re.UNICODE)


def split_words(text: str) -> list[str]:
    """Lower-case the text and return its runs of letters and digits."""
    return WORD.findall(text.casefold())


class OkapiRanker:
    """Scores documents with the Lucene form of idf, which is never negative."""

    def __init__(self, docs: list[str], k1: float = 1.2, b: float = 0.75) -> None:
        self.k1 = k1
        self.b = b
        self.lengths: list[int] = []
        # term -> list of (document number, frequency)
        self.inverted: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for number, text in enumerate(docs):
            words = split_words(text)
            self.lengths.append(len(words))
            for term, freq in Counter(words).items():
                self.inverted[term].append((number, freq))
        total = sum(self.lengths)
        self.avgdl = total / len(docs) if docs and total else 1.0

    def robertson_idf(self, term: str) -> float:
        n = len(self.inverted.get(term, ()))
        return math.log1p((len(self.lengths) - n + 0.5) / (n + 0.5))

    def top(self, query: str, limit: int = 10) -> list[tuple[int, float]]:
        """Return (document number, score) pairs, best first.

        Ties are broken by the lower document number so that the same query
        always gives the same order.
        """
        acc: dict[int, float] = defaultdict(float)
        for term in split_words(query):
            idf = self.robertson_idf(term)
            for number, freq in self.inverted.get(term, ()):
                norm = 1.0 - self.b + self.b * self.lengths[number] / self.avgdl
                acc[number] += idf * freq / (freq + self.k1 * norm)
        return heapq.nsmallest(limit, acc.items(), key=lambda kv: (-kv[1], kv[0]))


if __name__ == "__main__":
    demo = OkapiRanker(["the cat sat", "a dog barked", "cat and dog"])
    for number, score in demo.top("cat"):
        print(f"{score:.3f}  document {number}")
