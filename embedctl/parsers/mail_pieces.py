"""Stretches of a mail's text as they are sent: HTML, and lines that the sender broke."""

from __future__ import annotations

import html
import re
from typing import NamedTuple

_WORD = re.compile(r"\w+")
_TAG = re.compile(r"<[^<>]*>")
_UUENCODED = re.compile(r"^begin [0-7]{3,4} ([^\n]+)\n(?:[!-`][ -`]*\n)*[` ]?\n?end[ \t]*$", re.MULTILINE)
_UNSEEN = (("<!--", "-->"), ("<style", "</style"), ("<script", "</script"), ("<title", "</title"))


class Piece(NamedTuple):
    """A stretch of a mail's text."""

    text: str
    kind: str
    """``plain``, ``html``, ``calendar`` or ``headers``."""

    @property
    def words(self) -> set[str]:
        """Return the words that a reader sees, in lower case."""
        return set(_WORD.findall((visible(self.text) if self.kind == "html" else self.text).lower()))


def visible(source: str) -> str:
    """Return the text of HTML without tags, scripts and styles."""
    for begin, end in _UNSEEN:
        source = _without(source, begin, end)
    return html.unescape(_TAG.sub(" ", source))


def without_uuencoded(text: str) -> tuple[str, list[tuple[str, str]]]:
    """Return plain text without the files that are uuencoded in it, and their names and lines."""
    if "\nend" not in text:
        return text, []
    text = text.replace("\r\n", "\n")
    return _UUENCODED.sub("", text), [(match[1].strip(), match[0]) for match in _UUENCODED.finditer(text)]


def unflowed(text: str, glued: bool) -> str:
    """Join lines that a sender broke (RFC 3676); ``glued``: without the space at their ends."""
    joined: list[str] = []
    is_open, depth = False, 0
    for line in text.replace("\r\n", "\n").split("\n"):
        bare = line.lstrip(">")
        quoted = len(line) - len(bare)
        bare = bare.removeprefix(" ")
        if is_open and quoted == depth and bare != "-- ":
            joined[-1] += bare
        else:
            joined.append(f"{'>' * quoted} {bare}" if quoted else bare)
        is_open, depth = bare.endswith(" ") and bare != "-- ", quoted
        if is_open and glued:
            joined[-1] = joined[-1].removesuffix(" ")
    return "\n".join(joined)


def _without(source: str, begin: str, end: str) -> str:
    """Return a page without what is between two marks; without the rest where the second is missing."""
    lowered = source.lower()
    if len(lowered) != len(source) or begin not in lowered:
        return source
    kept, at = [], 0
    while (found := lowered.find(begin, at)) >= 0:
        kept.append(source[at:found])
        closed = lowered.find(end, found)
        if closed < 0:
            return " ".join(kept)
        at = closed + len(end)
    return " ".join((*kept, source[at:]))
