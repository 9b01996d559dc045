"""Titles of documents, by the names that judgements and runs have for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..evaluation.resolve import CHUNK, names_of
from ..index.open import require_index
from ..store.parts import live_documents

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ..store.layout import Layout
    from ..store.manifest import Manifest


def read_titles(layout: Layout, manifest: Manifest, names: Collection[str]) -> dict[str, str]:
    """Return titles of documents of the index by name; :func:`title_of` reads them.

    Names are ids of documents or chunks, ``source:id``, or paths from the store's base.

    Raises:
        NoStoreError: there is no index.
    """
    wanted = {name for one in names for name in (one, _document(one))}
    roots = {source.name: source.root for source in manifest.sources}
    titles: dict[str, str] = {}
    for part in require_index(layout, manifest).parts:
        columns = ("source", "doc_id", "path", "record", "title")
        for _, entry in live_documents(layout, part, columns):
            if entry["title"]:
                for name, _ in names_of(entry, roots):
                    if name in wanted:
                        titles.setdefault(name, entry["title"])
    return titles


def title_of(name: str, titles: Mapping[str, str]) -> str:
    """Return ``title (name)``, or the name alone where there is no title."""
    title = titles.get(name) or titles.get(_document(name))
    return f"{title} ({name})" if title and title != name else name


def _document(name: str) -> str:
    """Return the name of a chunk's document, and any other name as it is."""
    chunk = CHUNK.fullmatch(name)
    return chunk[1] if chunk else name
