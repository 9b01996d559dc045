"""Which words of a hit to highlight."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_PIECE = 1_000
"""Characters of a word or phrase that are looked at."""

_FILLERS = """
a an and are as at be by can could did do does for from had has have how i if in is it its me my of on or our should so
than that the their then there these they this to was we were what when where which who why will with would you your
"""
FILLERS = frozenset(_FILLERS.split())
"""English words that say little about where to look; searched like any other, and not highlighted."""


def word_matcher(text: str, language: str) -> Callable[[str], bool]:
    """Return a function that tells whether a word is one that the query ``text`` asks for, up to its inflection."""
    from ..retrievers.analysis import terms
    from ..search.querytext import parse_query

    query = parse_query(text)
    telling = [word for word in query.words if word.strip("?!.,;:").casefold() not in FILLERS]
    pieces = (telling or query.words, query.phrases)
    sought = {term.text for words in pieces for word in words for term in terms(word[:LONGEST_PIECE], language)}
    return lambda word: any(term.text in sought for term in terms(word, language))
