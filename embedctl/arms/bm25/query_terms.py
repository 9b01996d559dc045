"""Terms of a query: what is looked up for its words, phrases and exclusions."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from .analysis import Term, terms, without_stop_words
from .compounds import COMPOUNDING, LEAST, splitter_by
from .folding import fold
from .lexical_terms import Alternatives, LexicalTerms, Phrase
from .spellings import Spelling, spaced_numbers, spellings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ...contracts import Query

MAX_TERMS = 1024
"""Distinct terms of a query, and terms of one phrase, that are looked at; the first ones win."""

MOST_CHARACTERS = 100_000
"""Of one word or phrase; normalization makes up to 18 of one, and no more than ``MAX_TERMS`` terms are wanted."""

PART_WEIGHT = 0.5
"""Of the parts of a word in camel case and of a number with its unit, beside the whole."""

JOINED_WEIGHT = 0.5
"""Of a hyphenated or underscored word written as one, beside its parts."""

COMPOUND_WEIGHT = 0.5
"""Of the parts of a compound, beside the whole."""

# Joined by anything but a hyphen; or hyphenated with a digit, or a command-line flag. The parts of an everyday
# compound ("boundary-layer") are left alone: asking for them as a phrase lost nDCG on Cranfield.
_IDENTIFIER = re.compile(r"\w[./\\:@#]+\w|\w_|_\w|^-")
_DIGIT = re.compile(r"\d")
_ABBREVIATIONS = frozenset({"eg", "ie"})
"""Initials that are no more than stop words."""

_PUNCTUATION = ".,;:!?"


class _Word(NamedTuple):
    """Terms of one word of a query."""

    terms: list[str]
    telling: list[str]
    """Those that are no stop words."""
    parts: dict[str, float]
    identifiers: list[Alternatives]


def analyse(query: Query, languages: Sequence[str], knows: Callable[[str], bool] = lambda _: False) -> LexicalTerms:
    """Return the terms of ``query``, at most ``MAX_TERMS`` words, phrases and terms per phrase.

    Args:
        query: words, phrases and exclusions.
        languages: those of the index, one or more.
        knows: whether a term is in the index: compounds are split into such.
    """
    reading = _Reading(_ordered(query.words, languages), knows)
    words: dict[str, None] = {}
    telling: dict[str, None] = {}
    parts: dict[str, float] = {}
    identifiers: dict[Alternatives, None] = {}
    for text in dict.fromkeys(_regrouped(query.words)):  # a megabyte of one word is one word
        if len(words) > MAX_TERMS:
            break
        word = reading.word(text[:MOST_CHARACTERS])
        words.update(dict.fromkeys(word.terms))
        telling.update(dict.fromkeys(word.telling))
        if word.parts or word.identifiers:
            parts.update(word.parts)
            identifiers.update(dict.fromkeys(word.identifiers))
    phrases, exclusions = (tuple(dict.fromkeys(texts)) for texts in (query.phrases, query.exclusions))
    asked = reading.phrases(phrases)
    first = tuple(words)[:MAX_TERMS]
    left_out = tuple(word for word in first if word not in telling) if telling or asked else ()
    return LexicalTerms(
        words=tuple(word for word in first if word in telling) if left_out else first,
        identifiers=tuple(identifiers),
        phrases=asked,
        exclusions=reading.phrases(exclusions),
        stop_words=left_out,
        parts={term: weight for term, weight in list(parts.items())[:MAX_TERMS] if term not in words},
        variants={term: tuple(others) for term, others in reading.variants.items()},
        shortened=max(len(words), len(phrases), len(exclusions)) > MAX_TERMS
        or any(len(text) > MOST_CHARACTERS for text in (*query.words, *phrases, *exclusions)),
    )


def matcher(query: Query, languages: Sequence[str], knows: Callable[[str], bool]) -> Callable[[str], bool]:
    """Return a function from a word of a text to whether the query looks it up, up to its inflection."""
    analysed = analyse(query, languages, knows)
    sought = analysed.every
    for word in query.words[:MAX_TERMS]:  # single characters of Chinese, Japanese ...
        if word.isascii():
            continue
        singles = {term.text for language in languages for term in terms(word[:MAX_TERMS], language)}
        sought |= singles.difference(analysed.stop_words)

    def is_match(word: str) -> bool:
        reading = _Reading(languages, knows)
        found = reading.word(word)
        own = {*found.terms, *found.parts, *(other for others in reading.variants.values() for other in others)}
        return not sought.isdisjoint(own) or any(term.text in sought for term in terms(word, languages[0]))

    return is_match


class _Reading:
    """Analyses the pieces of one query in every language of an index."""

    def __init__(self, languages: Sequence[str], knows: Callable[[str], bool]) -> None:
        self.languages = languages
        self.variants: dict[str, dict[str, None]] = {}
        self._knows = knows
        self._compounding = not COMPOUNDING.isdisjoint(languages)

    def word(self, text: str) -> _Word:
        """Return the terms of a word; text without blanks, or a number with them."""
        bare = text.rstrip(_PUNCTUATION)
        plain = bare.isascii() and bare.isalpha() and (bare.islower() or bare.istitle())
        if plain and not self._compounding:  # nearly every word of a query
            own = self.terms(text)
            telling = without_stop_words(text, own, self.languages[0])
            return _Word([term.text for term in own], [term.text for term in telling], {}, [])
        others = [] if plain else spellings(fold(text, "none"))
        alone = [other for other in others if _replaces(other)]
        rest = text
        for other in alone:
            rest = rest.replace(other.word, " ")
        own = self.terms(rest)
        language = self.languages[0]
        telling = without_stop_words(rest, own, language)
        whole = [term.text for other in alone for term in self.terms(" ".join(other.words))]
        identifiers = []
        if len(own) > 1 and _is_identifier(rest) and (telling or "/" not in rest):
            telling = own
            identifiers.append(self.phrase(rest))
        parts: dict[str, float] = {}
        for other in others:
            if other in alone:
                continue
            found = self.terms(" ".join(other.words))
            if other.kind == "symbol":
                whole += [term.text for term in found]
                continue
            if other.kind == "parts":
                identifiers += [self.phrase(" ".join(other.words))] if len(found) > 1 else []
                # Digits count beside what they belong to: "log4j" is not asked of every text that has a 4.
                telling_parts = without_stop_words(" ".join(other.words), found, language)
                found = [term for term in telling_parts if not term.text.isdigit()]
            weight = JOINED_WEIGHT if other.kind == "joined" else PART_WEIGHT
            parts.update({term.text: weight for term in found})
        parts.update(dict.fromkeys(self._compound(text), COMPOUND_WEIGHT))
        told = [term.text for term in telling] + [one for one in whole if one not in _ABBREVIATIONS]
        return _Word([term.text for term in own] + whole, told, parts, identifiers)

    def terms(self, text: str) -> list[Term]:
        """Return the terms of a text in the first language, and note what the others have in their place."""
        found = terms(text, self.languages[0], singles=False)[: MAX_TERMS + 1]
        places = {term.position: term.text for term in found}
        for language in self.languages[1:]:
            for term in terms(text, language, singles=False)[: MAX_TERMS + 1]:
                own = places.get(term.position)
                if own is not None and own != term.text:
                    self.variants.setdefault(own, {})[term.text] = None
        return found

    def phrases(self, texts: Sequence[str]) -> tuple[Alternatives, ...]:
        """Return the phrases that have a term."""
        return tuple(dict.fromkeys(phrase for phrase in map(self.phrase, texts[:MAX_TERMS]) if phrase))

    def phrase(self, text: str) -> Alternatives:
        """Return a phrase in each language, without repetition."""
        return tuple(dict.fromkeys(filter(None, (_phrase(text, language) for language in self.languages))))

    def _compound(self, text: str) -> Iterator[str]:
        if len(text) < LEAST or not self._compounding:
            return
        for language in self.languages:

            def known(part: str, language: str = language) -> bool:
                return any(self._knows(term.text) for term in terms(part, language))

            split = splitter_by(language, known)
            for part in split.split(fold(text, language)) if split else ():
                yield from (term.text for term in terms(part, language))


def _phrase(text: str, language: str) -> Phrase:
    found = terms(text[:MOST_CHARACTERS], language)[:MAX_TERMS]
    return tuple(Term(term.position - found[0].position, term.text) for term in found)


def _replaces(spelling: Spelling) -> bool:
    """Return whether the spelling stands for the whole: "C++" is no "C", and "U.S." not "U" and "S"."""
    single = sum(map(str.isalpha, spelling.word)) == 1
    return spelling.kind in ("number", "initials") or (spelling.kind == "symbol" and single)


def _is_identifier(word: str) -> bool:
    return bool(_IDENTIFIER.search(word) or ("-" in word and _DIGIT.search(word)))


def _regrouped(words: Sequence[str]) -> Iterable[str]:
    """Return the words, the groups of a number such as "1 000 000" as one."""
    if not any(len(word) == 3 and word.isdecimal() for word in words):
        return words
    text = " ".join(words)
    for number in spaced_numbers(text):
        text = text.replace(number, number.replace(" ", ","))
    return text.split()


def _ordered(words: Sequence[str], languages: Sequence[str]) -> Sequence[str]:
    """Return the languages, first the one that most stop words of the query are of."""
    if len(languages) < 2:
        return languages
    counts: Counter[str] = Counter()
    for language in languages:
        for word in words[:MAX_TERMS]:
            found = terms(word[:MAX_TERMS], language, singles=False)
            counts[language] += len(found) - len(without_stop_words(word[:MAX_TERMS], found, language))
    return sorted(languages, key=lambda language: -counts[language])
