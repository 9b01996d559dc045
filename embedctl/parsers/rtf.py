"""Rich Text Format (.rtf) to Markdown: headings, lists and tables, with notes and comments."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..errors import ParseError, UnsupportedError
from ..records import JSON, Markup, ParsedDocument
from .markup import first_heading, one_line, required, table, tidy
from .numerals import BULLET, Items, is_page_number
from .rtf_words import (
    APART,
    CHARACTERS,
    CHARSETS,
    CODE_PAGES,
    FONT,
    LEFT_OUT,
    OPTIONAL,
    PROPERTIES,
    SIGNS,
    TOKEN,
    heading_styles,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

KIND = "RTF document"
MEDIA_TYPE = "application/rtf"
MOST_LEVELS = 9
MOST_NESTED = 500
"""Groups inside groups deeper than this are not text that people wrote."""


def parse(data: bytes, _path: str) -> ParsedDocument:
    """Return headings as ``#``, list items by their marks, tables as Markdown tables, notes and comments at the end.

    Raises:
        ParseError: this is not RTF, or it is nested too deep.
        UnsupportedError: it holds no text.
    """
    if not data.strip():
        raise UnsupportedError("empty file")
    if data.lstrip()[:5] != b"{\\rtf":
        raise ParseError(f"damaged or no {KIND}")
    reader = _Reader(data)
    reader.read()
    text = tidy("\n\n".join(reader.blocks()))
    metadata: dict[str, JSON] = {name: value for name in PROPERTIES if (value := one_line(reader.apart(name)))}
    return ParsedDocument(
        required(text, "no text in this document"),
        MEDIA_TYPE,
        Markup.MARKDOWN,
        title=one_line(reader.apart("title")) or first_heading(text),
        metadata=metadata,
    )


@dataclass(frozen=True, slots=True)
class _State:
    """What a group inherits from the one around it."""

    target: str = "body"
    """Where the text goes; empty: nowhere."""
    code_page: int = 1252
    skip: int = 1
    """Characters behind a Unicode one that are for readers which do not know it."""
    hidden: bool = False


@dataclass(slots=True)
class _Paragraph:
    """The paragraph that is being read."""

    parts: list[str] = field(default_factory=list)
    label: str = ""
    depth: int = 0
    heading: int = 0
    in_table: bool = False


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._fonts = {int(number): int(charset) for number, charset in FONT.findall(data[:1_000_000])}
        self._headings = dict(heading_styles(data[:1_000_000]))
        self._code_page = 1252
        self._state = _State()
        self._stack: list[_State] = []
        self._texts: dict[str, list[str]] = {}
        self._blocks: list[str] = []
        self._items = Items()
        self._paragraph = _Paragraph()
        self._cells: list[str] = []
        self._rows: list[list[str]] = []
        self._bytes = bytearray()
        self._left = 0
        """Characters that are still to be skipped."""
        self._starred = self._opened = False

    def apart(self, name: str) -> str:
        """Return the text that stood outside the body under this name."""
        return "".join(self._texts.get(name, ()))

    def blocks(self) -> Iterator[str]:
        """Yield the blocks of page headers, body, text boxes, notes, comments, page footers."""
        for name in ("header", "body", "boxes", "notes", "comments", "footer"):
            if name == "body":
                yield from self._blocks
            else:
                blocks = dict.fromkeys(filter(None, map(str.strip, self.apart(name).split("\n\n"))))
                yield from (block for block in blocks if name not in ("header", "footer") or not is_page_number(block))

    def read(self) -> None:
        """Read everything.

        Raises:
            ParseError: groups are nested too deep.
        """
        position = 0
        while match := TOKEN.search(self._data, position):
            position = match.end()
            word, number, code, sign, brace, text = match.groups()
            if code:
                self._byte(int(code, 16))
            elif text:
                self._plain(text)
            elif match.lastindex:  # a line break means nothing
                self._flush()
                opened, self._opened = self._opened, brace == b"{"
                if brace:
                    self._group(brace)
                elif word == b"bin":
                    position += max(0, int(number or 0))
                elif word:
                    self._word(word, None if number is None else int(number))
                elif sign == b"*":
                    self._starred = opened  # elsewhere it means nothing
                elif sign in SIGNS:
                    self._add(SIGNS[sign])
        self._flush()
        self._end_paragraph()
        self._end_table()
        self._blocks.append(self._items.take())

    def _group(self, brace: bytes) -> None:
        if brace == b"{":
            if len(self._stack) >= MOST_NESTED:
                raise ParseError("it is nested too deep")
            self._stack.append(self._state)
        elif self._stack:
            before, self._state = self._state, self._stack.pop()
            if before.target != self._state.target and before.target:
                self._texts.setdefault(before.target, []).append("\n\n")
        self._left = 0

    def _word(self, word: bytes, number: int | None) -> None:
        starred, self._starred = self._starred, False
        if word in LEFT_OUT or (starred and word not in OPTIONAL and word not in APART):
            self._state = replace(self._state, target="" if word != b"info" else "about")
        elif word in APART and self._state.target:
            self._apart(word)
        elif word in (b"listtext", b"pntext"):
            self._state = replace(self._state, target="label")
        elif word in CHARACTERS:
            self._add(CHARACTERS[word])
        elif word == b"u" and number is not None:
            self._add(chr(number % 65536))
            self._left = self._state.skip
        elif word in (b"cell", b"row", b"nestcell", b"nestrow"):
            self._table(word)
        elif number is not None or word in (b"pard", b"v", b"intbl", b"plain", b"deleted"):
            self._format(word, number)

    def _apart(self, word: bytes) -> None:
        target = APART[word]
        if (self._state.target == "about") == (target in (*PROPERTIES, "title")):
            self._state = replace(self._state, target=target)
        if target == "commenter":
            self._texts.pop("commenter", None)
        elif target == "comments":
            author = one_line(self.apart("commenter"))
            self._texts.setdefault("comments", []).append(f"Comment{f' by {author}' if author else ''}: ")

    def _format(self, word: bytes, number: int | None) -> None:
        state = self._state
        if word == b"pard":
            self._paragraph.heading, self._paragraph.in_table = 0, False
        elif word == b"intbl":
            self._paragraph.in_table = True
        elif word == b"s" and state.target == "body":
            self._paragraph.heading = self._headings.get(number or 0, 0)
        elif word == b"outlinelevel" and state.target == "body":
            self._paragraph.heading = (number or 0) + 1 if (number or 0) < 9 else 0
        elif word == b"ilvl":
            self._paragraph.depth = min(max(number or 0, 0), MOST_LEVELS)
        elif word in (b"v", b"deleted", b"plain"):
            self._state = replace(state, hidden=word != b"plain" and number != 0)
        elif word == b"uc":
            self._state = replace(state, skip=min(max(number or 0, 0), 10))
        elif word == b"ansicpg" and number:
            self._code_page = number
            self._state = replace(state, code_page=number)
        elif word == b"f":
            charset = self._fonts.get(number or 0, 0)
            self._state = replace(state, code_page=CHARSETS.get(charset, self._code_page))

    def _plain(self, text: bytes) -> None:
        skipped, self._left = text[: self._left], max(0, self._left - len(text))
        self._bytes += text[len(skipped) :]

    def _byte(self, code: int) -> None:
        if self._left:
            self._left -= 1
        else:
            self._bytes.append(code)

    def _flush(self) -> None:
        """Decode the bytes that were read: characters of some code pages have two."""
        if self._bytes:
            page = self._state.code_page
            try:
                text = self._bytes.decode(CODE_PAGES.get(page, f"cp{page}"), "replace")
            except LookupError:
                text = self._bytes.decode("cp1252", "replace")
            self._bytes.clear()
            self._add(text)

    def _add(self, text: str) -> None:
        target = self._state.target
        if not target or target == "about" or self._state.hidden:
            return
        if target == "label":
            self._paragraph.label += text
        elif target != "body":
            self._texts.setdefault(target, []).append(text)
        elif text == "\n\n" and not self._paragraph.in_table:
            self._end_paragraph()
        else:
            self._paragraph.parts.append("\n" if text == "\n\n" else text)

    def _table(self, word: bytes) -> None:
        if self._state.target != "body":
            self._add("\t" if word.endswith(b"cell") else "\n")
        elif word == b"row":
            self._rows.append(self._cells)
            self._cells = []
        elif word == b"cell":
            self._cells.append(_joined(self._paragraph))
            self._paragraph = _Paragraph(in_table=True)
        else:
            self._paragraph.parts.append(" ")

    def _end_paragraph(self) -> None:
        paragraph = self._paragraph
        self._paragraph = _Paragraph(heading=paragraph.heading)
        if not paragraph.in_table:
            self._end_table()
        text = _spelled("".join(paragraph.parts)).strip()
        if not text:
            return
        label = one_line(paragraph.label)
        numbered = label[:1].isalnum() or label[:1] in ("(", "[", "§")
        if label and not paragraph.heading:
            self._items.add(paragraph.depth, label if numbered else BULLET, one_line(text))
            return
        if paragraph.heading:
            text = f"{'#' * min(paragraph.heading, 6)} {f'{label} ' if numbered else ''}{one_line(text)}"
        self._blocks += [self._items.take(), text]

    def _end_table(self) -> None:
        if self._cells:
            self._rows.append(self._cells)
        if self._rows:
            self._blocks += [self._items.take(), table(self._rows)]
        self._cells, self._rows = [], []


def _joined(paragraph: _Paragraph) -> str:
    label = one_line(paragraph.label)
    return (
        f"{label} {_spelled(''.join(paragraph.parts))}" if label[:1].isalnum() else _spelled("".join(paragraph.parts))
    )


def _spelled(text: str) -> str:
    """Return a text whose characters beyond the basic plane are whole: the format writes them in halves."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
