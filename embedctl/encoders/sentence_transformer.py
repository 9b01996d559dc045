"""The encoder kind ``sentence-transformers``: prompts, special tokens, lengths and order; a runtime does the rest."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..errors import EmbedctlError
from .packing import Frame, Packed
from .query_tokenizer import QueryTokenizer
from .runtime import open_runtime

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..config import RuntimeConfig
    from ..contracts import Shape, Tell, TokenIds, Vectors
    from .model_files import ModelFiles
    from .tokenization import HuggingFaceTokenizer


class SentenceTransformerEncoder:
    """A local sentence-transformers model; prompts, pooling and maximum length come from its own files."""

    shape: Shape = "dense"

    def __init__(self, folder: ModelFiles, runtime: RuntimeConfig, message: Tell) -> None:
        """Open the model.

        Raises:
            ModelError: the weights are not the expected ones, or the library cannot load them.
        """
        self.name = folder.name
        self.fingerprint = folder.fingerprint  # checks every weight: nothing is loaded before
        self._folder = folder
        self._queries = QueryTokenizer(folder.tokenizer_json, folder.max_tokens, folder.pad_token)
        self._runtime = open_runtime(folder, runtime, self._queries, message)
        self.runtime = self._runtime.name
        self.dim = self._runtime.dim

    @cached_property
    def _documents(self) -> HuggingFaceTokenizer:
        return self._folder.tokenizer()

    @property
    def tokenizer_fingerprint(self) -> str:
        """Of the tokenizer whose ids :meth:`encode_tokens` takes."""
        return self._documents.fingerprint

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Return float32 ``(len(texts), dim)``, unit norm; a text that is too long is refused."""
        return self.encode_tokens(self._documents.token_ids(texts))

    def encode_tokens(self, tokens: TokenIds) -> Vectors:
        """Return float32 ``(texts, dim)``, unit norm; a text that is too long is refused."""
        frame = self._document_frame
        longest = int(np.diff(tokens.offsets).max(initial=0)) + frame.overhead
        if longest > self._folder.max_tokens:
            raise EmbedctlError(
                f"A chunk has {longest} tokens; {self.name} reads {self._folder.max_tokens}.",
                'Cut the documents again with "embedctl index --rebuild".',
            )
        return self._run(tokens, frame)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return float32 ``(len(texts), dim)``, unit norm; what is beyond the maximum length is cut off."""
        prompt = self._folder.query_prompt
        return self._run(self._queries.tokens(texts, prompt), self._queries.frame(prompt))

    @cached_property
    def _document_frame(self) -> Frame:
        before, after = (tuple(ids.tolist()) for ids in (self._documents.prefix_ids, self._documents.suffix_ids))
        prompt_tokens = self._queries.prompt_tokens(self._folder.document_prompt)
        return Frame(before, after, self._folder.pad_token, prompt_tokens, self._folder.max_tokens)

    def _run(self, tokens: TokenIds, frame: Frame) -> Vectors:
        vectors = np.empty((len(tokens.offsets) - 1, self.dim), dtype=np.float32)
        if len(vectors):
            self._runtime.run(Packed(tokens, frame, self._runtime.batch_tokens), vectors)
        return vectors
