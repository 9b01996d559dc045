"""Pieces that the converting parsers share: clean text, Markdown tables, pages and titles."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import EmbedctlError, ParseError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

TITLE_REACH = 65_536
"""A heading further than this into a text is not the document's title."""
TITLE_LENGTH = 1_000
"""A heading longer than this is cut: it is a paragraph with a mistake in it."""

_UNWANTED = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\u00ad\ud800-\udfff\ufffe\uffff]")
_NEWLINES = re.compile("\r\n|[\r\x0c\u2028\u2029\x85]")
_BLANKS = re.compile(r"\n[ \t]*(?:\n[ \t]*){2,}")
_HEADING = re.compile(
    r"""^[ ]{0,3}(?:
        \#[ \t]+(?P<atx>[^\r\n]*)
      | (?P<fence>`{3,}|~{3,})
      | (?P<setext>[^\s>\#|<=`~*+-][^\r\n]*)\r?\n[ ]{0,3}=+[ \t]*\r?$
    )""",
    re.MULTILINE | re.VERBOSE,
)
_LINK = re.compile(r"!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])")
_WIKI_LINK = re.compile(r"!?\[\[(?:[^\[\]|]*\|)?([^\[\]|]*)\]\]")
_CLOSING = re.compile(r"(?:[ \t]+#+|[ \t]*\{[^}]*\})[ \t]*$")
_EMPHASIS = re.compile(r"(\*\*|__|`|(?<!\w)[*_]|[*_](?!\w))")


@contextmanager
def failing_as(reason: str) -> Iterator[None]:
    """Raise ParseError for whatever a format's library raises: its own errors, and those of the libraries below it."""
    try:
        yield
    except (EmbedctlError, MemoryError):
        raise
    except Exception as error:
        raise ParseError(reason) from error


def clean(text: str) -> str:
    """Return ``text`` with Unix line ends and without control characters, lone surrogates and soft hyphens."""
    return _UNWANTED.sub("", _NEWLINES.sub("\n", text))


def tidy(text: str) -> str:
    """Return cleaned ``text`` without blank ends and with at most one blank line in a row."""
    return _BLANKS.sub("\n\n", clean(text)).strip()


def one_line(text: str) -> str:
    """Return cleaned ``text`` with every run of white space as one space."""
    return " ".join(clean(text).split())


def required(text: str, reason: str = "empty file") -> str:
    """Return ``text``.

    Raises:
        UnsupportedError: it is blank; the message is ``reason``.
    """
    if not text or text.isspace():
        raise UnsupportedError(reason)
    return text


def table(rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; the first row is its head, short rows are filled up."""
    cells = [[one_line(cell).replace("|", "\\|") for cell in row] for row in rows]
    cells = [row for row in cells if any(row)]
    if not cells:
        return ""
    width = max(map(len, cells))
    lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in cells]
    lines.insert(1, "|" + " --- |" * width)
    return "\n".join(lines)


def join_pages(pages: Sequence[str]) -> tuple[str, tuple[int, ...]]:
    """Return the pages as one text, a blank line between them, and the offset at which each begins."""
    offsets: list[int] = []
    position = 0
    for page in pages:
        offsets.append(position)
        position += len(page) + 2
    return "\n\n".join(pages), tuple(offsets)


def first_heading(markdown: str, start: int = 0) -> str | None:
    """Return the text of the first level-1 heading, outside fenced code, near the beginning."""
    reach = markdown[start : start + TITLE_REACH]
    fence = ""
    for match in _HEADING.finditer(reach):
        if mark := match["fence"]:
            if not fence:
                fence = mark
            elif mark.startswith(fence):
                fence = ""
        elif not fence and (title := plain(match["atx"] or match["setext"] or "")):
            return title
    return None


def plain(inline: str) -> str:
    """Return one line of Markdown without link targets, emphasis, code marks and closing hashes."""
    text = _CLOSING.sub("", inline[:TITLE_LENGTH].strip())
    text = _WIKI_LINK.sub(r"\1", _LINK.sub(r"\1", text))
    return one_line(_EMPHASIS.sub("", text))
