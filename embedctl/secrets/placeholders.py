"""Values in the place of a secret that are not one: placeholders, references, words."""

from __future__ import annotations

import re
import string

_MARKS = ("<", ">", "{{", "${", "$(", "%(", "...", "\u2026", "***", "\u2588")
_SAYS_SO = re.compile(r"example|placeholder|change.?me|change.?it|redacted|dummy|your|xxxx|lorem", re.IGNORECASE)
_FILLERS = re.compile(
    r"pass(?:word|wd|phrase)?|pwd|secret|token|api|keys?|access|private|auth|client|insert|replace|here|value|string"
    r"|sample|hidden|fake|test|demo|todo|none|null|undefined|user(?:name)?|admin|root|guest|default|postgres|mysql"
    r"|foo|bar|baz|some|this|the|and|for|my|db|abc|qwerty",
    re.IGNORECASE,
)
_LEAST_LEFT = 6
"""Letters and digits that a secret has besides such words."""
_FEWEST_DISTINCT = 5
_SEQUENCES = (
    string.ascii_lowercase + string.digits + string.ascii_lowercase,
    string.digits + string.ascii_lowercase,
    string.digits * 3,
    (string.digits[1:] + "0") * 3,
    "0123456789abcdef" * 4,
    "1234567890abcdefghijklmnopqrstuvwxyz" * 2,
)
_PATH = re.compile(r"[./~@]|[A-Za-z]:[\\/]|\w+(?:/[\w.-]+)*\.(?:\w{1,5})$|\w+://")
_NAME = re.compile(r"(?:[A-Z]?[a-z]+|[A-Z]+)(?:[A-Z][a-z]{2,})*\d{0,3}")
"""A word of code: humps of camelCase are longer than those of random letters, and digits stand at its end."""
_WORD = re.compile(r"[A-Za-z]+|[A-Za-z]*\d{1,2}|\d{1,4}|v\d+")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def is_placeholder(value: str) -> bool:
    """Return whether a value shows where a secret would stand: marks of a template, words that say so, a sequence."""
    lower = value.lower()
    return (
        any(mark in value for mark in _MARKS)
        or value[0] in "$%"
        or len(set(lower)) < _FEWEST_DISTINCT
        or _SAYS_SO.search(value) is not None
        or sum(map(str.isalnum, _FILLERS.sub("", value))) < _LEAST_LEFT
        or any(lower in sequence for sequence in _SEQUENCES)
    )


def is_dummy_token(token: str) -> bool:
    """Return whether a token of a fixed format is an example: named so, one letter over and over, or the alphabet."""
    lower = max(re.split(r"[_.-]", token.lower()), key=len)
    return (
        "example" in token.lower()
        or len(set(lower)) < _FEWEST_DISTINCT
        or any(lower in sequence for sequence in _SEQUENCES)
    )


def is_word_like(value: str, *, quoted: bool) -> bool:
    """Return whether an assigned value is a word, a name, a path or an identifier, and not chosen at random.

    A secret has letters and digits; without quotes around it, they have to be mixed more than in ``version-2``.
    """
    if not (any(map(str.isdigit, value)) and any(map(str.isalpha, value))):
        return True
    if _PATH.match(value) or _UUID.fullmatch(value):
        return True
    pieces = [piece for piece in re.split(r"[^A-Za-z0-9]+", value) if piece]
    if len(pieces) > 1 and all(_WORD.fullmatch(piece) for piece in pieces):
        return True  # words and numbers: us-east-1, text-embedding-3, model.layers.11
    if quoted:
        return False
    return all(_NAME.fullmatch(piece) for piece in pieces)
