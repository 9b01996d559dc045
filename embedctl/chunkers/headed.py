"""Outlines of Org, AsciiDoc, LaTeX and wiki text: one pass over the lines with the patterns of the markup.

Headings are sections; what stands between the lines that open and close a verbatim block has none, and is kept whole
where it fits, as are tables; list items and paragraphs are where else a chunk may begin.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from .blocks import Blocks, Heading, with_newlines
from .headed_syntax import ITEM, SYNTAXES, UNDERLINES, heading_source

if TYPE_CHECKING:
    from ..outline import Outline
    from ..records import Document
    from .headed_syntax import Syntax

LONGEST_HEADING = 1_000
"""Characters of a line in which a heading is looked for."""
MARKUPS = tuple(SYNTAXES)


def headed_outline(document: Document) -> Outline:
    """Return the outline of a document by its markup."""
    found = scan_headed(document.text, document.markup, document.body_start)
    return found.outline(document.text, innermost=True).with_pages(document.pages)


def scan_headed(text: str, markup: str, start: int = 0) -> Blocks:
    """Return the blocks of ``text[start:]``, in offsets of ``text``; ``markup`` is one of ``MARKUPS``."""
    syntax, found = SYNTAXES[markup], Blocks()
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
            found.headings.append(
                Heading(begin, offsets[min(index + taken, len(lines))], level, heading_source(source, markup))
            )
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
        elif ITEM.match(reach):
            (found.blocks if blank and not introduced and not reach[0].isspace() else found.inner).append(begin)
        elif blank:
            found.blocks.append(begin)
        blank, introduced = False, line.rstrip().endswith(":")
    return found


def _heading(syntax: Syntax, lines: list[str], index: int) -> tuple[int, str, int] | None:
    """Return level, source and number of lines of a heading that begins on a line."""
    line = lines[index][:LONGEST_HEADING]
    braced = line.lstrip().startswith("\\") and line.count("{") > line.count("}")
    if match := syntax.heading.match("\n".join(lines[index : index + 3])[:LONGEST_HEADING] if braced else line):
        return syntax.level(match), match["title"], 1 + match[0].count("\n")
    if syntax.underline is None or index + 1 == len(lines) or not line[0].isalnum():
        return None
    below = lines[index + 1].rstrip()
    alone = index == 0 or not lines[index - 1].strip() or lines[index - 1].startswith("[")
    if alone and abs(len(below) - len(line.rstrip())) <= 1 and syntax.underline.match(below):
        return UNDERLINES.index(below[0]) + 1, line, 2
    return None
