"""Rows and columns of a record file of any kind. Rows are numbered, in blocks, and each is read only when needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..records import JSON


@dataclass(frozen=True, slots=True)
class Row:
    """One row as the file has it, or the reason why it cannot be read."""

    number: int
    """1-based: the line of a JSON Lines file, else the count of rows below the header."""
    values: dict[str, JSON]
    problem: str = ""
    storable: bool = False
    """All strings in ``values`` are known to have neither NULs nor lone surrogates."""


class RawRow(NamedTuple):
    """One row before it is read."""

    number: int
    spelled: bytes
    """The row as the file spells it: equal means equal values. Empty where the format has no spelling of rows."""
    content: Any
    """Input of :attr:`RecordTable.read`."""


class RowBlock(NamedTuple):
    """Neighbouring rows."""

    rows: list[RawRow]
    last: int
    """Number of the last row, or blank line, of the block."""


@dataclass(frozen=True, slots=True)
class RecordTable:
    """An open record file."""

    columns: tuple[str, ...]
    """Empty when the file has no readable row."""
    blocks: Iterator[RowBlock]
    read: Callable[[RawRow], Row | None]
    """Returns the values of a row; ``None``: it is blank."""
    convert: Callable[[JSON], JSON] | None = None
    """Makes metadata out of a value, where the format itself has no types."""


class Extent(NamedTuple):
    """The stretch of a text file that is to be read as rows."""

    start: int = 0
    """Offset of the first byte: 0, or that of a row other than the first."""
    end: int | None = None
    """Offset behind the last byte; ``None``: to the end of the file."""
    rows_before: int = 0


WHOLE = Extent()
