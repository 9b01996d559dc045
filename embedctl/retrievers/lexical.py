"""Lexical queries: from words, phrases and exclusions to a Tantivy query, built term by term.

Nothing here parses query syntax, so nothing here can fail on it. A term is looked up in three fields; the scores
add up, each with its own length normalization and the weight that :class:`~embedctl.config.Bm25Config` gives it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Protocol

import tantivy

from ..config import Bm25Config
from .analysis import Term, terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FIELDS = tuple(field.name for field in fields(Bm25Config))
"""The text fields of the index."""

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


class LexicalQuery(Protocol):
    """What BM25 needs of a parsed query."""

    @property
    def words(self) -> Sequence[str]:
        """Words as typed; any may match."""
        ...

    @property
    def phrases(self) -> Sequence[str]:
        """Phrases; all must match."""
        ...

    @property
    def exclusions(self) -> Sequence[str]:
        """Words and phrases; none may match."""
        ...


@dataclass(frozen=True, slots=True)
class LexicalTerms:
    """A query after analysis."""

    words: tuple[str, ...]
    """Distinct, in order of appearance."""
    identifiers: tuple[tuple[Term, ...], ...]
    phrases: tuple[tuple[Term, ...], ...]
    exclusions: tuple[tuple[Term, ...], ...]
    shortened: bool = False
    """Whether the query has more than is looked at."""

    @property
    def positive(self) -> bool:
        """Whether anything is asked for, rather than only excluded."""
        return bool(self.words or self.phrases)


def analyse(query: LexicalQuery, language: str) -> LexicalTerms:
    """Return the terms of ``query``, at most ``MAX_TERMS`` words, phrases and terms per phrase."""
    words: dict[str, None] = {}
    identifiers: dict[tuple[Term, ...], None] = {}
    for word in dict.fromkeys(query.words):  # a megabyte of one word is one word
        if len(words) > MAX_TERMS:
            break
        found = terms(word[:MOST_CHARACTERS], language, singles=False)
        words.update(dict.fromkeys(term.text for term in found[: MAX_TERMS + 1]))
        if len(found) > 1 and _is_identifier(word):
            identifiers[_phrase(word, language)] = None
    phrases, exclusions = (tuple(dict.fromkeys(texts)) for texts in (query.phrases, query.exclusions))
    return LexicalTerms(
        words=tuple(words)[:MAX_TERMS],
        identifiers=tuple(identifiers),
        phrases=_phrases(phrases, language),
        exclusions=_phrases(exclusions, language),
        shortened=max(len(words), len(phrases), len(exclusions)) > MAX_TERMS
        or any(len(text) > MOST_CHARACTERS for text in (*query.words, *phrases, *exclusions)),
    )


def build(schema: tantivy.Schema, query: LexicalTerms, weights: Bm25Config) -> tantivy.Query:
    """Return the scoring query: phrases must match, words and identifiers may, exclusions must not."""
    should, must, must_not = tantivy.Occur.Should, tantivy.Occur.Must, tantivy.Occur.MustNot
    boosts = {name: getattr(weights, name) for name in FIELDS}
    clauses: list[_Clause] = [(must, _anywhere(schema, phrase, boosts)) for phrase in query.phrases]
    for word in query.words:
        clauses += [(should, _field(schema, name, (Term(0, word),), boost)) for name, boost in boosts.items() if boost]
    for parts in query.identifiers:
        clauses.append((should, tantivy.Query.boost_query(_anywhere(schema, parts, boosts), IDENTIFIER_BOOST)))
    clauses += [(must_not, _anywhere(schema, phrase)) for phrase in query.exclusions]
    return tantivy.Query.boolean_query(clauses)


def build_exclusions(schema: tantivy.Schema, query: LexicalTerms) -> tantivy.Query:
    """Return the query that matches what ``query`` excludes."""
    return any_of(_anywhere(schema, phrase) for phrase in query.exclusions)


def any_of(queries: Iterable[tantivy.Query]) -> tantivy.Query:
    """Return the disjunction of ``queries``."""
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in queries])


def all_of(scored: tantivy.Query, condition: tantivy.Query) -> tantivy.Query:
    """Return ``scored`` restricted to ``condition``, which adds nothing to the scores."""
    silent = tantivy.Query.const_score_query(condition, 0.0)
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, scored), (tantivy.Occur.Must, silent)])


def _anywhere(
    schema: tantivy.Schema, phrase: tuple[Term, ...], boosts: Mapping[str, float] | None = None
) -> tantivy.Query:
    """Return what finds a phrase in any field, also in those that add nothing to the score."""
    return any_of(_field(schema, name, phrase, 1.0 if boosts is None else boosts[name]) for name in FIELDS)


def _field(schema: tantivy.Schema, name: str, phrase: tuple[Term, ...], boost: float) -> tantivy.Query:
    if len(phrase) == 1:  # Tantivy panics on a phrase of one term
        query = tantivy.Query.term_query(schema, name, phrase[0].text)
    else:
        query = tantivy.Query.phrase_query(schema, name, list(phrase))
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
