"""What every chunker is: an outline, and the shared machinery behind it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from ..records import ChunkSpan
from .batch import fit_documents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..config import ChunkConfig
    from ..contracts import Tokenizer
    from ..records import Document
    from .outline import Outline


class Strategy(ABC):
    """Cuts documents along the outline that a subclass finds."""

    @abstractmethod
    def outline(self, document: Document) -> Outline:
        """Return the structure of ``document`` from ``body_start`` on."""

    def split(self, document: Document, tokenizer: Tokenizer, config: ChunkConfig) -> Iterator[ChunkSpan]:
        """Yield the spans of one document, see :class:`~embedctl.contracts.Chunker`."""
        for _, fitted in fit_documents([document], self, tokenizer, config):
            yield from (ChunkSpan(piece.start, piece.end, piece.heading) for piece in fitted)
