"""Spans to chunk rows: text, ordinal, lines, page, context, hash and token count."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from typing import TYPE_CHECKING

from ..records import Chunk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..records import Document
    from .fitting import Fitted


def rows(document: Document, doc_row: int, fitted: Sequence[Fitted]) -> list[Chunk]:
    """Return the rows for spans whose context and token count are known."""
    text, pages = document.text, document.pages
    lines = LineCounter(text)
    prefix = f"{document.source}:{document.doc_id}#"
    chunks = []
    for ordinal, (start, end, heading, context, tokens, ids) in enumerate(fitted):
        body = text[start:end]
        chunks.append(
            Chunk(
                chunk_id=f"{prefix}{ordinal}",
                doc_id=document.doc_id,
                doc_row=doc_row,
                ordinal=ordinal,
                start=start,
                end=end,
                start_line=lines.line(start),
                end_line=lines.line(end - 1),
                page=max(1, bisect_right(pages, start)) if pages else None,
                heading=heading,
                context=context,
                text=body,
                sha256=hashlib.sha256((context + body).encode()).digest(),
                tokens=tokens,
                token_ids=ids,
            )
        )
    return chunks


class LineCounter:
    r"""1-based line numbers; ``\n``, ``\r\n`` and a lone ``\r`` each end a line.

    Counts on from the last question, so rising positions cost one pass over the text. A position between the two
    characters of ``\r\n`` counts as the next line; chunks never begin or end there.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._returns = "\r" in text
        self._position = 0
        self._line = 1

    def line(self, position: int) -> int:
        """Return the line of the character at ``position``."""
        if position < self._position:
            self._line -= self._breaks(position, self._position)
        else:
            self._line += self._breaks(self._position, position)
        self._position = position
        return self._line

    def _breaks(self, start: int, end: int) -> int:
        breaks = self._text.count("\n", start, end)
        if self._returns:
            breaks += self._text.count("\r", start, end) - self._text.count("\r\n", start, end)
        return breaks
