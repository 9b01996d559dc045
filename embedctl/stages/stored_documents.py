"""Documents as they are stored, compared with those that were read again."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from ..store.parts import iter_documents

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..records import Document
    from ..store.layout import Layout
    from ..store.live_documents import DocumentPlace
    from ..store.manifest import Part

_PARTS = 2
"""So many are in memory at once; files that are met one after the other are mostly in one part."""


class StoredDocuments:
    """The live documents of some parts, read a part at a time."""

    def __init__(self, layout: Layout, parts: Iterable[Part]) -> None:
        self._layout = layout
        self._parts = {part.number: part for part in parts}
        self._read = lru_cache(_PARTS)(self._documents)

    def are(self, places: Sequence[DocumentPlace], documents: Sequence[Document]) -> bool:
        """Return whether the documents in ``places`` are these, whenever their files were changed."""
        found = [self._read(part).get(row) for part, row in places]
        stored = [_timeless(each) for each in found if each is not None]
        return {each.doc_id: each for each in stored} == {each.doc_id: _timeless(each) for each in documents}

    def _documents(self, number: int) -> dict[int, Document]:
        return dict(iter_documents(self._layout, self._parts[number]))


def _timeless(document: Document) -> Document:
    return replace(document, mtime_us=0, pages=tuple(document.pages))
