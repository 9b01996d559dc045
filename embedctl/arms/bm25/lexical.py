"""Lexical queries: from words, phrases and exclusions to a Tantivy query, built term by term.

Nothing here parses query syntax, so nothing here can fail on it. A term is looked up in three fields; the scores
add up, each with its own length normalization and the weight that :class:`~embedctl.config.Bm25Config` gives it. To
Tantivy's BM25 of a term is added ``delta * idf``, whatever the length of the field: Lv and Zhai, "Lower-bounding term
frequency normalization", CIKM 2011 (BM25+).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import tantivy

from .analysis import Term, terms, without_stop_words
from .live import NO_IDF
from .tantivy_files import FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ...config import Bm25Config
    from ...contracts import Query
    from .live import LiveRows

K1 = 1.2
"""Of Tantivy's BM25: however often a term is found, it counts less than ``K1 + 1`` times its idf."""

STOP_WORD_WEIGHT = 0.01
"""Of a stop word where nothing else of the query is found; keeps such rows behind those that have more to say."""

IDENTIFIER_BOOST = 1.0
"""Weight of the phrase that the parts of an identifier make, in addition to the parts."""

MAX_TERMS = 1024
"""Distinct terms of a query, and terms of one phrase, that are looked at; the first ones win."""

# Joined by anything but a hyphen; or hyphenated with a digit, or a command-line flag. The parts of an everyday
# compound ("boundary-layer") are left alone: asking for them as a phrase lost nDCG on Cranfield.
_JOINED = re.compile(r"\w[./\\:@#]+\w|\w_|_\w|^-")
_DIGIT = re.compile(r"\d")

MOST_CHARACTERS = 100_000
"""Of one word or phrase; normalization makes up to 18 of one, and no more than ``MAX_TERMS`` terms are wanted."""

_Clause = tuple[tantivy.Occur, tantivy.Query]


@dataclass(frozen=True, slots=True)
class LexicalTerms:
    """A query after analysis."""

    words: tuple[str, ...]
    """Distinct, in order of appearance; stop words only where there are no others, and no phrases."""
    identifiers: tuple[tuple[Term, ...], ...]
    phrases: tuple[tuple[Term, ...], ...]
    exclusions: tuple[tuple[Term, ...], ...]
    stop_words: tuple[str, ...] = ()
    """Distinct; those that ``words`` leaves out."""
    shortened: bool = False
    """Whether the query has more than is looked at."""

    @property
    def positive(self) -> bool:
        """Whether anything is asked for, rather than only excluded."""
        return bool(self.words or self.phrases)


def analyse(query: Query, language: str) -> LexicalTerms:
    """Return the terms of ``query``, at most ``MAX_TERMS`` words, phrases and terms per phrase."""
    words: dict[str, None] = {}
    telling: dict[str, None] = {}
    identifiers: dict[tuple[Term, ...], None] = {}
    for word in dict.fromkeys(query.words):  # a megabyte of one word is one word
        if len(words) > MAX_TERMS:
            break
        text = word[:MOST_CHARACTERS]
        found = terms(text, language, singles=False)[: MAX_TERMS + 1]
        words.update(dict.fromkeys(term.text for term in found))
        if len(found) > 1 and _is_identifier(word):
            identifiers[_phrase(word, language)] = None
        else:
            found = without_stop_words(text, found, language)
        telling.update(dict.fromkeys(term.text for term in found))
    phrases, exclusions = (tuple(dict.fromkeys(texts)) for texts in (query.phrases, query.exclusions))
    asked = _phrases(phrases, language)
    first = tuple(words)[:MAX_TERMS]
    left_out = tuple(word for word in first if word not in telling) if telling or asked else ()
    return LexicalTerms(
        words=tuple(word for word in first if word in telling) if left_out else first,
        identifiers=tuple(identifiers),
        phrases=asked,
        exclusions=_phrases(exclusions, language),
        stop_words=left_out,
        shortened=max(len(words), len(phrases), len(exclusions)) > MAX_TERMS
        or any(len(text) > MOST_CHARACTERS for text in (*query.words, *phrases, *exclusions)),
    )


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
        words = sum(weight * self._most((word,)) for word, weight in self._words().items())
        joined = sum(IDENTIFIER_BOOST * self._most([term.text for term in parts]) for parts in self.terms.identifiers)
        return words + joined + sum(self._most([term.text for term in phrase]) for phrase in self.terms.phrases)

    def _most(self, joined: Sequence[str]) -> float:
        """Return what one word or phrase can add to a score; a phrase's idf is the sum of its terms', as in Tantivy."""
        field_idf = {name: self.live.idf(name, joined).live for name in FIELDS}
        if not any(field_idf.values()):
            field_idf = {"body": self.live.unseen_idf * len(joined)}
        per_idf = K1 + 1 + (self.weights.delta if len(joined) == 1 else 0.0)
        return sum(per_idf * float(getattr(self.weights, name)) * idf for name, idf in field_idf.items())

    def _words(self) -> dict[str, float]:
        words = dict.fromkeys(self.terms.words, 1.0)
        for term, weight in self.added.items():
            words[term] = words.get(term, 0.0) + weight
        return words

    def _word(self, word: str, weight: float) -> Iterator[_Clause]:
        for name in FIELDS:
            boost = weight * getattr(self.weights, name)
            idf = self.live.idf(name, (word,)) if boost else NO_IDF
            if idf.live:
                term = tantivy.Query.term_query(self.schema, name, word)
                yield tantivy.Occur.Should, _boosted(term, boost * idf.correction)
                if self.weights.delta:
                    bare = tantivy.Query.term_query(self.schema, name, word, "basic")  # leaves frequencies unread
                    least = tantivy.Query.const_score_query(bare, boost * self.weights.delta * idf.live)
                    yield tantivy.Occur.Should, least

    def _unwanted(self) -> list[_Clause]:
        return [(tantivy.Occur.MustNot, self._anywhere(phrase)) for phrase in self.terms.exclusions]

    def _anywhere(self, phrase: tuple[Term, ...], boosts: Mapping[str, float] | None = None) -> tantivy.Query:
        """Return what finds a phrase in any field, also in those that add nothing to the score."""
        return any_of(self._field(name, phrase, boosts[name] if boosts else None) for name in FIELDS)

    def _field(self, name: str, phrase: tuple[Term, ...], boost: float | None) -> tantivy.Query:
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


def _is_identifier(word: str) -> bool:
    return bool(_JOINED.search(word) or ("-" in word and _DIGIT.search(word)))


def _phrases(texts: Sequence[str], language: str) -> tuple[tuple[Term, ...], ...]:
    found: dict[tuple[Term, ...], None] = {}
    for text in texts[:MAX_TERMS]:
        if phrase := _phrase(text, language):
            found[phrase] = None
    return tuple(found)


def _phrase(text: str, language: str) -> tuple[Term, ...]:
    found = terms(text[:MOST_CHARACTERS], language)[:MAX_TERMS]
    return tuple(Term(term.position - found[0].position, term.text) for term in found)
