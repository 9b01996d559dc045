"""What hits show of a chunk: JSON, not believed before its types are checked.

Which fields there are, and where each comes from, is declared by :class:`~embedctl.records.Hit`.
"""

from __future__ import annotations

from json import JSONEncoder, loads
from typing import TYPE_CHECKING, Any

from ..errors import DamagedError
from ..labels import label
from ..records import CHUNK_FIELDS, DOCUMENT_FIELDS, PAYLOAD_TYPES
from ..store.files import iter_batches, read_columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..store.layout import Layout
    from ..store.manifest import Part

_json = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_CHUNK_COLUMNS = ("doc_row", "chunk_id", *(name for name in CHUNK_FIELDS if name != "id"))


def payloads(layout: Layout, part: Part) -> Iterator[tuple[int, int, str]]:
    """Yield label, label of the document and JSON of each live chunk of a part, by ascending label."""
    assert part.chunks is not None
    table = read_columns(layout.documents(part.number), part.documents, DOCUMENT_FIELDS)
    shown = [_of_document(document) for document in table.to_pylist()]
    dead = frozenset(part.dead)
    first = number = label(part.number, 0)
    for batch in iter_batches(layout.chunks(part.number), part.chunks, _CHUNK_COLUMNS):
        columns = [batch.column(name).to_pylist() for name in _CHUNK_COLUMNS]
        for row, chunk_id, *own in zip(*columns, strict=True):
            if row not in dead:
                fields = _json(dict(zip(CHUNK_FIELDS, (chunk_id, *own), strict=True)))
                yield number, first | row, f"{fields[:-1]},{shown[row]}"
            number += 1


def shown_of(payload: str | bytes) -> dict[str, Any]:
    """Return the fields of a hit that are kept with its chunk.

    Raises:
        DamagedError: it is not what :func:`payloads` writes.
    """
    try:
        fields = loads(payload)
        sound = fields.keys() == PAYLOAD_TYPES.keys() and all(
            isinstance(fields[name], types) for name, types in PAYLOAD_TYPES.items()
        )
        sound = sound and all(isinstance(heading, str) for heading in fields["heading"])
    except (ValueError, AttributeError, RecursionError):
        sound = False
    if not sound:
        raise DamagedError(
            "The index has a row that does not say what it shows.", 'Rebuild it with "embedctl doctor --repair".'
        )
    return dict(fields)


def _of_document(document: dict[str, Any]) -> str:
    """Return the end of the JSON object: what all chunks of a document have in common; metadata is JSON already."""
    metadata = document.pop("metadata")
    return f'{_json(document)[1:-1]},"metadata":{metadata}}}'
