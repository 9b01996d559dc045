"""The outline of a PDF as headings in its text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from ..markup import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_HEADINGS = 20_000
_LONGEST_TITLE = 300
_DEEPEST = 6
_MISREAD = re.compile(r"^ {0,3}(?=#{1,6}(?:[ \t]|$)|```|~~~|<[!?/A-Za-z]|(?:=+|-+)[ \t]*$|\[[^\]]+\]:)", re.MULTILINE)
"""Beginnings of lines that Markdown takes for more than text."""
_NUMBER = re.compile(r"(?:[^\W\d_]{1,10} )?[\da-z]{1,4}(?:\.\d{1,4})*[.:)]? ")
"""A section's number, which outlines often leave out, in lower case: ``2.1``, ``chapter 3``."""
_MOST_LINES = 3
"""Of a title on its page."""


class Heading(NamedTuple):
    """An entry of the outline."""

    title: str
    level: int
    """From 1."""
    page: int
    """From 0."""


def headings(document: Any) -> list[Heading]:
    """Return the entries that lead to a page, in the order of the outline."""
    found: list[Heading] = []
    for number, mark in enumerate(document.get_toc(max_depth=_DEEPEST)):
        if number >= MOST_HEADINGS:
            break
        target = mark.get_dest()
        page = None if target is None else target.get_index()
        title = one_line(mark.get_title())[:_LONGEST_TITLE]
        if title and page is not None:
            found.append(Heading(title, mark.level + 1, page))
    return found


def with_headings(pages: Sequence[str], outline: Iterable[Heading]) -> list[str]:
    """Return the pages as Markdown: each title is a heading where it stands, else at the top of its page."""
    by_page: dict[int, list[Heading]] = {}
    for heading in outline:
        by_page.setdefault(heading.page, []).append(heading)
    return [_page(text, by_page.get(number, ())) for number, text in enumerate(pages)]


def _page(text: str, titles: Sequence[Heading]) -> str:
    if not titles:
        return _plain(text)
    lines = text.split("\n")
    keys, pieces, last = [_key(line) for line in lines], [], 0
    for heading in titles:
        start, end = _place(keys, _key(heading.title), last)
        pieces.append(_plain("\n".join(lines[last:start])))
        title = one_line("\n".join(lines[start:end])) or heading.title
        pieces.append(f"{'#' * heading.level} {title}")
        last = end
    pieces.append(_plain("\n".join(lines[last:])))
    return "\n\n".join(piece for piece in pieces if piece)


def _key(line: str) -> str:
    """Return what a title and its line have in common."""
    return " ".join(line.split()).rstrip(" .:").casefold()


def _place(keys: Sequence[str], title: str, start: int) -> tuple[int, int]:
    """Return the first line of a title and the line behind it, from ``start`` on; ``(start, start)``: nowhere."""
    for first in range(start, len(keys)):
        joined = ""
        for end in range(first, min(first + _MOST_LINES, len(keys))):
            joined = f"{joined} {keys[end]}" if joined else keys[end]
            if joined == title or (joined.endswith(f" {title}") and _NUMBER.fullmatch(joined[: -len(title)])):
                return first, end + 1
            if not joined or not (title.startswith(joined) or _NUMBER.match(f"{joined} ")):
                break
    return start, start


def _plain(text: str) -> str:
    """Return text whose lines Markdown takes for nothing but text."""
    return _MISREAD.sub("    ", text.strip("\n"))
