"""Running text: paragraphs, then lines that end on purpose, sentences, words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .plain import plain_outline

if TYPE_CHECKING:
    from ..outline import Outline
    from ..records import Document


class RecursiveChunker:
    """Cuts at paragraphs, and inside them only where they are too long; page starts count above paragraphs."""

    def outline(self, document: Document) -> Outline:
        """Return paragraphs, and pages where the document has them."""
        return plain_outline(document)
