"""The encoder kind ``static``: the mean of a text's token vectors, out of a table that was fitted to a model."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import DamagedError, ModelError
from ..system.resources import processors
from .card import DEFAULT_RUNTIME, Card, silent
from .machine_cache import remembered, sha256_file
from .static_format import TABLE, TOKENIZER, StaticFacts, fingerprint_of, map_table, read_facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..config import RuntimeConfig
    from ..contracts import Shape, Tell, TokenIds, Tokenizer, Vectors

BULK_TOKENS = 32_768
"""From there on a sparse product pays, by several threads; below, it would take longer to import than to do without."""
STRIPES = 8
"""Pieces of a bulk, so that no thread waits long for another."""


@dataclass(frozen=True)
class StudentCard(Card):
    """A folder as ``static_format`` describes it."""

    folder: Path
    facts: StaticFacts

    kind = "static"

    @property
    def fingerprint(self) -> str:
        """Of table, tokenizer and teacher, as the folder has it."""
        return self.facts.fingerprint

    @property
    def space(self) -> str:
        """Fingerprint of the teacher."""
        return self.facts.teacher

    @property
    def weights_bytes(self) -> int:
        """Size of the table."""
        return (self.folder / TABLE).stat().st_size

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        """The teacher's, with its limits, since the teacher may answer the queries."""
        from .tokenization import HuggingFaceTokenizer

        facts = self.facts
        return HuggingFaceTokenizer(self.folder / TOKENIZER, facts.max_tokens, facts.document_prompt)

    def open(self, runtime: RuntimeConfig = DEFAULT_RUNTIME, message: Tell = silent) -> StaticEncoder:  # noqa: ARG002
        """Map the table; nothing about it depends on the runtime.

        Raises:
            DamagedError: its table is not there, or not readable.
        """
        return StaticEncoder(self)


def student_card(folder: Path) -> StudentCard:
    """Return the card of the encoder in ``folder``, which says itself what it is.

    Raises:
        DamagedError: its configuration is not there, or not readable.
    """
    return StudentCard(f"static:{folder}", folder, read_facts(folder))


def card(spec: str) -> StudentCard:
    """Return the card of ``static:FOLDER``, of which every byte is checked when it changed.

    Raises:
        ModelError: there is no static encoder in the folder, or its files are not those that were written.
    """
    folder = Path(spec.removeprefix("static:")).expanduser().resolve()
    try:
        found = student_card(folder)
        made = remembered(
            folder,
            ["static"],
            lambda: fingerprint_of(sha256_file(folder / TABLE), found.tokenizer().fingerprint, found.space),
        )
    except (DamagedError, OSError) as error:
        raise ModelError(
            f'There is no static encoder in "{folder}": {error}.', "Name a folder: static:FOLDER"
        ) from error
    if made != found.fingerprint:
        raise ModelError(f"The static encoder in {folder} is not what its configuration says.", "Export it again.")
    return found


class StaticEncoder:
    """An encoder distilled from a model, in the space of which its vectors lie; no model is loaded.

    It has no longest input and no prompts: queries are pooled as documents are.
    """

    shape: Shape = "dense"

    def __init__(self, card: StudentCard) -> None:
        """Open the encoder of ``card``.

        Raises:
            DamagedError: its table is not there, or not readable.
        """
        self._card = card
        self._table = map_table(card.folder).view(np.ndarray)  # indexing a memmap itself is slow
        self.name = card.name
        self.fingerprint = card.fingerprint
        self.dim = self._table.shape[1]
        self.runtime = f"distilled to a table of {len(self._table):,} token vectors"

    @property
    def tokenizer_fingerprint(self) -> str:
        """Of the tokenizer whose ids :meth:`encode_tokens` takes: the teacher's for documents."""
        return self._card.tokenizer().fingerprint

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
        return self.encode_tokens(self._card.tokenizer().token_ids(texts))

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
