"""One chunk for each page, slide or sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .auto import page_outline

if TYPE_CHECKING:
    from ..outline import Outline
    from ..records import Document


class PageChunker:
    """Cuts at every page, and inside a page only where it is too long; without pages, as ``auto`` would."""

    def outline(self, document: Document) -> Outline:
        """Return pages as sections, with the document's own structure inside them."""
        return page_outline(document)
