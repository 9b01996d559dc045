"""Fixed windows of tokens, whatever the text is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..outline import Outline

if TYPE_CHECKING:
    from ..records import Document


class WindowChunker:
    """Fills every chunk, then goes back to the last word; set ``overlap`` to let neighbours share text."""

    def outline(self, document: Document) -> Outline:  # noqa: ARG002 - a window has no structure
        """Return no structure."""
        return Outline(prose=False)
