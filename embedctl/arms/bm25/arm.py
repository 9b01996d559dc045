"""The BM25 arm: the live rows of one generation of a Tantivy index."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import tantivy

from ...config import Bm25Config
from ...errors import DamagedError
from ...labels import bounds
from .analysis import AUTO, analyzer, is_current
from .document_language import FALLBACK
from .lexical import Scoring
from .live import LiveRows
from .query import Bm25Query
from .query_terms import MAX_TERMS, analyse, matcher
from .tantivy_files import FIELDS, check_schema, counted_rows, numbers_of, open_reader, reading_index

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ...contracts import Allowed, ArmRequest, Labels, Query

_OUTDATED = (
    "The BM25 index was made by an earlier version: bring it up to date with "
    '"embedctl index"; nothing is embedded again.'
)
_SHOWN = 80
"""Characters of a phrase in a note."""


class Bm25Arm:
    """The live rows of one index generation; opening it does not change the folder."""

    def __init__(
        self,
        folder: Path,
        language: str,
        files: Collection[str] | None = None,
        languages: Mapping[str, int] | None = None,
    ) -> None:
        """Open the index.

        Args:
            folder: holds it.
            language: what it was made for.
            files: names that it consists of; anything else in the folder is not looked at. ``None``: all of them.
            languages: with ``AUTO``, its rows by language: queries are analysed in each of them.

        Raises:
            DamagedError: there is no index in ``folder``, it is not one of ours, or it cannot be opened.
            MismatchError: it was made for another language or by a later version of the analysis.
        """
        self._folder = folder
        text_analyzer, made = analyzer(language), check_schema(folder, language)
        spoken = sorted((languages or {}).items(), key=lambda one: (-one[1], one[0]))
        self._languages = tuple(name for name, _ in spoken) or ((FALLBACK,) if language == AUTO else (language,))
        self._stores_payloads = made.stored
        self._outdated = not is_current(made.tokenizer)
        index = open_reader(folder, files)
        index.register_tokenizer(made.tokenizer, text_analyzer)
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
        """Return the query as the index understands it, ready to be searched; ``weights``: of the fields.

        A phrase that no row has is looked up by its words, and so are phrases that no row has together.
        """
        notes = [_OUTDATED] if self._outdated else []
        phrases = tuple(dict.fromkeys(query.phrases))[:MAX_TERMS]
        alone = [phrase for phrase in phrases if not self._occur(query, (phrase,), allowed)]
        if alone:
            notes.append(_told(alone, "Nothing has the phrase", "None of the phrases is anywhere:"))
        together = [phrase for phrase in phrases if phrase not in alone]
        if len(together) > 1 and not self._occur(query, together, allowed):
            notes.append(_told(together, "", "Nothing has all of the phrases"))
            alone = list(phrases)
        loose = [word for phrase in phrases if phrase in alone for word in phrase.split()]
        kept = tuple(phrase for phrase in phrases if phrase not in alone)
        asked = replace(query, words=(*query.words, *loose), phrases=kept) if alone else query
        return self._asked(asked, weights or Bm25Config(), allowed, tuple(notes))

    def _occur(self, query: Query, phrases: Sequence[str], allowed: Allowed | None) -> bool:
        """Return whether a row that may answer has all of ``phrases``, or they have nothing to look up."""
        asked = self._asked(replace(query, words=(), phrases=tuple(phrases)), Bm25Config(), allowed)
        return not asked.positive or bool(len(asked.search(1, allowed).labels))

    def _asked(
        self, query: Query, weights: Bm25Config, allowed: Allowed | None = None, notes: tuple[str, ...] = ()
    ) -> Bm25Query:
        analysed = analyse(query, self._languages, self._knows)
        scoring = Scoring(self._schema, self._live, analysed, weights)
        return Bm25Query(self._searcher, scoring, self._folder, self._languages, allowed, notes)

    def _knows(self, term: str) -> bool:
        return any(self._live.having(name, term) for name in FIELDS)

    def excluder(self, query: Query) -> Callable[[Labels], NDArray[np.bool_]]:
        """Return a function from labels to whether they match an exclusion of the query, bool ``(n,)``."""
        return self._asked(query, Bm25Config()).excluded

    def matcher(self, query: Query) -> Callable[[str], bool]:
        """Return a function from a word of a text to whether the query looks it up, up to its inflection."""
        return matcher(query, self._languages, self._knows)


def _told(phrases: Sequence[str], one: str, several: str) -> str:
    quoted = ", ".join(f'"{phrase[:_SHOWN]}"' for phrase in phrases[:3]) + (" ..." if len(phrases) > 3 else "")
    return f"{one if len(phrases) == 1 else several} {quoted}: BM25 looks for the words."


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
