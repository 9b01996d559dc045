"""``show``: one document or chunk by its id, with its place."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..sources.describe import path_from_base
from ..spelling import composed
from ..store.files import read_columns
from ..store.parts import chunk_columns

if TYPE_CHECKING:
    from ..store.layout import Layout
    from ..store.manifest import Manifest, Part

_PLACE = ("doc_id", "source", "path", "record", "title", "media_type", "language", "metadata")
_CHUNK = ("ordinal", "start", "end", "start_line", "end_line", "page", "heading", "context", "text", "tokens")
_DIGITS = 19
"""More have no meaning as the number of a chunk."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A document, or one chunk of it."""

    kind: str
    """``document`` or ``chunk``."""
    id: str
    fields: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return what ``docs/schema/show.v1.json`` describes."""
        return {"schema_version": 1, "kind": self.kind, "id": self.id, **self.fields}


def show(layout: Layout, manifest: Manifest, wanted: str) -> Shown:
    """Return the document or chunk called ``wanted``.

    A chunk is ``source:document#ordinal``, a document ``source:document``; the source may be left out where only one
    has such a document, and a file's path, from the store's base or from the working directory, is a name too.

    Raises:
        UsageError: there is none, or several; the message lists them.
    """
    roots = {source.name: source.root for source in manifest.sources}
    spellings = composed(wanted), composed(layout.from_base(wanted))
    found: list[tuple[Part, int, str, int | None]] = []
    for part in manifest.parts:
        table = read_columns(layout.documents(part.number), part.documents, ["source", "doc_id", "path", "record"])
        dead = frozenset(part.dead)
        for row, document in enumerate(table.to_pylist()):
            if row in dead:
                continue
            ordinal = _match(spellings, document, roots)
            if ordinal is not None:
                name = f"{document['source']}:{document['doc_id']}"
                found.append((part, row, name, ordinal if ordinal >= 0 else None))
    if not found:
        raise UsageError(
            f'The store has no document or chunk "{wanted}".', 'Ids are in the output of "embedctl query --json".'
        )
    if len(found) > 1:
        names = ", ".join(name for _, _, name, _ in found[:5])
        raise UsageError(f'"{wanted}" names {len(found)} documents.', f"Say which: {names}.")
    part, row, name, ordinal = found[0]
    if ordinal is None:
        return _document(layout, part, row, name, roots)
    return _chunk(layout, part, row, name, ordinal, roots)


def _match(wanted: tuple[str, ...], document: dict[str, Any], roots: dict[str, str]) -> int | None:
    """Return -1 when one of ``wanted`` names the document, the ordinal when it names a chunk of it, else ``None``."""
    names = [f"{document['source']}:{document['doc_id']}", document["doc_id"]]
    if document["record"] is None:
        names.append(path_from_base(roots[document["source"]], document["path"]))
    for name in map(composed, names):
        for spelling in wanted:
            if spelling == name:
                return -1
            ordinal = spelling.removeprefix(f"{name}#")
            if ordinal is not spelling and ordinal.isdecimal() and len(ordinal) < _DIGITS:
                return int(ordinal)
    return None


def _place(layout: Layout, part: Part, row: int, roots: dict[str, str], *more: str) -> dict[str, Any]:
    table = read_columns(layout.documents(part.number), part.documents, (*_PLACE, *more))
    document: dict[str, Any] = table.slice(row, 1).to_pylist()[0]
    document["path"] = path_from_base(roots[document["source"]], document["path"])
    document["metadata"] = json.loads(document["metadata"])
    return document


def _document(layout: Layout, part: Part, row: int, name: str, roots: dict[str, str]) -> Shown:
    fields = _place(layout, part, row, roots, "text", "encoding", "size")
    ids = []
    if part.chunks:
        table = chunk_columns(layout, part, "doc_row", "chunk_id")
        ids = [entry["chunk_id"] for entry in table.to_pylist() if entry["doc_row"] == row]
    return Shown("document", name, {**fields, "chunks": ids})


def _chunk(layout: Layout, part: Part, row: int, name: str, ordinal: int, roots: dict[str, str]) -> Shown:
    entries = chunk_columns(layout, part, "chunk_id", "doc_row", *_CHUNK).to_pylist() if part.chunks else []
    for entry in entries:
        if entry["doc_row"] == row and entry["ordinal"] == ordinal:
            del entry["doc_row"]
            return Shown("chunk", entry.pop("chunk_id"), {**_place(layout, part, row, roots), **entry})
    count = sum(entry["doc_row"] == row for entry in entries)
    raise UsageError(
        f"{name} has {count} chunks, numbered from 0; there is no chunk {ordinal}.", f'See "embedctl show {name}".'
    )
