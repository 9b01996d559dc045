"""What each kind of record file is read into: numbered rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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


@dataclass(frozen=True, slots=True)
class Table:
    """An open record file."""

    columns: tuple[str, ...]
    """Empty when the file has no readable row."""
    rows: Iterator[Row]
    convert: Callable[[JSON], JSON] | None = None
    """Makes metadata out of a value, where the format itself has no types."""
