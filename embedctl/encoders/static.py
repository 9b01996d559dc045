"""The encoder kind ``static``: the mean of a text's token vectors, out of a table that was fitted to a model."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..system.processors import processors
from .static_format import TOKENIZER, map_table, read_facts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..contracts import TokenIds, Vectors
    from .tokenization import HuggingFaceTokenizer

BULK_TOKENS = 32_768
"""From there on a sparse product pays, by several threads; below, it would take longer to import than to do without."""
STRIPES = 8
"""Pieces of a bulk, so that no thread waits long for another."""


class StaticEncoder:
    """An encoder distilled from a model, in the space of which its vectors lie; no model is loaded.

    It has no longest input and no prompts: queries are pooled as documents are.
    """

    def __init__(self, folder: Path) -> None:
        """Open the encoder in ``folder``, as ``static_format`` describes it.

        Raises:
            DamagedError: its files are not there, or not readable.
        """
        self._folder = folder
        self._facts = read_facts(folder)
        self._table = map_table(folder).view(np.ndarray)  # indexing a memmap itself is slow
        self.name = self._facts.model
        self.fingerprint = self._facts.fingerprint
        self.dim = self._table.shape[1]
        self.runtime = f"distilled to a table of {len(self._table):,} token vectors"

    @cached_property
    def _tokenizer(self) -> HuggingFaceTokenizer:
        from .tokenization import HuggingFaceTokenizer

        facts = self._facts
        return HuggingFaceTokenizer(self._folder / TOKENIZER, facts.max_tokens, facts.document_prompt)

    @property
    def tokenizer_fingerprint(self) -> str:
        """Of the tokenizer whose ids :meth:`encode_tokens` takes: the teacher's for documents."""
        return self._tokenizer.fingerprint

    def encode_tokens(self, tokens: TokenIds) -> Vectors:
        """Return float32 ``(texts, dim)``, unit norm; a text without tokens gets the mean of all of them.

        Raises:
            IndexError: a token is not in the table.
        """
        if len(tokens.ids) and not 0 <= int(tokens.ids.min()) <= int(tokens.ids.max()) < len(self._table):
            raise IndexError(f"token ids must lie between 0 and {len(self._table) - 1}")
        vectors = np.empty((len(tokens.offsets) - 1, self.dim), dtype=np.float32)
        if len(tokens.ids) < BULK_TOKENS:
            for row, (low, high) in enumerate(zip(tokens.offsets.tolist(), tokens.offsets[1:].tolist(), strict=False)):
                np.add.reduce(self._table[tokens.ids[low:high]], axis=0, out=vectors[row])
        else:
            self._pool_bulk(tokens, vectors)
        empty = np.flatnonzero(np.diff(tokens.offsets) == 0)
        if len(empty):
            vectors[empty] = self._middle
        lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
        vectors /= np.maximum(lengths, np.finfo(np.float32).tiny)[:, None]
        return vectors

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Return float32 ``(len(texts), dim)``, unit norm."""
        return self.encode_tokens(self._tokenizer.token_ids(texts))

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return float32 ``(len(texts), dim)``, unit norm, as documents of these texts have."""
        return self.encode_documents(texts)

    def _pool_bulk(self, tokens: TokenIds, vectors: Vectors) -> None:
        """Fill ``vectors`` with the sums of each text's rows, added in the same order as one by one."""
        from scipy.sparse import csr_matrix

        edges = [len(vectors) * at // STRIPES for at in range(STRIPES + 1)]

        def stripe(at: int) -> None:
            start, end = edges[at], edges[at + 1]
            low, high = tokens.offsets[start], tokens.offsets[end]
            ones = np.ones(high - low, dtype=np.float32)
            places = (ones, tokens.ids[low:high], tokens.offsets[start : end + 1] - low)
            vectors[start:end] = csr_matrix(places, shape=(end - start, len(self._table))) @ self._table

        with ThreadPoolExecutor(processors(), "static") as pool:
            list(pool.map(stripe, range(STRIPES)))

    @cached_property
    def _middle(self) -> Vectors:
        middle: Vectors = self._table.mean(axis=0)
        return middle
