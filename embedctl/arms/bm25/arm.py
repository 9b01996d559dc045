"""The BM25 arm: the live rows of one generation of a Tantivy index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import tantivy

from ...config import Bm25Config
from ...errors import DamagedError
from ...labels import bounds
from . import lexical
from .analysis import analyzer, terms, tokenizer_name
from .live import LiveRows
from .query import Bm25Query
from .tantivy_files import check_schema, counted_rows, numbers_of, open_reader, reading_index

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ...contracts import Allowed, ArmRequest, Labels, Query


class Bm25Arm:
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
        self._stores_payloads = check_schema(folder, tokenizer_name(language))
        index = open_reader(folder, files)
        index.register_tokenizer(tokenizer_name(language), text_analyzer)
        self._schema = index.schema
        self._searcher = index.searcher()
        self._live = LiveRows(self._searcher, counted_rows(folder), folder, files)
        self.rows = len(self._live)

    @property
    def stored(self) -> StoredRows | None:
        """What hits show, where this index keeps it: one up to format 3."""
        return StoredRows(self._searcher, self._schema, self._folder) if self._stores_payloads else None

    def part_labels(self, part: int, expected: int) -> Labels:
        """Return the labels of one part's rows, ascending, a few more than ``expected`` at most."""
        query = tantivy.Query.term_query(self._schema, "part", part)
        dead = int(np.diff(np.searchsorted(self._live.dead, bounds(part)))[0])
        hits = self._searcher.search(query, expected + dead + 16, count=False).hits
        found = numbers_of(self._searcher, "label", [address for _, address in hits])
        labels = np.sort(np.array(found, dtype=np.uint64))
        return labels[self._live.mask(labels)]

    def ask(self, queries: Sequence[Query], request: ArmRequest) -> list[Bm25Query]:
        """Return each query analysed, ready to be searched."""
        return [self.query(query, request.ranking.bm25, query.allowed) for query in queries]

    def query(self, query: Query, weights: Bm25Config | None = None, allowed: Allowed | None = None) -> Bm25Query:
        """Return the query as the index understands it, ready to be searched; ``weights``: of the fields."""
        analysed = lexical.analyse(query, self._language)
        scoring = lexical.Scoring(self._schema, self._live, analysed, weights or Bm25Config())
        return Bm25Query(self._searcher, scoring, self._folder, self._language, allowed)

    def excluder(self, query: Query) -> Callable[[Labels], NDArray[np.bool_]]:
        """Return a function from labels to whether they match an exclusion of the query, bool ``(n,)``."""
        return self.query(query).excluded

    def matcher(self, query: Query) -> Callable[[str], bool]:
        """Return a function from a word of a text to whether the query looks it up, up to its inflection."""
        analysed = lexical.analyse(query, self._language)
        sought = set(analysed.words)
        for word in query.words[: lexical.MAX_TERMS]:  # single characters of Chinese, Japanese ...
            sought.update(term.text for term in terms(word[: lexical.MAX_TERMS], self._language))
        sought = sought.difference(analysed.stop_words).union(
            *({term.text for term in phrase} for phrase in analysed.phrases)
        )
        return lambda word: any(term.text in sought for term in terms(word, self._language))


class StoredRows:
    """Documents and payloads by label, out of an index up to format 3: later ones keep them in their own structure."""

    def __init__(self, searcher: tantivy.Searcher, schema: tantivy.Schema, folder: Path) -> None:
        self._searcher = searcher
        self._schema = schema
        self._folder = folder

    def documents(self, labels: Labels) -> NDArray[np.uint64]:
        """Return the document key of each of ``labels``, uint64 ``(n,)``.

        Raises:
            DamagedError: the index has no such row.
        """
        addresses = self._located(labels.tolist())
        with reading_index(self._folder):
            return np.array(numbers_of(self._searcher, "doc_key", addresses), dtype=np.uint64)

    def payloads(self, labels: Labels) -> list[str]:
        """Return the JSON that is stored with each of ``labels``.

        Raises:
            DamagedError: the index has no such row.
        """
        addresses = self._located(labels.tolist())
        with reading_index(self._folder):
            stored = [self._searcher.doc(address).get_all("payload") for address in addresses]
            return [bytes(payload).decode() for (payload,) in stored]

    def _located(self, labels: list[int]) -> list[tantivy.DocAddress]:
        if not labels:
            return []
        with reading_index(self._folder):
            query = tantivy.Query.term_set_query(self._schema, "label", labels)
            found = [address for _, address in self._searcher.search(query, len(labels) + 1, count=False).hits]
            addresses = dict(zip(numbers_of(self._searcher, "label", found), found, strict=True))
        try:
            return [addresses[label] for label in labels]
        except KeyError as error:
            raise DamagedError(f"The BM25 index in {self._folder} has no row with label {error}.") from None
