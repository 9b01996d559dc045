"""The outline of running text: paragraphs, or lines where there are no paragraphs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..outline import BLOCK_FILL, LINE_FILL, Deferred, Level, Outline
from .blocks import with_newlines
from .prose import WRAPPED_WIDTH
from .tables import Table, header_of, under_headers

if TYPE_CHECKING:
    from ..records import Document

_PARAGRAPH = re.compile(r"(?:\n|\r)[ \t]*(?:\r?\n|\r)(?:[ \t]*(?:\n|\r))*")
_LINE = re.compile(r"[^\r\n]+")
_CELLS = re.compile(r"[,;\t|]")
_NEWLINE = re.compile(r"\r\n|\n|\r")
SPARSE_CHARACTERS = 8_000
"""Text with fewer blank lines than one in so many characters may be a list of lines: a log, or a paragraph a line."""
SAMPLE_LINES = 100


def recursive_outline(document: Document) -> Outline:
    """Return paragraphs as boundaries, pages above them, and every line where lines are what the text is made of."""
    return Outline(Deferred(lambda: _levels(document.text, document.body_start))).with_pages(document.pages)


def delimited_outline(document: Document) -> Outline:
    """Return the lines of a sheet as boundaries, its first line as the heading of those that begin below it."""
    text, start = document.text, document.body_start
    first = next((line for line in _LINE.finditer(text, start) if not line[0].lower().startswith("sep=")), None)
    if first is None:
        return recursive_outline(document)
    cells = _CELLS.split(first[0])
    table = Table(first.start(), len(text), header_of([cell.strip(' "') for cell in cells]) if len(cells) > 1 else "")
    return under_headers(recursive_outline(document), [table])


def window_outline(_document: Document) -> Outline:
    """Return no structure: fill every chunk, then go back to the last word; ``overlap`` lets neighbours share text."""
    return Outline(prose=False)


def _levels(text: str, start: int) -> tuple[Level, ...]:
    paragraphs = [match.end() for match in _PARAGRAPH.finditer(text, start)]
    # What is indented continues the paragraph before it: an example, a formula, a quotation.
    at_margin = [start for start in paragraphs if text[start : start + 1] not in (" ", "\t")]
    levels = [Level(at_margin, BLOCK_FILL), Level(paragraphs, LINE_FILL)]
    if len(paragraphs) * SPARSE_CHARACTERS < len(text) - start and not _wrapped(text, start):
        lines = [start, *(match.end() for match in _NEWLINE.finditer(text, start))]
        levels.append(Level(lines, LINE_FILL, ends=[*lines[1:], len(text)]))
    return tuple(levels)


def _wrapped(text: str, start: int) -> bool:
    """Return whether many of the first lines end only because the next word, in lower case, found no room."""
    sample = with_newlines(text[start : start + SAMPLE_LINES * WRAPPED_WIDTH])
    lines = [line for line in sample.split("\n")[:SAMPLE_LINES] if line.strip()]
    width = max(map(len, lines), default=0)
    words = (line.split(None, 1)[0] for line in lines[1:])
    full = sum(
        word[0].islower() and len(line) + 1 + len(word) > width for line, word in zip(lines, words, strict=False)
    )
    return width <= WRAPPED_WIDTH and 3 * full > len(lines)
