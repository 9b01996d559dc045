"""Texts cut into pieces, and pieces gathered into batches, so that tokenizing takes bounded memory."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

SEGMENT_CHARACTERS = 65_536
"""Longer texts are cut before they are tokenized: the tokenizer's own memory grows with the longest text."""
BATCH_CHARACTERS = 1_000_000
"""Text that is tokenized at once, on every core; about 40 MB of encodings."""

_PLAIN_BLANK = re.compile(r"[\n \t\r]")


class TextPiece(NamedTuple):
    """A piece of one of many texts."""

    text_index: int
    base: int
    """Offset of the piece in its text."""
    text: str


def segments(texts: Iterable[str], *, whole_words: bool = False) -> Iterator[TextPiece]:
    """Yield the texts in pieces of at most ``SEGMENT_CHARACTERS`` that begin at plain white space.

    Where there is none, a piece ends inside a word; with ``whole_words`` it goes on to the next white space instead.
    Of an empty text there is no piece.
    """
    for index, text in enumerate(texts):
        if len(text) <= SEGMENT_CHARACTERS:
            if text:
                yield TextPiece(index, 0, text)
            continue
        start = 0
        while start < len(text):
            cut = _cut(text, start, start + SEGMENT_CHARACTERS, whole_words=whole_words)
            yield TextPiece(index, start, text[start:cut])
            start = cut


def _cut(text: str, start: int, end: int, *, whole_words: bool) -> int:
    """Return where the segment from ``start`` ends: before the last line break or blank, else at ``end``."""
    if end >= len(text):
        return len(text)
    for separator in ("\n", " ", "\t", "\r"):
        # Before the blank, not after: tokenizers that mark words with a leading space need it in front of its word.
        found = text.rfind(separator, start + 1, end)
        if found > 0:
            return found
    if not whole_words:
        return end
    blank = _PLAIN_BLANK.search(text, end)
    return blank.start() if blank else len(text)


def batches(pieces: Iterable[TextPiece]) -> Iterator[list[TextPiece]]:
    """Yield the pieces in order, in lists of about ``BATCH_CHARACTERS``."""
    batch: list[TextPiece] = []
    characters = 0
    for piece in pieces:
        batch.append(piece)
        characters += len(piece.text)
        if characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def text_batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield whole texts in order, in runs of about ``BATCH_CHARACTERS``."""
    start = characters = 0
    for index, text in enumerate(texts):
        characters += len(text)
        if characters >= BATCH_CHARACTERS:
            yield texts[start : index + 1]
            start, characters = index + 1, 0
    if start < len(texts):
        yield texts[start:] if start else texts
