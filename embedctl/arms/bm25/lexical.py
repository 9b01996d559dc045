"""Lexical queries: from words, phrases and exclusions to a Tantivy query, built term by term.

Nothing here parses query syntax, so nothing here can fail on it. A term is looked up in three fields; the scores
add up, each with its own length normalization and the weight that :class:`~embedctl.config.Bm25Config` gives it. To
Tantivy's BM25 of a term is added ``delta * idf``, whatever the length of the field: Lv and Zhai, "Lower-bounding term
frequency normalization", CIKM 2011 (BM25+). What is one word in several languages counts once, by its best score.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import tantivy

from .tantivy_files import FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ...config import Bm25Config
    from .lexical_terms import Alternatives, LexicalTerms, Phrase
    from .live import LiveRows

K1 = 1.2
"""Of Tantivy's BM25: however often a term is found, it counts less than ``K1 + 1`` times its idf."""

STOP_WORD_WEIGHT = 0.01
"""Of a stop word where nothing else of the query is found; keeps such rows behind those that have more to say."""

IDENTIFIER_BOOST = 1.0
"""Weight of the phrase that the parts of an identifier make, in addition to the parts."""

_Clause = tuple[tantivy.Occur, tantivy.Query]


@dataclass(frozen=True, slots=True)
class Scoring:
    """One analysed query and one index."""

    schema: tantivy.Schema
    live: LiveRows
    terms: LexicalTerms
    weights: Bm25Config
    added: Mapping[str, float] = field(default_factory=dict)
    """Further terms, which may match, by weight; a word of the query weighs 1, and so much more if it is one."""

    def query(self) -> tantivy.Query:
        """Return the scoring query: phrases must match, words and identifiers may, exclusions must not."""
        boosts = {name: getattr(self.weights, name) for name in FIELDS}
        clauses: list[_Clause] = [(tantivy.Occur.Must, self._anywhere(phrase, boosts)) for phrase in self.terms.phrases]
        for word, weight in self._words().items():
            clauses += self._word(word, weight)
        for parts in self.terms.identifiers:
            identifier = tantivy.Query.boost_query(self._anywhere(parts, boosts), IDENTIFIER_BOOST)
            clauses.append((tantivy.Occur.Should, identifier))
        return tantivy.Query.boolean_query([*clauses, *self._unwanted()])

    def leftover(self, query: tantivy.Query | None = None) -> tantivy.Query | None:
        """Return what finds rows by stop words that ``query`` does not find; ``None``: there are no such rows."""
        if not self.terms.stop_words or self.terms.phrases:
            return None
        plain = replace(self, weights=replace(self.weights, delta=0.0))  # four times as fast, and the order is as good
        clauses = [clause for word in self.terms.stop_words for clause in plain._word(word, STOP_WORD_WEIGHT)]
        found = [] if query is None else [(tantivy.Occur.MustNot, query)]
        return tantivy.Query.boolean_query([*clauses, *found, *self._unwanted()])

    def exclusions(self) -> tantivy.Query:
        """Return the query that matches what is excluded."""
        return any_of(self._anywhere(phrase) for phrase in self.terms.exclusions)

    def most(self) -> float:
        """Return what no row can score more than: everything that is asked for, found as often as one likes.

        What no row has counts, too, so that a score as a share of this says how much of the query was found.
        """
        parts = self.terms.parts
        words = sum(
            weight * max(self._most((one,), seen=word in parts) for one in self._spoken(word))
            for word, weight in self._words().items()
        )
        phrases = [(IDENTIFIER_BOOST, phrase) for phrase in self.terms.identifiers]
        phrases += [(1.0, phrase) for phrase in self.terms.phrases]
        return words + sum(
            weight * max(self._most([term.text for term in one]) for one in phrase) for weight, phrase in phrases
        )

    def _most(self, joined: Sequence[str], *, seen: bool = False) -> float:
        """Return what one word or phrase can add to a score; a phrase's idf is the sum of its terms', as in Tantivy.

        ``seen``: it adds nothing where no row has it.
        """
        field_idf = {name: self.live.idf(name, joined).live for name in FIELDS}
        if not seen and not any(field_idf.values()):
            field_idf = {"body": self.live.unseen_idf * len(joined)}
        per_idf = K1 + 1 + (self.weights.delta if len(joined) == 1 else 0.0)
        return sum(per_idf * float(getattr(self.weights, name)) * idf for name, idf in field_idf.items())

    def _words(self) -> dict[str, float]:
        words = {**self.terms.parts, **dict.fromkeys(self.terms.words, 1.0)}
        for term, weight in self.added.items():
            words[term] = words.get(term, 0.0) + weight
        return words

    def _spoken(self, word: str) -> tuple[str, ...]:
        return (word, *self.terms.variants.get(word, ()))

    def _word(self, word: str, weight: float) -> Iterator[_Clause]:
        for name in FIELDS:
            boost = weight * getattr(self.weights, name)
            several = [clauses for one in self._spoken(word) if boost and (clauses := self._term(name, one, boost))]
            if len(several) > 1:
                choices = [tantivy.Query.boolean_query(clauses) for clauses in several]
                yield tantivy.Occur.Should, tantivy.Query.disjunction_max_query(choices)
            elif several:
                yield from several[0]

    def _term(self, name: str, word: str, boost: float) -> list[_Clause]:
        idf = self.live.idf(name, (word,))
        if not idf.live:
            return []
        term = tantivy.Query.term_query(self.schema, name, word)
        clauses = [(tantivy.Occur.Should, _boosted(term, boost * idf.correction))]
        if self.weights.delta:
            bare = tantivy.Query.term_query(self.schema, name, word, "basic")  # leaves frequencies unread
            least = tantivy.Query.const_score_query(bare, boost * self.weights.delta * idf.live)
            clauses.append((tantivy.Occur.Should, least))
        return clauses

    def _unwanted(self) -> list[_Clause]:
        return [(tantivy.Occur.MustNot, self._anywhere(phrase)) for phrase in self.terms.exclusions]

    def _anywhere(self, phrase: Alternatives, boosts: Mapping[str, float] | None = None) -> tantivy.Query:
        """Return what finds a phrase in any field, also in those that add nothing to the score."""

        def choices(name: str) -> tantivy.Query:
            several = [self._field(name, one, boosts[name] if boosts else None) for one in phrase]
            return several[0] if len(several) == 1 else tantivy.Query.disjunction_max_query(several)

        return any_of(map(choices, FIELDS))

    def _field(self, name: str, phrase: Phrase, boost: float | None) -> tantivy.Query:
        if len(phrase) == 1:  # Tantivy panics on a phrase of one term
            query = tantivy.Query.term_query(self.schema, name, phrase[0].text)
        else:
            query = tantivy.Query.phrase_query(self.schema, name, list(phrase))
        if boost is None:
            return query
        return _boosted(query, boost * self.live.idf(name, [term.text for term in phrase]).correction)


def any_of(queries: Iterable[tantivy.Query]) -> tantivy.Query:
    """Return the disjunction of ``queries``."""
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in queries])


def all_of(scored: tantivy.Query, condition: tantivy.Query) -> tantivy.Query:
    """Return ``scored`` restricted to ``condition``, which adds nothing to the scores."""
    silent = tantivy.Query.const_score_query(condition, 0.0)
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, scored), (tantivy.Occur.Must, silent)])


def _boosted(query: tantivy.Query, boost: float) -> tantivy.Query:
    return query if boost == 1.0 else tantivy.Query.boost_query(query, boost)
