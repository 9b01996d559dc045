"""The parts of a workbook that are long, its shared strings and its cells, in one pass and without a tree.

Trees of them take half as much time again, and ten times their size.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias
from xml.parsers import expat

from ..errors import ParseError
from .ooxml import OFFICE, transitional

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SPACE = f"{OFFICE}/spreadsheetml/2006/main}}"
_ROW, _CELL, _VALUE, _TEXT, _ITEM, _READING = (f"{_SPACE}{name}" for name in ("row", "c", "v", "t", "si", "rPh"))
_MARGINS = {f"{_SPACE}{name}" for name in ("oddHeader", "oddFooter", "firstHeader", "firstFooter")}
_HEARD = (_VALUE, _TEXT)
_DIGITS = "0123456789"
_STEP = 1 << 20


Show: TypeAlias = "Callable[[str, str | None, str], str]"
"""Returns a cell as it is shown: its type (``n`` number, ``s`` place of a shared string, ``b`` truth value; all others
are texts), the number of its style, and its value as the file spells it."""


def rows(data: bytes, show: Show, margins: list[str]) -> Iterator[dict[int, str]]:
    """Yield the cells of each row by their columns from 1; headers and footers of the printed page go to ``margins``.

    Raises:
        ParseError: the sheet declares a document type.
        xml.parsers.expat.ExpatError: it is not XML.
    """
    reader = _Sheet(show, margins)
    for _ in _fed(reader, data):
        yield from reader.rows
        reader.rows.clear()


def strings(data: bytes) -> list[str]:
    """Return the shared strings, in their order; see :func:`rows` for the errors."""
    reader = _Strings()
    for _ in _fed(reader, data):
        pass
    return reader.found


def _fed(reader: _Reader, data: bytes) -> Iterator[None]:
    """Have a reader read, and yield from time to time."""
    data = transitional(data)
    for start in range(0, len(data), _STEP):
        reader.parser.Parse(data[start : start + _STEP], False)
        yield
    reader.parser.Parse(b"", True)
    yield


class _Reader:
    """Collects the texts of ``t``, without the readings of Japanese."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator="}")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.StartDoctypeDeclHandler = _refuse
        self.texts: list[str] = []
        self.parts: list[str] = []
        self.reading = False

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        if name == _TEXT:
            self.listen()
        elif name == _READING:
            self.reading = True

    def end(self, name: str) -> None:
        if name == _TEXT:
            text = self.heard()
            if not self.reading:
                self.texts.append(text)
        elif name == _READING:
            self.reading = False

    def listen(self) -> None:
        self.parts = []
        self.parser.CharacterDataHandler = self.parts.append

    def heard(self) -> str:
        self.parser.CharacterDataHandler = None
        return "".join(self.parts)

    def joined(self) -> str:
        text = "".join(self.texts)
        self.texts.clear()
        return text


class _Strings(_Reader):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def end(self, name: str) -> None:
        if name == _ITEM:
            self.found.append(self.joined())
        else:
            super().end(name)


class _Sheet(_Reader):
    def __init__(self, show: Show, margins: list[str]) -> None:
        super().__init__()
        self.rows: list[dict[int, str]] = []
        self._show = show
        self._margins = margins
        self._row: dict[int, str] = {}
        self._column = 0
        self._cell: dict[str, str] = {}
        self._value = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == _CELL:
            self._cell = attributes
            place = attributes.get("r")
            self._column = (_column(place.rstrip(_DIGITS)) if place else 0) or self._column + 1
        elif name in _HEARD:
            self.parts = []
            self.parser.CharacterDataHandler = self.parts.append
        elif name == _ROW:
            self._row, self._column = {}, 0
        elif name in _MARGINS:
            self.listen()
        else:
            super().start(name, attributes)

    def end(self, name: str) -> None:
        if name == _VALUE:
            self.parser.CharacterDataHandler = None
            self._value = self.parts[0] if len(self.parts) == 1 else "".join(self.parts)
        elif name == _CELL:
            value = self._value or (self.joined() if self.texts else "")
            if value:
                self._value = ""
                cell = self._cell
                if text := self._show(cell.get("t", "n"), cell.get("s"), value):
                    self._row[self._column] = text
        elif name == _TEXT:
            self.parser.CharacterDataHandler = None
            if not self.reading:
                self.texts += self.parts
        elif name == _ROW:
            self.rows.append(self._row)
        elif name in _MARGINS:
            self._margins.append(self.heard())
        else:
            super().end(name)


def _refuse(*_: object) -> None:
    raise ParseError("damaged spreadsheet: it declares a document type")


@lru_cache(maxsize=20_000)
def _column(letters: str) -> int:
    """Return the number of a column, 0 where these letters name none."""
    number = 0
    for letter in letters if len(letters) < 4 else "":
        number = number * 26 + ord(letter) - 64
    return number
