"""Columns of a record file: id, title and text."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..errors import ParseError, UnsupportedError
from ..registry import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..config import RecordFields

ID_NAMES = ("_id", "id", "doc_id", "docid", "docno", "uuid", "key")
TITLE_NAMES = ("title", "headline", "name", "subject")
TEXT_NAMES = ("text", "body", "content", "contents", "passage", "abstract", "document", "description")

_MOST_LISTED = 30


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
