"""Which words of a query are worth highlighting."""

from __future__ import annotations

_FILLERS = """
a an and are as at be by can could did do does for from had has have how i if in is it its me my of on or our should so
than that the their then there these they this to was we were what when where which who why will with would you your
"""
FILLERS = frozenset(_FILLERS.split())
"""English words that say little about where to look; searched like any other, and not highlighted."""


def telling(text: str) -> str:
    """Return the query ``text`` without exclusions and fillers, unless fillers are all that it asks for."""
    from ..query.parse import parse_query

    query = parse_query(text)
    words = [word for word in query.words if word.strip("?!.,;:").casefold() not in FILLERS]
    phrases = [f'"{phrase.replace(chr(34), " ")}"' for phrase in query.phrases]
    return " ".join([*phrases, *words]) or text
