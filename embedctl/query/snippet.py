"""The part of a text that shows best why it was found."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from ..arms.bm25.analysis import SPACELESS
from ..arms.bm25.folding import LEFT_OUT
from ..records import Span

if TYPE_CHECKING:
    from collections.abc import Callable

ELLIPSIS = "…"

_SPACELESS = re.compile(f"[{SPACELESS}]")
_LETTER = rf"(?:(?![{SPACELESS}])[^\W_]|(?<=\w)[{LEFT_OUT}](?=\w))"
_WORD = re.compile(
    rf"[{SPACELESS}]|(?<![^\W_])[0-9]{{1,3}}(?:[,.'\u00a0\u2009\u202f][0-9]{{3}})+(?![^\W_])"  # 1,000,000
    rf"|(?<![^\W_])[A-Za-z](?:\+\+|[#+](?!\w))|{_LETTER}+(?:\+\+)?"  # C#, C++, libstdc++
)


def snippet(text: str, is_match: Callable[[str], bool], width: int) -> tuple[str, list[Span]]:
    """Return the window of about ``width`` characters with the most distinct matching words, and where they lie in it.

    Of equal windows the one with more matches wins, then the earlier one; without a match it is the beginning. Words
    are not cut, unless one is wider than the window; the text is otherwise given as it is, line breaks included, with
    ``ELLIPSIS`` where it goes on. Spans of words ascend and do not touch.
    """
    matches = _matches(text, is_match)
    begin, end = _window(matches, width)
    start, stop = _cut(text, begin, end, width)
    start += len(text[start:stop]) - len(text[start:stop].lstrip())
    stop = start + len(text[start:stop].rstrip())
    head = ELLIPSIS if text[:start].strip() else ""
    tail = ELLIPSIS if text[stop:].strip() else ""
    shift = len(head) - start
    highlights: list[Span] = []
    for match in matches:
        if match.start() >= start and match.end() <= stop:
            span = Span(match.start() + shift, match.end() + shift)
            if highlights and highlights[-1].end == span.start:
                span = Span(highlights.pop().start, span.end)
            highlights.append(span)
    return head + text[start:stop] + tail, highlights


def _matches(text: str, is_match: Callable[[str], bool]) -> list[re.Match[str]]:
    known: dict[str, bool] = {}
    matches = []
    for word in _WORD.finditer(text):
        key = word[0].casefold()
        if key not in known:
            known[key] = is_match(word[0])
        if known[key]:
            matches.append(word)
    return matches


def _window(matches: list[re.Match[str]], width: int) -> tuple[int, int]:
    """Return the span from the first to the last match of the best window."""
    best, span = (0, 0), (0, 0)
    inside: Counter[str] = Counter()
    left = 0
    for right, match in enumerate(matches):
        inside[match[0].casefold()] += 1
        while matches[left].start() < match.end() - width and left < right:
            leaving = matches[left][0].casefold()
            inside[leaving] -= 1
            if not inside[leaving]:
                del inside[leaving]
            left += 1
        value = (len(inside), right - left + 1)
        if value > best:
            best, span = value, (matches[left].start(), match.end())
    return span


def _cut(text: str, begin: int, end: int, width: int) -> tuple[int, int]:
    """Widen ``[begin, end)`` to ``width`` on both sides, then draw back to the nearest word boundaries."""
    room = max(0, width - (end - begin))
    start = max(0, min(begin - room // 2, len(text) - width))
    stop = min(len(text), max(end, start + width))
    while start < begin and not _may_cut(text, start):
        start += 1
    edge = stop
    while edge > end and not _may_cut(text, edge):
        edge -= 1
    return start, edge if edge > start else stop


def _may_cut(text: str, at: int) -> bool:
    if at in (0, len(text)) or text[at - 1].isspace() or text[at].isspace():
        return True
    return bool(_SPACELESS.match(text, at - 1) or _SPACELESS.match(text, at))
