"""Titles of documents, by the names that judgements and runs have for them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..index.open import require_index
from ..sources.describe import path_from_base
from ..store.files import read_columns

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from ..store.layout import Layout
    from ..store.manifest import Manifest

_CHUNK = re.compile(r"(.+)#(\d+)", re.DOTALL)


def read_titles(layout: Layout, manifest: Manifest, names: Collection[str]) -> dict[str, str]:
    """Return titles of documents by name; :func:`title_of` reads them.

    Args:
        layout: where the store is.
        manifest: its snapshot; the documents of its index are looked through.
        names: ids of documents or chunks, ``source:id``, or paths from the store's base.

    Raises:
        NoStoreError: there is no index.
    """
    wanted = {name for one in names for name in (one, _document(one))}
    roots = {source.name: source.root for source in manifest.sources}
    titles: dict[str, str] = {}
    for part in require_index(layout, manifest).parts:
        columns = ("source", "doc_id", "path", "record", "title")
        table = read_columns(layout.documents(part.number), part.documents, columns)
        dead = frozenset(part.dead)
        for row, entry in enumerate(table.to_pylist()):
            if row not in dead and entry["title"]:
                for name in _names(entry, roots):
                    if name in wanted:
                        titles.setdefault(name, entry["title"])
    return titles


def title_of(name: str, titles: Mapping[str, str]) -> str:
    """Return ``title (name)``, or the name alone where there is no title."""
    title = titles.get(name) or titles.get(_document(name))
    return f"{title} ({name})" if title and title != name else name


def _names(entry: dict[str, Any], roots: dict[str, str]) -> Iterator[str]:
    yield entry["doc_id"]
    yield f"{entry['source']}:{entry['doc_id']}"
    if entry["record"] is None:
        yield path_from_base(roots.get(entry["source"], ""), entry["path"])


def _document(name: str) -> str:
    """Return the name of a chunk's document, and any other name as it is."""
    chunk = _CHUNK.fullmatch(name)
    return chunk[1] if chunk else name
