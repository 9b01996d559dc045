"""Passages of a document: sentences that queries are made of, and their removal from everything that is searched."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...arms.bm25.analysis import SPACELESS
from ...chunkers.context import SEPARATOR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...config.measuring import SyntheticConfig
    from .sampled_documents import SampledChunk, SampledDocument

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
    if _SPACELESS.search(piece):
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


@dataclass(frozen=True, slots=True)
class ReducedDocument:
    """A document without what a query was copied from."""

    changed: tuple[int, ...]
    """Labels of the chunks that had it, ascending: none of them may answer."""
    reduced: tuple[SampledChunk, ...]
    """Chunks that may answer in their place, in order; none for a chunk of which nothing is left."""
    title: str
    path: str
    left: int
    """Words that the document still has."""


def hold_out(document: SampledDocument, passage: str, most: int) -> ReducedDocument:
    """Take ``passage`` out of all chunks of a document, wherever it stands, whatever its case and line breaks.

    A path that has all of its words is left out as well: names of files are often made of titles. Of more than ``most``
    reduced chunks the first ones are kept; the others may not answer either.
    """
    pattern = _pattern(passage)
    title = pattern.sub(" ", document.title).strip()
    named = _words(passage)
    path = "" if named and named <= _words(document.path) else document.path
    changed: list[int] = []
    reduced: list[SampledChunk] = []
    left = 0
    for chunk in document.chunks:
        text = pattern.sub(" ", chunk.text)
        headings = tuple(kept for heading in chunk.heading if (kept := pattern.sub(" ", heading).strip()))
        left += length(text)
        if (text, title, headings) == (chunk.text, document.title, chunk.heading):
            continue
        changed.append(chunk.label)
        if text.strip() and len(reduced) < most:
            context = _without(chunk.context, pattern)
            reduced.append(replace(chunk, text=text, heading=headings, context=context))
    return ReducedDocument(tuple(changed), tuple(reduced), title, path, left)


def _pattern(passage: str) -> re.Pattern[str]:
    """Return what matches the passage where it stands as words; scripts without spaces have none."""
    words = " ".join(passage.split())
    before, after = (r"\b" if edge.isalnum() and not _SPACELESS.search(edge) else "" for edge in (words[0], words[-1]))
    return re.compile(before + r"\s+".join(map(re.escape, passage.split())) + after, re.IGNORECASE)


def _without(context: str, pattern: re.Pattern[str]) -> str:
    levels = [pattern.sub(" ", level).strip() for level in context.rstrip("\n").split(SEPARATOR)]
    line = SEPARATOR.join(level for level in levels if level)
    return f"{line}\n" if line else ""


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W_]+", text.casefold()))
