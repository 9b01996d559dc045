"""One pass over Markdown lines: headings, blocks, list items, fenced code and tables.

Headings are those of the document itself: one inside a list item or a quotation does not open a section. Checked
against markdown-it-py. Nested containers are followed by indentation alone, which differs from CommonMark only in
where a badly indented nested list ends.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import dropwhile
from typing import TYPE_CHECKING

from . import markdown_syntax as syntax
from .blocks import BLANKS, Blocks, Heading, indentation, with_newlines
from .tables import Table, header_of, piped_cells

if TYPE_CHECKING:
    import re

    from ..outline import HeadingPath, Outline
    from ..records import Document

_OPENERS = frozenset("#`~<>-+*=_|0123456789:")
"""First characters of lines that may do something to an open paragraph."""
DEEPEST_LIST = 16
"""Items that open on one line, as in ``- - - a``."""
LONGEST_MARKUP = 4_096
"""Characters of a line in which marks are looked for: patterns take several passes over them."""


@dataclass(slots=True)
class _Fence:
    start: int
    marker: str
    container: int
    """Content column of the list item around it, 0 outside lists."""


def markdown_outline(document: Document) -> Outline:
    """Return sections by heading; code, tables and list items whole where they fit, and so the front matter."""
    start = syntax.front_matter_end(document.text, document.body_start)
    found = scan_markdown(document.text, start)
    if start > document.body_start:
        found.blocks.insert(0, document.body_start)
        found.wholes.insert(0, (document.body_start, start))
    outline = found.outline(document.text).with_pages(document.pages)
    return outline if start == document.body_start else _below(outline, start, document.text)


def _below(outline: Outline, start: int, text: str) -> Outline:
    """Return the outline with chunks that begin in front matter, up to ``start``, headed by what follows it."""
    heading = outline.heading
    first = start + len(text[start:]) - len(text[start:].lstrip())

    def headed(begin: int, end: int) -> HeadingPath:
        return heading(max(begin, first), end) if end > first else ()

    return replace(outline, heading=headed)


def scan_markdown(text: str, start: int = 0) -> Blocks:
    """Return the blocks of ``text[start:]``, in offsets of ``text``."""
    scanner = _Scanner(len(text))
    offset = start
    for line in with_newlines(text)[start:].split("\n"):
        following = offset + len(line) + 1
        scanner.feed(offset, line[:LONGEST_MARKUP], following)
        offset = following
    return scanner.finish()


class _Scanner:
    def __init__(self, end: int) -> None:
        self._end = end
        self._following = 0
        self._found = Blocks()
        self._fence: _Fence | None = None
        self._html: re.Pattern[str] | None = None
        self._paragraph: list[tuple[int, str]] = []
        """Lines of the open top-level paragraph."""
        self._lazy = False
        """A paragraph inside a list or quotation is open and takes unmarked lines."""
        self._table = -1
        self._header = ""
        """First row of the open table."""
        self._columns: list[int] = []
        """Content columns of the open list items, outermost first."""
        self._item = -1
        self._blank = True
        self._colon = False
        """The last line introduces what follows."""

    def feed(self, offset: int, line: str, following: int) -> None:
        """Take the next line, which begins at ``offset``, the line after it at ``following``."""
        self._following = following
        if self._fence is not None and self._in_fence(self._fence, offset, line):
            return
        if self._html is not None:
            if self._html.search(line):
                self._html = None
            return
        content = line.strip(BLANKS)
        if not content:
            self._close_paragraph(offset)
            self._blank = True
            return
        if not self._blank and content[0] not in _OPENERS and (self._paragraph or self._lazy):
            if self._paragraph:
                self._paragraph.append((offset, line))
        else:
            self._open(offset, line, content)
        self._blank = False
        self._colon = content[-1] == ":"

    def finish(self) -> Blocks:
        """Close what is open and return everything."""
        if self._fence is not None:
            self._found.wholes.append((self._fence.start, self._end))
        self._close_paragraph(self._end)
        self._close_list(self._end)
        return self._found

    def _in_fence(self, fence: _Fence, offset: int, line: str) -> bool:
        """Return whether the line belongs to the open fence; close the fence where it ends."""
        content = line.strip(BLANKS)
        indent = indentation(line)
        if content and fence.container and indent < fence.container:
            self._close_fence(fence, offset)
            return False
        if not content:
            self._found.inner.append(self._following)
        self._found.lines.append((offset, self._following))
        ends = content.startswith(fence.marker) and not content.strip(fence.marker[0])
        if ends and indent <= fence.container + 3:
            self._close_fence(fence, self._following)
        return True

    def _close_fence(self, fence: _Fence, end: int) -> None:
        if not fence.container:
            self._found.wholes.append((fence.start, end))
        self._fence = None
        self._blank = False
        self._colon = False

    def _open(self, offset: int, line: str, content: str) -> None:
        """Take a line that may begin a block."""
        indent = indentation(line)
        if self._columns and self._in_list(offset, line, content, indent):
            return
        if indent >= 4:
            if self._paragraph:
                self._paragraph.append((offset, line))
            elif not self._lazy and self._blank:
                self._block(offset, introduced=True)
            return
        if self._paragraph and syntax.SETEXT.match(line) and self._setext(line):
            return
        if self._table >= 0 and not syntax.interrupts(line, content) and not syntax.ITEM.match(line):
            self._found.lines.append((offset, self._following))
            return
        if self._begin_table(offset, line):
            return
        first = content[0]
        if first == "#" and (atx := syntax.atx_heading(line)):
            self._close_paragraph(offset)
            self._lazy = False
            self._found.headings.append(Heading(offset, self._following, *atx))
        elif first in "`~" and (fence := syntax.FENCE.match(content)):
            self._begin(offset, introduced=True)
            self._fence = _Fence(offset, fence[0], 0)
        elif first == "<" and (end := syntax.html_end(content, in_paragraph=bool(self._paragraph) or self._lazy)):
            self._begin(offset, introduced=False)
            self._html = None if end.search(content) else end
        elif first == ">":
            if not self._lazy or self._blank:
                self._begin(offset, introduced=True)
            self._lazy = syntax.opens_paragraph(content.lstrip("> \t"))
        elif first in "-*_" and syntax.RULE.match(line):
            self._begin(offset, introduced=False)
        elif not self._begin_item(offset, line):
            self._text(offset, line)

    def _text(self, offset: int, line: str) -> None:
        if self._lazy and not self._blank:
            return
        if not self._paragraph:
            self._block(offset, introduced=False)
        self._lazy = False
        self._paragraph.append((offset, line))

    def _setext(self, line: str) -> bool:
        """Make a heading of the open paragraph, unless it only defines link references."""
        lines = list(dropwhile(lambda each: syntax.REFERENCE.match(each[1]), self._paragraph))
        if not lines:
            return False
        level = 1 if "=" in line else 2
        source = "\n".join(text.strip() for _, text in lines)
        self._found.headings.append(Heading(lines[0][0], self._following, level, source))
        if self._found.blocks and self._found.blocks[-1] == lines[0][0]:
            self._found.blocks.pop()
        self._paragraph = []
        return True

    def _begin_table(self, offset: int, line: str) -> bool:
        if not (self._paragraph and "-" in line and syntax.DELIMITERS.match(line)):
            return False
        head, text = self._paragraph[-1]
        columns = syntax.cells(line)
        if columns == 0 or syntax.cells(text) != columns:
            return False
        if len(self._paragraph) > 1:
            self._found.blocks.append(head)
        self._paragraph = []
        self._table, self._header = head, text
        self._found.lines += [(head, offset), (offset, self._following)]
        return True

    def _in_list(self, offset: int, line: str, content: str, indent: int) -> bool:
        """Take a line of the open list; return false, and close the list, where the line is not part of it."""
        if indent >= self._columns[0]:
            if self._blank:
                self._found.inner.append(offset)
            opens = self._blank or content[0] in _OPENERS
            while opens and len(self._columns) > 1 and indent < self._columns[-1]:
                self._columns.pop()
            fence = syntax.FENCE.match(content) if content[0] in "`~" else None
            if fence and indent <= self._columns[-1] + 3:
                self._found.inner.append(offset)
                self._fence = _Fence(offset, fence[0], self._columns[-1])
                self._lazy = False
            elif (
                (item := syntax.ITEM.match(line)) and indent <= self._columns[-1] + 3 and not syntax.RULE.match(content)
            ):
                self._found.inner.append(offset)
                self._enter(offset, line, item)
            elif indent <= self._columns[-1] + 3 and (opens or not self._lazy):
                self._lazy = syntax.opens_paragraph(content)
            return True
        if indent < 4 and not syntax.RULE.match(line) and (item := syntax.ITEM.match(line)):
            self._close_item(offset)
            self._columns = []
            self._item = offset
            self._enter(offset, line, item)
            return True
        if self._lazy and not self._blank and not syntax.interrupts(line, content):
            return True
        return self._close_list(offset)

    def _begin_item(self, offset: int, line: str) -> bool:
        item = syntax.ITEM.match(line)
        if item is None:
            return False
        # Only a list that starts at 1, with something in it, may interrupt a paragraph.
        interrupts = bool(item[4]) and (not item[2][0].isdigit() or item[2][:-1] == "1")
        if not interrupts and (self._paragraph or (self._lazy and not self._blank)):
            return False
        self._begin(offset, introduced=True)
        self._item = offset
        self._enter(offset, line, item)
        return True

    def _enter(self, offset: int, line: str, item: re.Match[str]) -> None:
        """Open a list item; its content may itself be an item or a fence."""
        column = indentation(line) + len(item[2])
        content = item[4] or ""
        blanks = len((item[3] or " ").expandtabs(4))
        code = blanks > 4
        column += blanks if content and not code else 1
        self._columns.append(column)
        fence = None if code else syntax.FENCE.match(content)
        if fence:
            self._fence = _Fence(offset, fence[0], column)
        nested = None if code or fence else syntax.ITEM.match(content)
        if nested and len(self._columns) < DEEPEST_LIST and not syntax.RULE.match(content):
            self._enter(offset, " " * column + content, nested)
            return
        self._lazy = not code and not fence and syntax.opens_paragraph(content)

    def _close_item(self, end: int) -> None:
        if self._item >= 0:
            self._found.items.append((self._item, end))
        self._item = -1

    def _close_list(self, end: int) -> bool:
        self._close_item(end)
        self._columns = []
        self._lazy = False
        return False

    def _close_paragraph(self, end: int) -> None:
        if self._table >= 0:
            self._found.wholes.append((self._table, end))
            cells = [Heading(0, 0, 1, cell).title for cell in piped_cells(self._header)]
            self._found.tables.append(Table(self._table, end, header_of(cells)))
        self._table = -1
        self._paragraph = []
        self._lazy = False

    def _begin(self, offset: int, *, introduced: bool) -> None:
        self._close_paragraph(offset)
        self._block(offset, introduced=introduced)

    def _block(self, offset: int, *, introduced: bool) -> None:
        """Note a block; one that the line above introduces with a colon stays with that line."""
        if not (introduced and self._colon):
            self._found.blocks.append(offset)
