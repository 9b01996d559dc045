"""One query to BM25 over one generation of a Tantivy index, and the feedback of relevance model 3.

Tantivy's BM25 (k1 = 1.2, b = 0.75) is computed per field and added up over ``body``, ``title`` (title and headings)
and ``path``; :mod:`.lexical` says with what weights, and what is added. Statistics are those of live rows, see
:mod:`.live`: an index that was grown and pruned in many runs scores as one that was built in one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import tantivy

from ...config import Rm3Config
from ...contracts import ArmQuery, Ranking
from . import lexical
from .analysis import terms
from .document_language import language_of
from .query_terms import MAX_TERMS, MOST_CHARACTERS
from .relevance import expansion
from .tantivy_files import numbers_of, reading_index

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ...contracts import Allowed, Labels
    from .lexical import Scoring

    Expansion = Mapping[str, float]
    Keep = Callable[[Labels], NDArray[np.bool_]]
    Hits = Sequence[tuple[float, tantivy.DocAddress]]

_NARROW = 5_000
"""A filter of at most this many rows becomes a part of the query; a wider one is applied to its results."""

_SET_SIZE = 50_000
"""Labels looked up at once."""

_FEW = 500
"""So many labels at most are looked up as single terms: 100 of 100,000 rows in 0.3 ms, and as a set of terms in 1.4 to
2 ms; with 5,000 it is the other way around."""

_DIGITS = 4


class Bm25Query(ArmQuery):
    """One query to one index: analysed once, and it remembers where the rows are that it has met.

    Results do not depend on how rows are spread over segments: ties at the end of the list are fetched in full
    before they are cut by label. Not to be asked by two threads at a time.
    """

    excludes = True

    def __init__(
        self,
        searcher: tantivy.Searcher,
        scoring: Scoring,
        folder: Path,
        languages: tuple[str, ...],
        allowed: Allowed | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        self._searcher = searcher
        self._build = scoring
        self._terms = scoring.terms
        self._folder = folder
        self._languages = languages
        self._allowed = allowed
        self._notes = notes
        self._live = scoring.live
        self._addresses: dict[int, tantivy.DocAddress] = {}
        self._scores: dict[int, float] = {}

    @cached_property
    def _scoring(self) -> tantivy.Query:
        with reading_index(self._folder):
            return self._build.query()

    @cached_property
    def _leftover(self) -> tantivy.Query | None:
        with reading_index(self._folder):
            return self._build.leftover(self._scoring)

    @cached_property
    def _stop_words(self) -> tantivy.Query | None:
        """As ``_leftover``, for rows that are known not to be found otherwise: many times as fast."""
        with reading_index(self._folder):
            return self._build.leftover()

    @property
    def positive(self) -> bool:
        """Whether anything is left to look for once the query is analysed."""
        return self._terms.positive

    def notes(self) -> list[str]:
        """Return a sentence where the query has no word to look up, or more than are looked up, and on its phrases."""
        if not self.positive:
            return [
                *self._notes,
                f'The query has no word that BM25 can look up (language "{", ".join(self._languages)}").',
            ]
        if self._terms.shortened:
            most = f"{MAX_TERMS:,}"
            return [
                *self._notes,
                f"BM25 looks up the first {most} different words and phrases of the query, and no more.",
            ]
        return [*self._notes]

    def feedback(self, first: Ranking, texts: Callable[[Labels], list[str]]) -> tuple[Bm25Query, dict[str, Any]]:
        """Return the query with the words that its first hits have in common: relevance model 3."""
        rm3 = Rm3Config()
        hits = texts(first.labels[: rm3.hits])
        added = self.expansion(hits, first.scores[: rm3.hits].tolist(), rm3) if hits else {}
        shown = {term: round(weight, _DIGITS) for term, weight in added.items()}
        return self.expanded(added) if added else self, {"hits": len(hits), "terms": shown}

    def expansion(self, hits: Sequence[str], scores: Sequence[float], rm3: Rm3Config) -> Expansion:
        """Return the terms that relevance model 3 adds by the texts and scores of the query's first hits.

        Most weight first; a word of the query weighs 1.

        Raises:
            DamagedError: the index cannot be read.
        """
        own = self._terms
        bodies = [terms(text[:MOST_CHARACTERS], self._language_of(text), singles=False) for text in hits]
        common = rm3.most_common * len(self._live)
        with reading_index(self._folder):
            return expansion(
                own.every,
                [Counter(term.text for term in body) for body in bodies],
                scores,
                lambda term: self._live.having("body", term) <= common,
                rm3,
            )

    def _language_of(self, text: str) -> str:
        return self._languages[0] if len(self._languages) == 1 else language_of(text)

    def expanded(self, expansion: Expansion) -> Bm25Query:
        """Return the query with further terms, which may match; phrases and exclusions hold as before."""
        scoring = replace(self._build, added=expansion)
        query = Bm25Query(self._searcher, scoring, self._folder, self._languages, self._allowed, self._notes)
        query._addresses = self._addresses
        return query

    def best(self, k: int) -> Ranking:
        """Return the ``k`` best allowed rows that match, ties by ascending label."""
        return self.search(k, self._allowed)

    def search(self, k: int, allowed: Allowed | None = None) -> Ranking:
        """Return the ``min(k, live, allowed and matching rows)`` best rows, ties by ascending label.

        A query that asks for nothing (empty, punctuation, exclusions only) returns nothing. Rows that have only its
        stop words come after all others.
        """
        if not self.positive or k < 1 or (allowed is not None and allowed.count == 0):
            return Ranking(np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.float32))
        best = self._found(self._scoring, k, allowed)
        if len(best.labels) == k or self._leftover is None:
            return best
        rest = self._found(self._leftover, k - len(best.labels), allowed)
        scores = np.minimum(rest.scores, best.scores.min(initial=np.inf))
        self._scores |= zip(rest.labels.tolist(), scores.tolist(), strict=True)
        return Ranking(np.concatenate([best.labels, rest.labels]), np.concatenate([best.scores, scores]))

    def scores(self, labels: Labels) -> NDArray[np.float32]:
        """Return the BM25 score of each of ``labels``, NaN where the query does not match; float32 ``(n,)``."""
        if not self.positive:
            return np.full(len(labels), np.nan, dtype=np.float32)
        self._scores |= dict.fromkeys(labels[~self._live.mask(labels)].tolist(), np.nan)
        unknown = [label for label in labels.tolist() if label not in self._scores]
        for block in _blocks(unknown):
            self._scores |= dict.fromkeys(block, np.nan)
            for query in (self._scoring, self._stop_words):
                missing = [label for label in block if np.isnan(self._scores[label])]
                if query is not None and missing:
                    hits = self._hits(lexical.all_of(query, self._label_set(missing)), len(missing))
                    found = self._labels_of(hits)
                    self._scores |= zip(found, (score for score, _ in hits), strict=True)
                    self._addresses |= zip(found, (address for _, address in hits), strict=True)
        return np.array([self._scores[label] for label in labels.tolist()], dtype=np.float32)

    def most(self) -> float:
        """Return what no row can score more than, 0 where nothing is asked for.

        What the index does not have counts, too: the best row's share of this says how much of the query was found.
        """
        with reading_index(self._folder):
            return self._build.most()

    def excluded(self, labels: Labels) -> NDArray[np.bool_]:
        """Return which of ``labels`` match an exclusion of the query, bool ``(n,)``."""
        unwanted: set[int] = set()
        if self._terms.exclusions:
            exclusions = self._build.exclusions()
            for block in _blocks(labels.tolist()):
                hits = self._hits(lexical.all_of(exclusions, self._label_set(block)), len(block))
                unwanted.update(self._labels_of(hits))
        return np.array([label in unwanted for label in labels.tolist()], dtype=np.bool_)

    def _found(self, query: tantivy.Query, k: int, allowed: Allowed | None) -> Ranking:
        if allowed is None:
            return self._best(query, k, self._live.room(k) + 16, self._live.mask)
        if allowed.count <= _NARROW:
            narrow = lexical.all_of(query, self._label_set(allowed.labels.tolist()))
            return self._best(narrow, k, k + 16, self._live.mask)
        limit = 2 * k * (self._live.counted // allowed.count + 1)
        return self._best(query, k, limit, lambda labels: allowed.mask(labels) & self._live.mask(labels))

    def _best(self, query: tantivy.Query, k: int, limit: int, keep: Keep) -> Ranking:
        while True:
            hits = self._hits(query, limit)
            labels = np.array(self._labels_of(hits), dtype=np.uint64)
            scores = np.array([score for score, _ in hits], dtype=np.float32)
            last = scores[-1] if len(scores) else np.float32(0)
            places = np.flatnonzero(keep(labels))
            order = places[np.lexsort((labels[places], -scores[places]))[:k]]
            # A row that was not fetched may still tie with the last one kept, and have a smaller label.
            if len(labels) < limit or (len(order) == k and scores[order[-1]] > last):
                best = Ranking(labels[order], scores[order])
                self._scores |= zip(best.labels.tolist(), best.scores.tolist(), strict=True)
                self._addresses |= zip(best.labels.tolist(), (hits[at][1] for at in order.tolist()), strict=True)
                return best
            limit *= 4

    def _label_set(self, labels: list[int]) -> tantivy.Query:
        if len(labels) > _FEW:
            return tantivy.Query.term_set_query(self._build.schema, "label", labels)
        return lexical.any_of(
            tantivy.Query.const_score_query(tantivy.Query.term_query(self._build.schema, "label", label), 0.0)
            for label in labels
        )

    def _hits(self, query: tantivy.Query, limit: int) -> Hits:
        # One more than there are rows: Tantivy reserves room for the limit, and panics when it is zero.
        with reading_index(self._folder):
            return self._searcher.search(query, min(limit, self._live.counted + 1), count=False).hits

    def _labels_of(self, hits: Hits) -> list[int]:
        with reading_index(self._folder):
            return numbers_of(self._searcher, "label", [address for _, address in hits])


def _blocks(labels: list[int]) -> list[list[int]]:
    return [labels[at : at + _SET_SIZE] for at in range(0, len(labels), _SET_SIZE)]
