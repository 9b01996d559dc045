"""What the BM25 index keeps of a chunk for whoever shows it: JSON, not to be believed before a look at its types."""

from __future__ import annotations

import json
from typing import Any

from ..errors import DamagedError

_TEXT, _NUMBER = (str,), (int,)
_TYPES: dict[str, tuple[type, ...]] = {
    "id": _TEXT,
    "doc_id": _TEXT,
    "source": _TEXT,
    "path": _TEXT,
    "record": (int, type(None)),
    "start_line": _NUMBER,
    "end_line": _NUMBER,
    "page": (int, type(None)),
    "heading": (list,),
    "title": (str, type(None)),
    "media_type": _TEXT,
    "text": _TEXT,
    "metadata": (dict,),
}
"""Fields of a hit that come from the index."""


def shown_of(payload: str) -> dict[str, Any]:
    """Return the fields of a hit that are stored with its chunk.

    Raises:
        DamagedError: it is not what embedctl stores.
    """
    try:
        fields = json.loads(payload)
        sound = fields.keys() == _TYPES.keys() and all(isinstance(fields[name], _TYPES[name]) for name in _TYPES)
        sound = sound and all(isinstance(heading, str) for heading in fields["heading"])
    except (ValueError, AttributeError, RecursionError):
        sound = False
    if not sound:
        raise DamagedError(
            "The BM25 index has a row that does not say what it shows.",
            'Make both indexes anew with "embedctl doctor --repair".',
        )
    return dict(fields)
