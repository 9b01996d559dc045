"""An encoder that remembers what it was asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from embedctl.contracts import Encoder

if TYPE_CHECKING:
    from embedctl.contracts import Vectors


class CountingEncoder:
    """An encoder, and a list of every text it was given."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.name, self.fingerprint = encoder.name, encoder.fingerprint
        self.shape, self.dim = encoder.shape, encoder.dim
        self.documents: list[str] = []

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        self.documents += texts
        return self._encoder.encode_documents(texts)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._encoder.encode_queries(texts)
