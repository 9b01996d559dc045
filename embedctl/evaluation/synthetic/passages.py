"""Sentences of a text, as pieces of it that can be taken out again, and the words of a text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...arms.bm25.analysis import SPACELESS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...config.measuring import SyntheticConfig

_WORD = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*")
_END = re.compile(
    r"[.!?…]+[\"'”’»)\]]*\s+|[。！？｡؟۔।॥]+[」』”’）】»]*\s*|\n\s*\n|\n(?=\s*(?:[-*+•>|#]|\d+[.)])\s)|\s{2,}"
)
"""Marks before a blank, empty lines, the beginnings of list items, and two blanks on end."""
_LINE = re.compile(r"\n")
_EDGE = " \t\r\n-*+•>|#/;:,.`_=~\"'()[]{}<"
_SPACELESS = re.compile(f"[{SPACELESS}]")
_LEAST_LETTERS = 0.8
"""Share of letters and blanks in what reads like a sentence: code and tables have more of other things."""


def words(text: str) -> list[str]:
    """Return the words of a text; a number is one, and so is an identifier's part."""
    return _WORD.findall(text)


def length(text: str) -> int:
    """Return how many words a text has; of scripts without spaces, two characters are one."""
    spaceless = len(_SPACELESS.findall(text))
    return len(words(_SPACELESS.sub(" ", text) if spaceless else text)) + spaceless // 2


def is_spaceless(text: str) -> bool:
    """Return whether a text has characters of a script that puts no spaces between words."""
    return bool(_SPACELESS.search(text))


def sentences(text: str, prose: bool, config: SyntheticConfig) -> list[str]:
    """Return the sentences of ``text``, each as it stands there, ``least_words`` to ``most_words`` long.

    Of a longer one, and of text that has no sentences, stretches of ``most_words``. ``prose``: lines may be wrapped; in
    code every line is looked at by itself, so that comments are found.
    """
    return [
        stretch
        for piece in (_END if prose else _LINE).split(text)
        for stretch in _stretches(piece.strip(_EDGE), config.most_words)
        if length(stretch) >= config.least_words and _reads_like_prose(stretch)
    ]


def _stretches(piece: str, most: int) -> Iterator[str]:
    """Yield the whole piece, or as many stretches of about equal length as keep each to ``most`` words."""
    found = list(_WORD.finditer(piece))
    if is_spaceless(piece):
        count = -(-length(piece) // most)
        size = -(-len(piece) // max(count, 1))
        yield from (piece[at : at + size] for at in range(0, len(piece), max(size, 1)))
        return
    count = -(-len(found) // most)
    if count <= 1:
        yield piece
        return
    size = -(-len(found) // count)
    for at in range(0, len(found), size):
        last = found[min(at + size, len(found)) - 1]
        yield piece[found[at].start() : last.end()]


def _reads_like_prose(text: str) -> bool:
    letters = sum(character.isalpha() or character.isspace() for character in text)
    return letters >= _LEAST_LETTERS * len(text)
