"""The chunks of a part as arms that search text see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..labels import label
from ..store.files import iter_batches, read_columns
from .kind import TextRow

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from ..store.layout import Layout
    from ..store.manifest import Part

_DOCUMENT_COLUMNS = ("title", "path")
_CHUNK_COLUMNS = ("doc_row", "heading", "text")


def text_rows(layout: Layout, part: Part, documents: Collection[int] | None = None) -> Iterator[TextRow]:
    """Yield the chunks of some documents of a part, by ascending label; ``None``: of the live ones."""
    assert part.chunks is not None
    table = read_columns(layout.documents(part.number), part.documents, _DOCUMENT_COLUMNS)
    titles, paths = (table.column(name).to_pylist() for name in _DOCUMENT_COLUMNS)
    wanted = frozenset(range(len(titles)) if documents is None else documents)
    if documents is None:
        wanted -= frozenset(part.dead)
    first = number = label(part.number, 0)
    for batch in iter_batches(layout.chunks(part.number), part.chunks, _CHUNK_COLUMNS):
        columns = [batch.column(name).to_pylist() for name in _CHUNK_COLUMNS]
        for row, heading, text in zip(*columns, strict=True):
            if row in wanted:
                yield TextRow(number, first | row, text, titles[row] or "", tuple(heading), paths[row])
            number += 1
