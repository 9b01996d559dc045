"""Rows and columns of a record file of any kind. Rows are numbered, in blocks, and each is read only when needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ParseError, UnsupportedError
from ..registry import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ..config import RecordFields
    from ..records import JSON

ID_NAMES = ("_id", "id", "doc_id", "docid", "docno", "uuid", "key")
TITLE_NAMES = ("title", "headline", "name", "subject")
TEXT_NAMES = ("text", "body", "content", "contents", "passage", "abstract", "document", "description")

_MOST_LISTED = 30


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


class Columns(NamedTuple):
    """The columns of one file, spelled as the file spells them."""

    id: str | None
    title: str | None
    text: str


def find_columns(columns: Sequence[str], fields: RecordFields) -> Columns:
    """Choose among ``columns``: what ``fields`` names, else the first of the usual names; case does not matter.

    Raises:
        ParseError: there is no text column, or a column that ``fields`` names is absent.
    """
    text = _find(columns, fields.text, TEXT_NAMES, "--text-field")
    if text is None:
        hint = "Name the column to search with --text-field."
        raise UnsupportedError(f"has no text column; its columns are {_listed(columns)}", hint)
    return Columns(
        id=_find(columns, fields.id, ID_NAMES, "--id-field"),
        title=_find([column for column in columns if column != text], fields.title, TITLE_NAMES, "--title-field"),
        text=text,
    )


def _find(columns: Sequence[str], wanted: str | None, usual: Sequence[str], flag: str) -> str | None:
    if wanted is not None and wanted in columns:
        return wanted
    spelled = {column.casefold(): column for column in reversed(columns)}
    if wanted is None:
        return next((spelled[name] for name in usual if name in spelled), None)
    if wanted.casefold() in spelled:
        return spelled[wanted.casefold()]
    message = f'has no column "{wanted}" ({flag}); its columns are {_listed(columns)}'
    raise ParseError(message, nearest(wanted, columns).strip())


def _listed(columns: Sequence[str]) -> str:
    more = len(columns) - _MOST_LISTED
    return ", ".join(columns[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")
