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
_NUMBER = r"(?:(?:[^\W\d_]{1,10}[ \t]+)?[\dA-Z]{1,4}(?:\.\d{1,4})*[.:)]?\s+)?"
"""A section's number, which outlines often leave out: ``2.1``, ``Chapter 3``."""


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
    pieces, last = [], 0
    for heading in titles:
        words = r"\s+".join(map(re.escape, heading.title.split()))
        place = re.compile(rf"^[ \t]*({_NUMBER}{words})[ \t.:]*$", re.MULTILINE | re.IGNORECASE).search(text, last)
        if place:
            pieces.append(_plain(text[last : place.start()]))
        title = one_line(place[1]) if place else heading.title
        pieces.append(f"{'#' * heading.level} {title}")
        last = place.end() if place else last
    pieces.append(_plain(text[last:]))
    return "\n\n".join(piece for piece in pieces if piece)


def _plain(text: str) -> str:
    """Return text whose lines Markdown takes for nothing but text."""
    return _MISREAD.sub("    ", text.strip("\n"))
