"""Spans to chunk rows: text, ordinal, lines, page, context, hash and token count."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from ..records import Chunk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..records import Document
    from .fitting import Fitted

_LINE_END = re.compile(r"\r\n?|\n")


def rows(document: Document, doc_row: int, fitted: Sequence[Fitted]) -> list[Chunk]:
    """Return the rows for spans whose context and token count are known."""
    text, pages = document.text, document.pages
    line_ends = [match.end() for match in _LINE_END.finditer(text)]
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
                start_line=bisect_right(line_ends, start) + 1,
                end_line=bisect_right(line_ends, end - 1) + 1,
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
