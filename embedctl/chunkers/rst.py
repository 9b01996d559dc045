"""reStructuredText: sections by adornment, in the order in which adornments appear; directives whole where they fit."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import TYPE_CHECKING

from .blocks import Blocks, Heading, with_newlines
from .tables import rst_tables

if TYPE_CHECKING:
    from ..outline import Outline
    from ..records import Document

_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1*$")
_ITEM = re.compile(r"(?:[-*+•]|\(?(?:\d+|#|[A-Za-z])[.)])[ \t]|:[^:\s][^:]*:[ \t]|\|[ \t]")
_TABLE = re.compile(r"[+|]|=+[ \t]+=")
_SHORT = 4


def rst_outline(document: Document) -> Outline:
    """Return the outline of reStructuredText."""
    return scan_rst(document.text, document.body_start).outline(document.text).with_pages(document.pages)


def scan_rst(text: str, start: int = 0) -> Blocks:
    """Return the blocks of ``text[start:]``, in offsets of ``text``."""
    whole = with_newlines(text)[start:].split("\n")
    offsets = [*accumulate((len(line) + 1 for line in whole[:-1]), initial=start), len(text)]
    lines = [line.rstrip() for line in whole]
    found = Blocks(headings=_titles(lines, offsets), tables=rst_tables(lines, offsets))
    titles = {heading.start for heading in found.headings}
    _scan_blocks(lines, offsets, titles, found)
    return found


def _titles(lines: list[str], offsets: list[int]) -> list[Heading]:
    """Return section titles: a line at the margin, underlined at least as wide, with or without an overline."""
    styles: list[tuple[str, bool]] = []
    headings: list[Heading] = []
    index = 0
    while index + 1 < len(lines):
        line = lines[index]
        after_blank = index == 0 or not lines[index - 1]
        first, title, last = index, line, index + 1
        overlined = bool(line and after_blank and index + 2 < len(lines) and _ADORNMENT.match(line))
        if overlined and lines[index + 2] == line and lines[index + 1].strip():
            title, last = lines[index + 1].strip(), index + 2
        else:
            overlined = False
        index += 1
        if not overlined and (not line or line[0].isspace() or not after_blank):
            continue
        if not _underlines(lines[last], title):
            continue
        style = (lines[last][0], overlined)
        if style not in styles:
            styles.append(style)
        headings.append(Heading(offsets[first], offsets[last + 1], styles.index(style) + 1, title))
        index = last + 1
    return headings


def _underlines(line: str, title: str) -> bool:
    if not line or not _ADORNMENT.match(line) or _ADORNMENT.match(title):
        return False
    # docutils accepts a short underline with a warning, from four characters on.
    return len(line) >= min(len(title), _SHORT)


def _scan_blocks(lines: list[str], offsets: list[int], titles: set[int], found: Blocks) -> None:
    opened, holds_more, in_items = offsets[0], False, False
    blank, introduced = True, False
    for line, start, end in zip(lines, offsets, offsets[1:], strict=False):
        if not line:
            blank = True
            continue
        if start in titles or (blank and not line[0].isspace()):
            if holds_more:
                (found.items if in_items else found.wholes).append((opened, start))
            # A list after "such as:" stays with that line; so does the list's next item with the list.
            item = bool(_ITEM.match(line))
            if start not in titles and not (item and (in_items or introduced)):
                found.blocks.append(start)
            opened, holds_more, in_items = start, item, item
        elif line[0].isspace():
            holds_more = True
            (found.inner if blank else []).append(start)
            found.lines.append((start, end))
        elif in_items and _ITEM.match(line):
            found.items.append((opened, start))
            opened = start
        elif _TABLE.match(line):
            holds_more = True
            found.lines.append((start, end))
        blank, introduced = False, line.endswith(":")
    if holds_more:
        (found.items if in_items else found.wholes).append((opened, offsets[-1]))
