"""The encoder kind ``sentence-transformers``: prompts, special tokens, lengths and order; a runtime does the rest."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ..errors import EmbedctlError, UsageError
from .packing import Frame, Packed
from .query_tokenizer import QueryTokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..config import RuntimeConfig
    from ..contracts import Shape, Tell, TokenIds, Tokenizer, Vectors
    from .model_files import ModelFiles


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
    def _documents(self) -> Tokenizer:
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


class Runtime(Protocol):
    """Turns packed batches into vectors; knows nothing of text."""

    name: str
    """Such as ``openvino bf16`` or ``torch cpu``."""
    dim: int
    batch_tokens: int
    """Most padded tokens that a batch should have."""

    def run(self, packed: Packed, vectors: Vectors) -> None:
        """Write the unit-norm vector of every input to its row of ``vectors``, float32 ``(inputs, dim)``."""
        ...


def open_runtime(folder: ModelFiles, config: RuntimeConfig, tokenizer: QueryTokenizer, message: Tell) -> Runtime:
    """Open the runtime that ``config`` asks for.

    Raises:
        UsageError: there is no such device, or OpenVINO is asked to use one.
        ModelError: the model cannot be loaded, or not be converted although OpenVINO is asked for.
    """
    if config.runtime == "openvino" and config.device != "cpu":
        raise UsageError(
            f'The OpenVINO runtime uses the CPU, not "{config.device}".', "Leave out --device or --runtime."
        )
    if config.runtime != "torch" and config.device == "cpu":
        from .openvino_library import ConversionError
        from .openvino_runtime import OpenVinoRuntime

        try:
            return OpenVinoRuntime(folder, config, tokenizer, message)
        except ConversionError as error:
            if config.runtime == "openvino":
                raise
            message("warning", f"{error.message} It runs with torch instead, which is slower.")
    from .torch_runtime import TorchRuntime

    return TorchRuntime(folder, config, tokenizer)
