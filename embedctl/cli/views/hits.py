"""Hits on a terminal: place, heading, the words around the match, and the scores."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...query.parse import parse_query
from ...query.snippet import snippet
from ..screen import harmless, one_line
from ..styled import StyledText, beside
from .shown import heading_path, place

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...query.answer import Answer
    from ...records import Hit, Span
    from ..screen import Screen

SNIPPET_LINES = 3
INDENT = "    "
NARROWEST = 20

_CODE = re.compile(r"text/x-(?!rst)|text/(css|javascript)|application/(json|yaml|toml|sql|graphql|xml)|text/csv")
_HEADING_MARK = re.compile(r"^#{1,6} ", re.MULTILINE)
_FULL = 1 << 40
_FILLERS = """
a an and are as at be by can could did do does for from had has have how i if in is it its me my of on or our should so
than that the their then there these they this to was we were what when where which who why will with would you your
"""
FILLERS = frozenset(_FILLERS.split())
"""English words that say little about where to look; searched like any other, and not highlighted."""


def render_hits(answer: Answer, is_match: Callable[[str], bool], screen: Screen, full: bool = False) -> str:
    """Return the answer for people; ``full`` shows whole chunks."""
    lines: list[StyledText] = []
    for hit in answer.hits:
        if lines:
            lines.append(StyledText(""))
        lines += [_header(hit, screen), *_body(hit, is_match, screen, full), _footer(hit)]
    return screen.render(lines)


def telling(text: str) -> str:
    """Return the query ``text`` without exclusions and fillers, unless fillers are all that it asks for."""
    query = parse_query(text)
    words = [word for word in query.words if word.strip("?!.,;:").casefold() not in FILLERS]
    phrases = [f'"{phrase.replace(chr(34), " ")}"' for phrase in query.phrases]
    return " ".join([*phrases, *words]) or text


def _header(hit: Hit, screen: Screen) -> StyledText:
    where = place(hit.path, hit.record, hit.page, hit.start_line, hit.end_line)
    line = StyledText(f"{hit.rank:>2}  ").append_text(where)
    heading = heading_path(hit.heading, hit.title)
    if heading:
        shown = StyledText(f"  {heading}", "bold")
        if screen.terminal:  # the path stays whole: people copy it
            shown = shown.shortened(max(screen.width - line.cell_len, 0))
        line.append_text(shown)
    return line


def _body(hit: Hit, is_match: Callable[[str], bool], screen: Screen, full: bool) -> list[StyledText]:
    width = screen.width - len(INDENT)
    text = _without_heading(hit)
    keep_lines = full or _CODE.match(hit.media_type)
    if not keep_lines:
        text = " ".join(_HEADING_MARK.sub("", text).split())
    shown = _highlighted(*snippet(text, is_match, _FULL if keep_lines else SNIPPET_LINES * width - width // 4))
    lines = _best_lines(shown.lines(), width, full) if keep_lines else shown.wrapped(max(width, NARROWEST))
    return beside(StyledText(INDENT), lines)


def _highlighted(snippet: str, matches: list[Span]) -> StyledText:
    """Return the snippet with its matches marked."""
    text = StyledText(harmless(snippet))
    for span in matches:
        text.stylize("bold red", span.start, span.end)
    return text


def _best_lines(lines: list[StyledText], width: int, full: bool) -> list[StyledText]:
    """Return all lines, or those around most matches; lines of code keep their indentation to each other."""
    lines = [line for line in lines if full or line.plain.strip()]
    if full:
        return [piece for line in lines for piece in (line.wrapped(max(width, NARROWEST)) or [line])]
    marks = [len(line.spans) for line in lines]
    starts = range(max(1, len(lines) - SNIPPET_LINES + 1))
    start = max(starts, key=lambda at: (sum(marks[at : at + SNIPPET_LINES]), -at))
    chosen = lines[start : start + SNIPPET_LINES]
    margin = min((len(line.plain) - len(line.plain.lstrip()) for line in chosen), default=0)
    return [line.part(margin).expanded(4).shortened(width) for line in chosen]


def _without_heading(hit: Hit) -> str:
    """Return the chunk's text from behind its own heading, which the line above shows already."""
    first, _, rest = hit.text.lstrip().partition("\n")
    if hit.heading and rest.strip() and first.strip("# \t").casefold() == hit.heading[-1].strip().casefold():
        under, _, below = rest.partition("\n")
        return below if below.strip() and under.strip() and not under.strip("=-~^\"'*+ ") else rest
    return hit.text


def _footer(hit: Hit) -> StyledText:
    pieces = []
    names = [name for name in ("cosine", *hit.scores) if name != "rrf"]
    for name in dict.fromkeys(names):
        score, rank = hit.scores[name], hit.ranks.get("dense" if name == "cosine" else name)
        if score is not None:
            pieces.append(
                f"{one_line(name)} {score:.{1 if name == 'bm25' else 2}f}" + (f" rank {rank}" if rank else "")
            )
    pieces.append(f"id {one_line(hit.id)}")
    return StyledText(INDENT + " · ".join(pieces), "dim")
