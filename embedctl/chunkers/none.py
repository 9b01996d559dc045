"""The whole document as one chunk, as far as the encoder can read it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..outline import no_heading
from .auto import structure_of

if TYPE_CHECKING:
    from ..outline import Outline
    from ..records import Document


class NoneChunker:
    """Cuts only what is longer than a chunk may be, at the strongest boundaries, and names no headings."""

    def outline(self, document: Document) -> Outline:
        """Return the document's own structure without sections."""
        outline = structure_of(document).softened(())
        return replace(outline, heading=no_heading, paths=frozenset({()}))
