"""Chunks for the map, with their vectors, texts and names."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import numpy as np

from ..index.open import require_index
from ..labels import labels, part_of, row_of
from ..sources.describe import path_from_base
from ..store.parts import chunks_and_documents, live_chunk_rows, read_vectors
from ..store.vectors import read_hashes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..contracts import Vectors
    from ..store.layout import Layout
    from ..store.manifest import IndexRecord, Manifest

_DOCUMENT = ("source", "path", "record", "title")
_CHUNK = ("start_line", "end_line", "page", "heading", "text")
_TITLE = 80
"""Characters."""


@dataclass(frozen=True, slots=True)
class MapChunk:
    """A chunk as the map shows it, with the text that names its cluster."""

    source: str
    path: str
    """From the store's base, or absolute where the source is."""
    title: str
    """Of its document, else the first words of a record and the name of a file; with the last heading above it."""
    place: str
    text: str


def read_sample(layout: Layout, manifest: Manifest, most: int) -> tuple[tuple[MapChunk, ...], Vectors]:
    """Return at most ``most`` live chunks: those whose texts have the smallest hashes, in the order of the parts.

    With them, row for row, their vectors: float32 ``(n, dim)``, of unit norm.

    So a sample is the same each time, without regard to the order of files, and a store that grows keeps most of it.
    """
    index = require_index(layout, manifest)
    chosen = _choose(layout, index, most)
    roots = {source.name: source.root for source in manifest.sources}
    chunks: list[MapChunk] = []
    vectors: list[Vectors] = [np.empty((0, index.encoder.dim), np.float32)]
    for part, rows in zip(index.parts, chosen, strict=True):
        if len(rows):
            chunks += [_chunk(row, roots) for row in chunks_and_documents(layout, part, rows, _CHUNK, _DOCUMENT)]
            vectors.append(read_vectors(layout, part)[rows])
    return tuple(chunks), np.concatenate(vectors)


def _choose(layout: Layout, index: IndexRecord, most: int) -> list[NDArray[np.int64]]:
    """Return the chosen rows of each part, ascending."""
    keys, found = [np.empty(0, np.uint64)], [np.empty(0, np.uint64)]
    for part in index.parts:
        hashes = read_hashes(layout, part)[:, 0]
        live = live_chunk_rows(layout, part)
        keys.append(hashes[live])
        found.append(labels(part.number, live))
    taken = np.concatenate(found)[np.sort(np.argsort(np.concatenate(keys), kind="stable")[:most])]
    return [row_of(taken[part_of(taken) == part.number]) for part in index.parts]


def _chunk(row: dict[str, Any], roots: dict[str, str]) -> MapChunk:
    path = path_from_base(roots.get(row["source"], ""), row["path"])
    title = row["title"] or _untitled(row)
    heading = row["heading"][-1] if row["heading"] else title
    shown = title if heading == title else f"{title} › {heading}"
    return MapChunk(row["source"], path, shown, f"{path}, {_place(row)}", row["text"])


def _untitled(row: dict[str, Any]) -> str:
    if row["record"] is None:
        return str(row["path"]).rsplit("/", 1)[-1]
    return shorten(row["text"], _TITLE, placeholder=" ...")


def _place(chunk: dict[str, Any]) -> str:
    if chunk["record"] is not None:
        return f"record {chunk['record']:,}"
    if chunk["page"] is not None:
        return f"page {chunk['page']:,}"
    first, last = chunk["start_line"], chunk["end_line"]
    return f"line {first:,}" if first == last else f"lines {first:,} to {last:,}"
