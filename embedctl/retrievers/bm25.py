"""BM25 over one generation of a Tantivy index.

Tantivy's BM25 (k1 = 1.2, b = 0.75) is computed per field and added up over ``body``, ``title`` (title and headings)
and ``path``. Rows that are dead but not yet merged away still count in document frequencies and average lengths, so
scores move a little when an index is rebuilt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import tantivy

from ..contracts import Ranking
from ..errors import DamagedError
from . import lexical
from .analysis import analyzer, terms, tokenizer_name
from .generation import check_tokenizer, open_reader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..contracts import Allowed, Labels
    from .lexical import LexicalQuery, LexicalTerms

    Keep = Callable[[Labels], NDArray[np.bool_]]

FIELDS = tuple(lexical.BOOSTS)
"""The text fields of the index."""

_NARROW = 5_000
"""A filter of at most this many rows becomes a part of the query; a wider one is applied to its results."""

_SET_SIZE = 50_000
"""Labels looked up at once."""


class Bm25Retriever:
    """Ranks the live rows of one index generation; opening it does not change the folder.

    Results do not depend on how rows are spread over segments: ties at the end of the list are fetched in full
    before they are cut by label.
    """

    def __init__(self, folder: Path, language: str) -> None:
        """Open the index.

        Raises:
            DamagedError: there is no index in ``folder``, or it cannot be opened.
            MismatchError: it was made for another language or by another version of the analysis.
        """
        self._folder = folder
        self._language = language
        text_analyzer = analyzer(language)
        index = open_reader(folder)
        check_tokenizer(folder, tokenizer_name(language))
        index.register_tokenizer(tokenizer_name(language), text_analyzer)
        self._schema = index.schema
        self._searcher = index.searcher()

    def __len__(self) -> int:
        """Return the number of live rows."""
        return int(self._searcher.num_docs)

    def search(self, query: LexicalQuery, k: int, allowed: Allowed | None = None) -> Ranking:
        """Return the ``min(k, live, allowed and matching rows)`` best rows, ties by ascending label.

        A query that asks for nothing (empty, punctuation, exclusions only) returns nothing.
        """
        analysed = self._analyse(query)
        if not analysed.positive or k < 1 or (allowed is not None and allowed.count == 0):
            return _no_ranking()
        scoring = lexical.build(self._schema, analysed)
        if allowed is None:
            return self._best(scoring, k, limit=k + 16)
        if allowed.count <= _NARROW:
            return self._best(lexical.all_of(scoring, self._label_set(allowed.labels)), k, limit=k + 16)
        return self._best(scoring, k, limit=2 * k * (len(self) // allowed.count + 1), keep=allowed.mask)

    def scores(self, query: LexicalQuery, labels: Labels) -> NDArray[np.float32]:
        """Return the BM25 score of each of ``labels``, NaN where the query does not match; float32 ``(n,)``."""
        analysed = self._analyse(query)
        result = np.full(len(labels), np.nan, dtype=np.float32)
        if analysed.positive:
            scoring = lexical.build(self._schema, analysed)
            for at, block in _blocks(labels):
                found, scores = self._fetch(lexical.all_of(scoring, self._label_set(block)), len(block))
                place, known = _places(block, found)
                result[at : at + len(block)][known] = scores[place[known]]
        return result

    def excluded(self, query: LexicalQuery, labels: Labels) -> NDArray[np.bool_]:
        """Return which of ``labels`` match an exclusion of the query, bool ``(n,)``."""
        analysed = self._analyse(query)
        result = np.zeros(len(labels), dtype=np.bool_)
        if analysed.exclusions:
            unwanted = lexical.build_exclusions(self._schema, analysed)
            for at, block in _blocks(labels):
                found, _ = self._fetch(lexical.all_of(unwanted, self._label_set(block)), len(block))
                result[at : at + len(block)] = np.isin(block, found)
        return result

    def payloads(self, labels: Labels) -> list[str]:
        """Return what was stored with each of ``labels``, in their order.

        Raises:
            DamagedError: the index has no such row.
        """
        stored: dict[int, str] = {}
        for _, block in _blocks(labels):
            hits = self._hits(self._label_set(block), len(block))
            for label, (_, address) in zip(self._label_values(hits), hits, strict=True):
                (payload,) = self._searcher.doc(address).get_all("payload")
                stored[label] = bytes(payload).decode()
        try:
            return [stored[int(label)] for label in labels]
        except KeyError as error:
            raise DamagedError(f"The BM25 index in {self._folder} has no row with label {error}.") from None

    def documents(self, labels: Labels) -> NDArray[np.uint64]:
        """Return the document key of each of ``labels``, in their order; uint64 ``(n,)``.

        Raises:
            DamagedError: the index has no such row.
        """
        keys = np.zeros(len(labels), dtype=np.uint64)
        for at, block in _blocks(labels):
            hits = self._hits(self._label_set(block), len(block))
            place, known = _places(block, np.array(self._label_values(hits), dtype=np.uint64))
            if not known.all():
                raise DamagedError(f"The BM25 index in {self._folder} lacks the row with label {block[~known][0]}.")
            found = np.array(self._fast_values("doc_key", hits), dtype=np.uint64)
            keys[at : at + len(block)] = found[place]
        return keys

    def has_terms(self, query: LexicalQuery) -> bool:
        """Return whether anything is left to look for once the query is analysed."""
        return self._analyse(query).positive

    def matcher(self, query: LexicalQuery) -> Callable[[str], bool]:
        """Return a function that tells whether a word of a text is one that the query asks for."""
        analysed = self._analyse(query)
        sought = set(analysed.words).union(*({term.text for term in phrase} for phrase in analysed.phrases))
        for word in query.words[: lexical.MAX_TERMS]:  # single characters of Chinese, Japanese ...
            sought.update(term.text for term in terms(word[: lexical.MAX_TERMS], self._language))
        return lambda word: any(term.text in sought for term in terms(word, self._language))

    def _analyse(self, query: LexicalQuery) -> LexicalTerms:
        return lexical.analyse(query, self._language)

    def _label_set(self, labels: Labels) -> tantivy.Query:
        return tantivy.Query.term_set_query(self._schema, "label", labels.tolist())

    def _best(self, query: tantivy.Query, k: int, limit: int, keep: Keep | None = None) -> Ranking:
        while True:
            labels, scores = self._fetch(query, limit)
            last = scores[-1] if len(scores) else np.float32(0)
            exhausted = len(labels) < limit
            if keep is not None:
                mask = keep(labels)
                labels, scores = labels[mask], scores[mask]
            order = np.lexsort((labels, -scores))[:k]
            # A row that was not fetched may still tie with the last one kept, and have a smaller label.
            if exhausted or (len(order) == k and scores[order[-1]] > last):
                return Ranking(labels[order], scores[order])
            limit *= 4

    def _fetch(self, query: tantivy.Query, limit: int) -> tuple[Labels, NDArray[np.float32]]:
        hits = self._hits(query, limit)
        scores = np.array([score for score, _ in hits], dtype=np.float32)
        return np.array(self._label_values(hits), dtype=np.uint64), scores

    def _hits(self, query: tantivy.Query, limit: int) -> Sequence[tuple[float, tantivy.DocAddress]]:
        # One more than there are rows: Tantivy reserves room for the limit, and panics when it is zero.
        return self._searcher.search(query, min(limit, len(self) + 1), count=False).hits

    def _label_values(self, hits: Sequence[tuple[float, tantivy.DocAddress]]) -> list[int]:
        return self._fast_values("label", hits)

    def _fast_values(self, field: str, hits: Sequence[tuple[float, tantivy.DocAddress]]) -> list[int]:
        return list(self._searcher.fast_field_values(field, [address for _, address in hits]))  # type: ignore[arg-type]


def _no_ranking() -> Ranking:
    return Ranking(np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.float32))


def _blocks(labels: Labels) -> list[tuple[int, Labels]]:
    return [(at, labels[at : at + _SET_SIZE]) for at in range(0, len(labels), _SET_SIZE)]


def _places(wanted: Labels, found: Labels) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return where each of ``wanted`` is in ``found``, and whether it is there at all."""
    if not len(found):
        return np.zeros(len(wanted), dtype=np.intp), np.zeros(len(wanted), dtype=np.bool_)
    order = np.argsort(found)
    place = order[np.minimum(np.searchsorted(found, wanted, sorter=order), len(found) - 1)]
    return place, found[place] == wanted
