"""BM25 over one generation of a Tantivy index.

Tantivy's BM25 (k1 = 1.2, b = 0.75) is computed per field and added up over ``body``, ``title`` (title and headings)
and ``path``; :mod:`.lexical` says with what weights, and what is added. Statistics are those of live rows, see
:mod:`.live`: an index that was grown and pruned in many runs scores as one that was built in one.
"""

from __future__ import annotations

import operator
from collections import Counter
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np
import tantivy

from ...config import Bm25Config
from ...contracts import Ranking
from ...labels import bounds
from . import lexical
from .analysis import analyzer, terms, tokenizer_name
from .live import LiveRows
from .relevance import expansion
from .tantivy_files import check_schema, counted_rows, open_reader, reading_index

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ...config import Rm3Config
    from ...contracts import Allowed, Labels
    from .lexical import LexicalQuery, Scoring
    from .stored_rows import StoredRows

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


class Bm25Retriever:
    """The live rows of one index generation; opening it does not change the folder."""

    def __init__(self, folder: Path, language: str, files: Collection[str] | None = None) -> None:
        """Open the index.

        Args:
            folder: holds it.
            language: what it was made for.
            files: names that it consists of; anything else in the folder is not looked at. ``None``: all of them.

        Raises:
            DamagedError: there is no index in ``folder``, it is not one of ours, or it cannot be opened.
            MismatchError: it was made for another language or by another version of the analysis.
        """
        self._folder = folder
        self._language = language
        text_analyzer = analyzer(language)
        self.stores_payloads = check_schema(folder, tokenizer_name(language))
        """Whether it keeps what hits show: an index up to format 3."""
        index = open_reader(folder, files)
        index.register_tokenizer(tokenizer_name(language), text_analyzer)
        self._schema = index.schema
        self._searcher = index.searcher()
        self._live = LiveRows(self._searcher, counted_rows(folder), folder, files)

    def __len__(self) -> int:
        """Return the number of live rows."""
        return len(self._live)

    def stored_rows(self) -> StoredRows | None:
        """Return what hits show, where this index keeps it."""
        if not self.stores_payloads:
            return None
        from .stored_rows import StoredRows

        return StoredRows(self._searcher, self._schema, self._folder)

    def part_labels(self, part: int, expected: int) -> Labels:
        """Return the labels of one part's rows, ascending, a few more than ``expected`` at most."""
        query = tantivy.Query.term_query(self._schema, "part", part)
        dead = int(np.diff(np.searchsorted(self._live.dead, bounds(part)))[0])
        hits = self._searcher.search(query, expected + dead + 16, count=False).hits
        found = self._searcher.fast_field_values("label", [address for _, address in hits])
        labels = np.sort(np.array(list(found), dtype=np.uint64))
        return labels[self._live.mask(labels)]

    def ask(self, query: LexicalQuery, weights: Bm25Config | None = None) -> Bm25Query:
        """Return the query as the index understands it, ready to be asked; ``weights``: of the fields."""
        analysed = lexical.analyse(query, self._language)
        scoring = lexical.Scoring(self._schema, self._live, analysed, weights or Bm25Config())
        return Bm25Query(self._searcher, scoring, self._folder)

    def expansion(self, query: Bm25Query, hits: Sequence[str], scores: Sequence[float], rm3: Rm3Config) -> Expansion:
        """Return the terms that relevance model 3 adds to ``query``, most weight first; a word of the query weighs 1.

        Args:
            query: as :meth:`ask` returned it.
            hits: texts of its first hits.
            scores: theirs.
            rm3: which terms count, and how much.

        Raises:
            DamagedError: the index cannot be read.
        """
        bodies = [terms(text[: lexical.MOST_CHARACTERS], self._language, singles=False) for text in hits]
        common = rm3.most_common * len(self)
        with reading_index(self._folder):
            return expansion(
                query.terms,
                [Counter(term.text for term in body) for body in bodies],
                scores,
                lambda term: self._live.having("body", term) <= common,
                rm3,
            )

    def matcher(self, query: LexicalQuery) -> Callable[[str], bool]:
        """Return a function that tells whether a word of a text is one that the query asks for."""
        analysed = lexical.analyse(query, self._language)
        sought = set(analysed.words)
        for word in query.words[: lexical.MAX_TERMS]:  # single characters of Chinese, Japanese ...
            sought.update(term.text for term in terms(word[: lexical.MAX_TERMS], self._language))
        sought = sought.difference(analysed.stop_words).union(
            *({term.text for term in phrase} for phrase in analysed.phrases)
        )
        return lambda word: any(term.text in sought for term in terms(word, self._language))


class Bm25Query:
    """One query to one index: analysed once, and it remembers where the rows are that it has met.

    Results do not depend on how rows are spread over segments: ties at the end of the list are fetched in full
    before they are cut by label. Not to be asked by two threads at a time.
    """

    def __init__(self, searcher: tantivy.Searcher, scoring: Scoring, folder: Path) -> None:
        self._searcher = searcher
        self._build = scoring
        self._terms = scoring.terms
        self._folder = folder
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

    @property
    def shortened(self) -> bool:
        """Whether the query has more than is looked at."""
        return self._terms.shortened

    @property
    def terms(self) -> frozenset[str]:
        """What is looked up to be found, in words and in phrases."""
        return frozenset(self._terms.words).union(*({term.text for term in phrase} for phrase in self._terms.phrases))

    def expanded(self, expansion: Expansion) -> Bm25Query:
        """Return the query with further terms, which may match; phrases and exclusions hold as before."""
        query = Bm25Query(self._searcher, replace(self._build, added=expansion), self._folder)
        query._addresses = self._addresses
        return query

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
        return self._fast_values("label", [address for _, address in hits])

    def _fast_values(self, field: str, addresses: list[tantivy.DocAddress]) -> list[int]:
        with reading_index(self._folder):
            values = self._searcher.fast_field_values(field, addresses)
            return [operator.index(cast("int", value)) for value in values]  # of a row without one: a TypeError


def _blocks(labels: list[int]) -> list[list[int]]:
    return [labels[at : at + _SET_SIZE] for at in range(0, len(labels), _SET_SIZE)]
