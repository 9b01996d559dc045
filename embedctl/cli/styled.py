"""Text with styles: as much of it as the views need, without the time that a library of widgets takes to import."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ELLIPSIS = "…"
RESET = "\x1b[0m"
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "magenta": "35"}
_WORD = re.compile(r"\s*\S+\s*")


class StyledSpan(NamedTuple):
    """Style of ``[start, end)``: names of ``_CODES`` with blanks between them."""

    start: int
    end: int
    style: str


class StyledText:
    """A string whose parts have styles."""

    def __init__(self, plain: str = "", style: str = "") -> None:
        self.plain = ""
        self.spans: list[StyledSpan] = []
        self.append(plain, style)

    @property
    def cell_len(self) -> int:
        """Columns that it takes on a terminal."""
        return cells(self.plain)

    def append(self, text: str, style: str = "") -> Self:
        """Add ``text`` at the end; return itself."""
        start, self.plain = len(self.plain), self.plain + text
        if style and text:
            self.spans.append(StyledSpan(start, len(self.plain), style))
        return self

    def append_text(self, text: StyledText) -> Self:
        """Add ``text`` with its styles at the end; return itself."""
        shift, self.plain = len(self.plain), self.plain + text.plain
        self.spans += (StyledSpan(start + shift, end + shift, style) for start, end, style in text.spans)
        return self

    def stylize(self, style: str, start: int, end: int) -> None:
        """Give ``[start, end)`` a style."""
        self.spans.append(StyledSpan(start, end, style))

    def part(self, start: int, end: int | None = None) -> StyledText:
        """Return ``[start, end)`` with its styles."""
        stop = len(self.plain) if end is None else end
        cut = StyledText(self.plain[start:stop])
        for span in self.spans:
            if span.start < stop and span.end > start:
                cut.stylize(span.style, max(span.start, start) - start, min(span.end, stop) - start)
        return cut

    def lines(self) -> list[StyledText]:
        """Return its lines, without line ends; the end of the text is no line of its own."""
        ends = [match.start() for match in re.finditer("\n", self.plain)]
        edges = [-1, *ends, *([] if self.plain.endswith("\n") else [len(self.plain)])]
        return [self.part(before + 1, end) for before, end in pairwise(edges)]

    def rstripped(self) -> StyledText:
        """Return it without blanks at its end."""
        return self.part(0, len(self.plain.rstrip()))

    def shortened(self, width: int) -> StyledText:
        """Return it with at most ``width`` columns, an ellipsis for what is left out."""
        if self.cell_len <= width:
            return self
        return self.part(0, _fitting(self.plain, 0, max(width - 1, 0))).append(ELLIPSIS)

    def expanded(self, size: int) -> StyledText:
        """Return it with tabs as blanks up to the next multiple of ``size`` columns."""
        if "\t" not in self.plain:
            return self
        expanded = StyledText()
        start = 0
        for tab in re.finditer("\t", self.plain):
            expanded.append_text(self.part(start, tab.start()))
            expanded.append(" " * (size - expanded.cell_len % size))
            start = tab.end()
        return expanded.append_text(self.part(start))

    def wrapped(self, width: int) -> list[StyledText]:
        """Return its lines cut at blanks so that none has more than ``width`` columns; longer words are cut too."""
        return [piece.rstripped() for line in self.lines() for piece in line.expanded(4)._wrapped(width)]

    def rendered(self, colour: bool) -> str:
        """Return it as a terminal wants it: with escape sequences where there is ``colour``."""
        if not colour or not self.spans:
            return self.plain
        edges = sorted({0, len(self.plain), *(edge for span in self.spans for edge in (span.start, span.end))})
        written = []
        for start, end in pairwise(edges):
            names = dict.fromkeys(
                name for span in self.spans if span.start <= start < span.end for name in span.style.split()
            )
            piece, codes = self.plain[start:end], ";".join(_CODES[name] for name in names)
            written.append(f"\x1b[{codes}m{piece}{RESET}" if codes else piece)
        return "".join(written)

    def _wrapped(self, width: int) -> list[StyledText]:
        edges, used = [0], 0
        for match in _WORD.finditer(self.plain):
            word = cells(match[0].rstrip())
            if used and used + word > width:
                edges.append(match.start())
                used = 0
            while word > width:
                edges.append(max(_fitting(self.plain, edges[-1], width), edges[-1] + 1))
                word = cells(self.plain[edges[-1] : match.end()].rstrip())
                used = 0
            used += cells(self.plain[max(match.start(), edges[-1]) : match.end()])
        return [self.part(start, end) for start, end in pairwise([*edges, len(self.plain)])]


def beside(head: StyledText, lines: Iterable[StyledText]) -> list[StyledText]:
    """Return ``lines`` to the right of ``head``, which is in the first of them only."""
    blank = " " * head.cell_len
    return [(StyledText(blank) if at else head).append_text(line) for at, line in enumerate(lines)]


def table(rows: Sequence[Sequence[str]], *, right: bool = False, head: str = "bold") -> list[StyledText]:
    """Return aligned lines, the first with the style ``head``: columns to the left, with ``right`` but the first."""
    widths = [max(map(cells, column)) for column in zip(*rows, strict=True)]
    lines = []
    for at, row in enumerate(rows):
        blanks = [" " * (width - cells(cell)) for cell, width in zip(row, widths, strict=True)]
        first, *others = ((blank + cell, cell + blank) for cell, blank in zip(row, blanks, strict=True))
        padded = [first[1], *(to_right if right else to_left for to_right, to_left in others)]
        lines.append(StyledText("  ".join(padded).rstrip(), "" if at else head))
    return lines


def cells(text: str) -> int:
    """Return how many columns ``text`` takes on a terminal."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _fitting(text: str, start: int, width: int) -> int:
    """Return where the characters from ``start`` on that fit into ``width`` columns end."""
    at = start
    while at < len(text) and (width := width - _width(text[at])) >= 0:
        at += 1
    return at
