"""The text of a query, taken apart: words, ``"phrases"``, ``-exclusions`` and ``-"excluded phrases"``.

There is no other syntax and there are no errors. What does not fit the pattern is taken literally: a quote that is
never closed, a quote inside a word (``5"``), a hyphen inside a word (``well-known``), ``-`` alone, and exclusions when
there is nothing else to look for. A word behind a hyphen is an exclusion only where nothing speaks for a pasted
command, flag or number: ``rm -rf build``, ``gcc -O2``, ``go test -race``, ``-40 degrees`` are looked for as they stand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .command_line import is_command_line

_QUOTES = ('""', "\uff02\uff02", "“”“", "””", "„“”‟", "‟”", "«»", "»«")
_CLOSING = {quotes[0]: re.compile(f"[{quotes[1:]}]") for quotes in _QUOTES}
"""What closes a phrase, by the character that opened it."""

_EXCLUDED = re.compile(r"-[^\W\d_]{3,}(?:['’-][^\W\d_]+)*")
_VOWEL = re.compile(r"[aeiouy]", re.IGNORECASE)
_ACRONYM = re.compile(r"-[A-Z]{2,}\b")
_FUNCTION_WORDS = "about and are but for from has have into its not one that the their then this was with you your"
_NEVER_EXCLUDED = frozenset(_FUNCTION_WORDS.split())

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_HYPHEN = re.compile(r"\s-")
_BLANK = re.compile(r"\s*")
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """A query text and its pieces."""

    words: tuple[str, ...]
    """As typed between blanks, punctuation included, repeated where repeated."""
    phrases: tuple[str, ...]
    exclusions: tuple[str, ...]
    """Words and phrases."""
    dense_text: str
    """Words and phrases in their order, without quotes and exclusions: what the encoder reads."""
    presumed: tuple[str, ...] = ()
    """Those of ``exclusions`` that may have been meant as they stand: words behind a bare hyphen."""


def parse_query(text: str) -> ParsedQuery:
    """Take ``text`` apart; every text has a meaning."""
    hyphen = text.startswith("-") or _HYPHEN.search(text) is not None
    pieces = _pieces(text, hyphen and _has_no_exclusions(text))
    if not any(_says_something(piece) for piece, _, excluded in pieces if not excluded):
        pieces = [(word, False, False) for word in text.split()]
    return ParsedQuery(
        words=tuple(piece for piece, phrase, excluded in pieces if not phrase and not excluded),
        phrases=tuple(piece for piece, phrase, excluded in pieces if phrase and not excluded),
        exclusions=tuple(piece for piece, _, excluded in pieces if excluded),
        dense_text=" ".join(piece for piece, _, excluded in pieces if not excluded),
        presumed=tuple(piece for piece, phrase, excluded in pieces if excluded and not phrase),
    )


def whole_characters(text: str) -> str:
    """Return ``text`` with U+FFFD for halves of characters and bytes that were no UTF-8: no encoder reads those."""
    return text if text.isascii() else _LONE_SURROGATE.sub("\ufffd", text)


def _has_no_exclusions(text: str) -> bool:
    """Return whether a text is a command line, or prose with dashes -like these- around words."""
    return is_command_line(text) or any(len(word) > 1 and word.endswith("-") for word in text.split())


def _is_exclusion(word: str) -> bool:
    """Return whether a word with a hyphen before it reads as an exclusion: ``-draft``, not ``-rf`` or ``-EINVAL``."""
    if not _EXCLUDED.fullmatch(word) or _ACRONYM.match(word) or word[1:].lower() in _NEVER_EXCLUDED:
        return False
    return not word.isascii() or _VOWEL.search(word) is not None


def _pieces(text: str, literally: bool) -> list[tuple[str, bool, bool]]:
    """Return each word or phrase in its order, whether it is a phrase, and whether it is excluded.

    ``literally``: a hyphen excludes phrases in quotes, and no words.
    """
    pieces: list[tuple[str, bool, bool]] = []
    never_closed: set[str] = set()
    at = _skip(_BLANK, text, 0)
    while at < len(text):
        excluded = text[at] == "-"
        start = at + excluded
        end = _closing_quote(text, start, never_closed)
        if end is not None:
            phrase = text[start + 1 : end].strip()
            if _says_something(phrase):
                pieces.append((phrase, True, excluded))
            at = end + 1
        else:
            end = _skip(_WORD, text, at)
            excluded = excluded and not literally and _is_exclusion(text[at:end])
            pieces.append((text[start if excluded else at : end], False, excluded))
            at = end
        at = _skip(_BLANK, text, at)
    return pieces


def _skip(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def _closing_quote(text: str, start: int, never_closed: set[str]) -> int | None:
    """Return where the phrase that opens at ``start`` ends, if one opens there and is closed."""
    opening = text[start : start + 1]
    if opening not in _CLOSING or opening in never_closed:
        return None
    closing = _CLOSING[opening].search(text, start + 1)
    if closing is None:
        never_closed.add(opening)  # nor will any later one be: keeps a megabyte of quotes linear
        return None
    return closing.start()


def _says_something(text: str) -> bool:
    return any(character.isalnum() for character in text)
