"""One row of a record file becomes a record, or the reason why it does not."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING

from ..records import JSON, BadRecord, Outcome, Record
from .paths import is_utf8

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .columns import Columns
    from .table import Row

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_NESTED_METADATA = "metadata"
_DEEPEST = 100
"""Levels of lists and objects in metadata: code that reads it later may recurse."""
_SIMPLE = frozenset({str, int, bool, type(None)})
"""Types whose values an index can hold where their strings can be held."""
_BETWEEN_TEXTS = "\n\n"


def make_record(
    row: Row, columns: Columns, convert: Callable[[JSON], JSON] | None, row_hash: int | None
) -> Record | BadRecord:
    """Return the record of a row: its text columns and lines, else its title, as text.

    ``convert`` makes metadata of a value. Raises a ``RecursionError`` where values are nested too deep.
    """
    if row.problem:
        return BadRecord(row.number, row.problem)
    values = row.values
    lines = _lines(values, columns) if columns.lines else ""
    texts = [values.pop(name, None) for name in columns.text]
    text = texts[0] if len(texts) == 1 and not lines else None
    if type(text) is not str:
        for name, value in zip(columns.text, texts, strict=True):
            if not isinstance(value, (str, type(None))) and not _is_texts(value):
                return BadRecord(row.number, f'its "{name}" is {_kind(value)}, not text')
        text = _text(texts, lines)
    own_id = values.pop(columns.id, None) if columns.id is not None else None
    if isinstance(own_id, (list, dict)):
        return BadRecord(row.number, f'its "{columns.id}" is {_kind(own_id)}, not an id')
    title = None
    if columns.title is not None and not isinstance(values.get(columns.title), (list, dict)):
        title = values.pop(columns.title, None)
    spelled_title = _spelled(title) or None
    if not text or text.isspace():
        text = spelled_title or ""
        if not text or text.isspace():
            return BadRecord(row.number, _emptiness(texts, columns), Outcome.SKIPPED)
    spelled_id = _spelled(own_id)
    if not spelled_id and columns.id is not None:
        row_hash = None  # its number is its id, and not in the hash
    spelled_id = spelled_id or str(row.number)
    if not row.storable:
        text, spelled_id = _storable_text(text), _storable_text(spelled_id)
        spelled_title = spelled_title and _storable_text(spelled_title)
    metadata = _metadata(values, convert)
    if not (row.storable and all(type(value) in _SIMPLE for value in metadata.values())):
        metadata = {_storable_text(key): storable(value) for key, value in metadata.items()}
    return Record(spelled_id, row.number, spelled_title, text, metadata, row_hash)


def storable(value: JSON, levels: int = _DEEPEST) -> JSON:
    """Return ``value`` with U+FFFD for NUL and lone surrogates, and ``None`` for numbers that are not finite.

    Raises:
        RecursionError: it is nested deeper than ``levels``.
    """
    if levels < 0:
        raise RecursionError
    if isinstance(value, str):
        return _storable_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [storable(item, levels - 1) for item in value]
    if isinstance(value, dict):
        return {_storable_text(key): storable(item, levels - 1) for key, item in value.items()}
    return value


def _text(texts: list[JSON], lines: str) -> str:
    """Return the values of the text columns, one verbatim, and the lines below them; empty: there are neither."""
    spelled = ("\n".join(map(str, value)) if isinstance(value, list) else str(value or "") for value in texts)
    parts = [text for text in spelled if text and not text.isspace()]
    return _BETWEEN_TEXTS.join([*parts, lines] if lines else parts)


def _lines(values: dict[str, JSON], columns: Columns) -> str:
    found = ((name, ", ".join(_words(values.get(name), _DEEPEST))) for name in columns.lines)
    return "\n".join(f"{name}: {words}" for name, words in found if words)


def _words(value: JSON, levels: int) -> Iterator[str]:
    """Yield what there is to search in a value of metadata: what its lists and objects hold, one after another."""
    if levels < 0:
        raise RecursionError
    if isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _words(item, levels - 1)
    elif spelled := " ".join(_spelled(value).split()):
        yield spelled


def _emptiness(texts: list[JSON], columns: Columns) -> str:
    """Return why a row has nothing to search."""
    if len(texts) == 1:
        return f'has no "{columns.text[0]}"' if texts[0] is None else f'its "{columns.text[0]}" is empty'
    return "has no text" if texts or columns.title is None else f'has no "{columns.title}"'


def _is_texts(value: JSON) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _metadata(values: dict[str, JSON], convert: Callable[[JSON], JSON] | None) -> dict[str, JSON]:
    """Return the other columns, an object called ``metadata`` (as BEIR has it) dissolved into them."""
    if convert is not None:
        return {key: convert(value) for key, value in values.items()}
    nested = values.get(_NESTED_METADATA)
    if isinstance(nested, dict):
        return {**nested, **{key: value for key, value in values.items() if key != _NESTED_METADATA}}
    return values


def _spelled(value: JSON) -> str:
    """Return an id or title as text; 7.0 is "7", because a column of integers with gaps is often kept as floats."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value)


def _storable_text(text: str) -> str:
    return text if "\0" not in text and is_utf8(text) else _UNSTORABLE.sub("\ufffd", text)


def _kind(value: JSON) -> str:
    if isinstance(value, bool):
        return "a truth value"
    if isinstance(value, (int, float)):
        return "a number"
    return "a list" if isinstance(value, list) else "an object"
