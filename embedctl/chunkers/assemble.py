"""Spans to chunk rows: text, ordinal, lines, page, context, hash and token count."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from typing import TYPE_CHECKING

from ..records import Chunk
from .context import Contexts
from .fitting import Fitted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..config import ChunkConfig
    from ..contracts import Tokenizer
    from ..records import ChunkSpan, Document


def assemble(
    document: Document, doc_row: int, spans: Iterable[ChunkSpan], tokenizer: Tokenizer, config: ChunkConfig
) -> list[Chunk]:
    """Return the rows for ``spans`` of ``document``, which is row ``doc_row`` of its part; tokens are counted."""
    contexts = Contexts(tokenizer, config)
    listed = list(spans)
    lines = [contexts.of(document.title, span.heading).text for span in listed]
    counts = tokenizer.count(
        [line + document.text[span.start : span.end] for line, span in zip(lines, listed, strict=True)]
    )
    fitted = [Fitted(*span, line, count) for span, line, count in zip(listed, lines, counts, strict=True)]
    return rows(document, doc_row, fitted)


def rows(document: Document, doc_row: int, fitted: Sequence[Fitted]) -> list[Chunk]:
    """Return the rows for spans whose context and token count are known."""
    text, pages = document.text, document.pages
    first_lines, last_lines = LineCounter(text), LineCounter(text)
    prefix = f"{document.source}:{document.doc_id}#"
    chunks = []
    for ordinal, (start, end, heading, context, tokens) in enumerate(fitted):
        body = text[start:end]
        chunks.append(
            Chunk(
                chunk_id=f"{prefix}{ordinal}",
                doc_id=document.doc_id,
                doc_row=doc_row,
                ordinal=ordinal,
                start=start,
                end=end,
                start_line=first_lines.line(start),
                end_line=last_lines.line(end - 1),
                page=max(1, bisect_right(pages, start)) if pages else None,
                heading=heading,
                context=context,
                text=body,
                sha256=hashlib.sha256((context + body).encode()).digest(),
                tokens=tokens,
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
