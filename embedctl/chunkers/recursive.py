"""Running text: paragraphs, then lines that end on purpose, sentences, words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .plain import plain_outline
from .strategy import Strategy

if TYPE_CHECKING:
    from ..records import Document
    from .outline import Outline


class RecursiveChunker(Strategy):
    """Cuts at paragraphs, and inside them only where they are too long; page starts count above paragraphs."""

    def outline(self, document: Document) -> Outline:
        """Return paragraphs, and pages where the document has them."""
        return plain_outline(document)
