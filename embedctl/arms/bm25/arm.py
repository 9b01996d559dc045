"""The BM25 arm, and the feedback of relevance model 3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...config import Rm3Config
from .lexical import MAX_TERMS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ...contracts import ArmRequest, Labels, Query, Ranking, Scores
    from .lexical import LexicalQuery
    from .retriever import Bm25Query, Bm25Retriever
    from .stored_rows import StoredRows

_DIGITS = 4


class Bm25Arm:
    """The live rows of one index."""

    def __init__(self, retriever: Bm25Retriever, language: str) -> None:
        self._retriever = retriever
        self._language = language
        self.rows = len(retriever)

    @property
    def stored(self) -> StoredRows | None:
        """What hits show, where an older embedctl kept it in this index."""
        return self._retriever.stored_rows()

    def part_labels(self, part: int, expected: int) -> Labels:
        """Return the labels of one part's rows, ascending, a few more than ``expected`` at most."""
        return self._retriever.part_labels(part, expected)

    def ask(self, queries: Sequence[Query], request: ArmRequest) -> list[Bm25ArmQuery]:
        """Return each query analysed, ready to be searched."""
        asked = (self._retriever.ask(query, request.ranking.bm25) for query in queries)
        return [
            Bm25ArmQuery(self._retriever, one, query, self._language) for one, query in zip(asked, queries, strict=True)
        ]

    def excluder(self, query: Query) -> Callable[[Labels], NDArray[np.bool_]]:
        """Return a function from labels to whether they match an exclusion of the query, bool ``(n,)``."""
        return self._retriever.ask(query).excluded

    def matcher(self, query: LexicalQuery) -> Callable[[str], bool]:
        """Return a function from a word of a text to whether the query looks it up, up to its inflection."""
        return self._retriever.matcher(query)


class Bm25ArmQuery:
    """One query."""

    excludes = True

    def __init__(self, retriever: Bm25Retriever, asked: Bm25Query, query: Query, language: str) -> None:
        self._retriever = retriever
        self._asked = asked
        self._query = query
        self._language = language

    def best(self, k: int) -> Ranking:
        """Return the ``k`` best allowed rows that match, ties by ascending label."""
        return self._asked.search(k, self._query.allowed)

    def scores(self, labels: Labels) -> Scores:
        """Return the score of each of ``labels``, float32 ``(n,)``; NaN where the query does not match."""
        return self._asked.scores(labels)

    def most(self) -> float:
        """Return what no row can score more than: everything that is asked for, found as often as one likes."""
        return self._asked.most()

    def feedback(self, first: Ranking, texts: Callable[[Labels], list[str]]) -> tuple[Bm25ArmQuery, dict[str, Any]]:
        """Return the query with the words that its first hits have in common: relevance model 3."""
        rm3 = Rm3Config()
        hits = texts(first.labels[: rm3.hits])
        scores = first.scores[: rm3.hits].tolist()
        added = self._retriever.expansion(self._asked, hits, scores, rm3) if hits else {}
        moved = self._asked.expanded(added) if added else self._asked
        terms = {term: round(weight, _DIGITS) for term, weight in added.items()}
        asked = Bm25ArmQuery(self._retriever, moved, self._query, self._language)
        return asked, {"hits": len(hits), "terms": terms}

    def explain(self, k: int) -> dict[str, Any]:
        """Return nothing: there is one way to search."""
        del k
        return {}

    def notes(self) -> list[str]:
        """Return a sentence where the query has no word to look up, or more than are looked up."""
        if not self._asked.positive:
            return [f'The query has no word that BM25 can look up (language "{self._language}").']
        if self._asked.shortened:
            return [f"BM25 looks up the first {MAX_TERMS:,} different words and phrases of the query, and no more."]
        return []
