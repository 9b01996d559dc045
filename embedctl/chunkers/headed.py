"""Outlines of Org, AsciiDoc, LaTeX and wiki text: one pass over the lines with the patterns of the markup.

Headings are sections; what stands between the lines that open and close a verbatim block has none, and is kept whole
where it fits, as are tables; list items and paragraphs are where else a chunk may begin.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from ..records import Markup
from .blocks import Blocks, Heading, with_newlines

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..outline import Outline
    from ..records import Document

LONGEST_HEADING = 1_000
"""Characters of a line in which a heading is looked for."""
_ITEM = re.compile(r"[ \t]*(?:[-+*•]+|\d+[.)]|\.{1,5}|\\item\b|[#:;]+)[ \t]")


@dataclass(frozen=True, slots=True)
class _Syntax:
    heading: re.Pattern[str]
    """With groups ``mark`` and ``title``."""
    level: Callable[[re.Match[str]], int]
    opens: re.Pattern[str]
    """A line that opens a verbatim block, with a group ``name``."""
    closes: Callable[[str], str]
    """Return the beginning of the line that closes a block, lower case, given its name."""
    table: re.Pattern[str]
    underline: re.Pattern[str] | None = None


_LATEX_LEVELS: Mapping[str, int] = {
    "part": 1,
    "chapter": 2,
    "section": 3,
    "subsection": 4,
    "subsubsection": 5,
    "paragraph": 6,
    "subparagraph": 7,
    "frametitle": 6,
    "begin{frame}": 6,
}
_UNDERLINES = "=-~^+"
_BRACED = r"\{(?P<title>(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}"

_SYNTAXES = {
    Markup.ORG.value: _Syntax(
        re.compile(
            r"(?P<mark>\*+)[ \t]+(?:(?:TODO|DONE|NEXT|WAITING|HOLD|CANCELED|CANCELLED)[ \t]+)?(?:\[#\w\][ \t]*)?(?P<title>.*?)"
            r"(?:[ \t]+:[\w@#%:]+:)?[ \t]*$"
        ),
        lambda match: len(match["mark"]),
        re.compile(r"[ \t]*#\+begin_(?P<name>\w+)", re.IGNORECASE),
        lambda name: f"#+end_{name}",
        re.compile(r"[ \t]*\|"),
    ),
    Markup.ASCIIDOC.value: _Syntax(
        re.compile(r"(?P<mark>={1,6}|#{1,6})[ \t]+(?P<title>\S.*?)(?:[ \t]+(?P=mark))?[ \t]*$"),
        lambda match: len(match["mark"]),
        re.compile(r"(?P<name>-{4,}|\.{4,}|/{4,}|\+{4,}|`{3,}|~{3,}(?=\w|$)|\|===|,===|:===)"),
        lambda name: name,
        re.compile(r"\|"),
        re.compile(rf"([{re.escape(_UNDERLINES)}])\1{{2,}}[ \t]*$"),
    ),
    Markup.LATEX.value: _Syntax(
        re.compile(
            r"[ \t]*\\(?P<mark>part|chapter|(?:sub){0,2}section|(?:sub)?paragraph|frametitle|begin\{frame\})\*?"
            r"(?:[ \t]*\[[^\]]*\])*[ \t]*" + _BRACED
        ),
        lambda match: _LATEX_LEVELS[match["mark"]],
        re.compile(r"[ \t]*\\begin\{(?P<name>verbatim\*?|Verbatim|lstlisting|minted|comment|filecontents\*?|alltt)\}"),
        lambda name: f"\\end{{{name}}}",
        re.compile(r"[^%\\]*(?<!\\)&"),
    ),
    Markup.WIKI.value: _Syntax(
        re.compile(r"(?P<mark>={1,6})[ \t]*(?P<title>[^=\s].*?)[ \t]*(?P=mark)[ \t]*$"),
        lambda match: len(match["mark"]),
        re.compile(r"[ \t]*<(?P<name>pre|nowiki|syntaxhighlight|source)\b(?![^\n]*</(?P=name)>)", re.IGNORECASE),
        lambda name: f"</{name}>",
        re.compile(r"[ \t]*(?:\{\||\|)"),
    ),
}
MARKUPS = tuple(_SYNTAXES)
_ORG_LINK = re.compile(r"\[\[(?:[^\[\]]*\]\[)?([^\[\]]*)\]\]")
_COMMAND = re.compile(r"\\[a-zA-Z]+\*?(?:\[[^\]]*\])?[ \t]*|[{}~]|\$")


def headed_outline(document: Document) -> Outline:
    """Return the outline of a document by its markup."""
    found = scan_headed(document.text, document.markup, document.body_start)
    return found.outline(document.text, innermost=True).with_pages(document.pages)


def scan_headed(text: str, markup: str, start: int = 0) -> Blocks:
    """Return the blocks of ``text[start:]``, in offsets of ``text``; ``markup`` is one of ``MARKUPS``."""
    syntax, found = _SYNTAXES[markup], Blocks()
    lines = with_newlines(text)[start:].split("\n")
    offsets = [*accumulate((len(line) + 1 for line in lines[:-1]), initial=start), len(text)]
    blank, introduced, opened, closing = True, False, -1, ""
    for index, line in enumerate(lines):
        begin, end = offsets[index], offsets[index + 1]
        reach = line[:LONGEST_HEADING]
        if closing:
            found.lines.append((begin, end))
            if reach.strip().lower().startswith(closing):
                found.wholes.append((opened, end))
                closing = ""
        elif not line.strip():
            blank = True
            continue
        elif (heading := _heading(syntax, lines, index)) is not None:
            level, source, taken = heading
            found.headings.append(Heading(begin, offsets[min(index + taken, len(lines))], level, _source(source, markup)))
        elif found.headings and begin < found.headings[-1].end:
            pass  # the line below a heading
        elif block := syntax.opens.match(reach):
            closing, opened = syntax.closes(block["name"]).lower(), begin
            if not introduced:
                found.blocks.append(begin)
        elif syntax.table.match(reach):
            found.lines.append((begin, end))
            if blank and not introduced:
                found.blocks.append(begin)
        elif _ITEM.match(reach):
            (found.blocks if blank and not introduced and not reach[0].isspace() else found.inner).append(begin)
        elif blank:
            found.blocks.append(begin)
        blank, introduced = False, line.rstrip().endswith(":")
    return found


def _heading(syntax: _Syntax, lines: list[str], index: int) -> tuple[int, str, int] | None:
    """Return level, source and number of lines of a heading that begins on a line."""
    line = lines[index][:LONGEST_HEADING]
    if match := syntax.heading.match(line):
        return syntax.level(match), match["title"], 1
    if syntax.underline is None or index + 1 == len(lines) or not line[0].isalnum():
        return None
    below = lines[index + 1].rstrip()
    alone = index == 0 or not lines[index - 1].strip() or lines[index - 1].startswith("[")
    if alone and abs(len(below) - len(line.rstrip())) <= 1 and syntax.underline.match(below):
        return _UNDERLINES.index(below[0]) + 1, line, 2
    return None


def _source(title: str, markup: str) -> str:
    """Return a heading without the marks of its markup that are not Markdown's as well."""
    if markup == Markup.LATEX.value:
        return " ".join(_COMMAND.sub(" ", title).split())
    return _ORG_LINK.sub(r"\1", title).replace("'''", "").replace("''", "")
