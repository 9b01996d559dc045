"""Numbers of headings, list items and clauses, as word processors count and write them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

BULLET = "-"
MOST_ROMAN = 4_000
_PAGE_WORDS = re.compile(
    r"(?:\W|\d|(?i:page|pages|of|p|pp|seite|von|side|sida|af|av|página|pagina|sur|de|di|strona|z|str)\b)*$"
)
_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip


def roman(number: int) -> str:
    """Return a number in lower-case Roman numerals, in digits where it has none."""
    if not 0 < number < MOST_ROMAN:
        return str(number)
    written = []
    for value, letters in _ROMAN:
        count, number = divmod(number, value)
        written.append(letters * count)
    return "".join(written)


def letters(number: int) -> str:
    """Return a, b ... z, aa, bb ... as word processors go on."""
    return chr(97 + (number - 1) % 26) * min(1 + (number - 1) // 26, 20) if number > 0 else str(number)


def ordinal(number: int) -> str:
    """Return 1st, 2nd, 3rd ..."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


FORMATS: dict[str, Callable[[int], str]] = {
    "decimal": str,
    "decimalZero": "{:02}".format,
    "lowerLetter": letters,
    "upperLetter": lambda number: letters(number).upper(),
    "lowerRoman": roman,
    "upperRoman": lambda number: roman(number).upper(),
    "ordinal": ordinal,
}
"""How a number is written, by the names of Office Open XML; others are written in digits."""


def written(number: int, name: str) -> str:
    """Return a number as a format of this name writes it."""
    return FORMATS.get(name, str)(number)


def is_page_number(line: str) -> bool:
    """Return whether a page header or footer says nothing but which page it is, as in ``Page 2 of 7``."""
    return bool(_PAGE_WORDS.match(line))


@dataclass(slots=True)
class Items:
    """Lines of a list, as Markdown: each below the text of the one that it belongs to."""

    lines: list[str] = field(default_factory=list)
    _parents: list[tuple[int, int]] = field(default_factory=list)
    """Depth of each item that the next one may belong to, and the width of its marker."""

    def add(self, depth: int, label: str, text: str) -> None:
        """Add an item ``depth`` levels deep, from 0; a label that Markdown does not know stands behind a dash."""
        known = label == BULLET or (label[:-1].isdecimal() and len(label) < 10 and label[-1] in ".)")
        marker = label if known else BULLET
        while self._parents and self._parents[-1][0] >= depth:
            self._parents.pop()
        lead = " " * sum(width for _, width in self._parents)
        self._parents.append((depth, len(marker) + 1))
        self.lines.append(f"{lead}{marker} {text if known else f'{label} {text}'.strip()}")

    def take(self) -> str:
        """Return the lines, and forget them."""
        block = "\n".join(self.lines)
        self.lines, self._parents = [], []
        return block
