"""The encoder kind ``sentence-transformers``: transformer, pooling and normalization run by torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from ..errors import EmbedctlError, ModelError
from .tokenization import HuggingFaceTokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..config import RuntimeConfig
    from ..contracts import Vectors
    from .model_folder import ModelFolder


class SentenceTransformerEncoder:
    """A local sentence-transformers model; prompts, pooling and maximum length come from its own files."""

    def __init__(self, folder: ModelFolder, runtime: RuntimeConfig) -> None:
        """Load the model.

        Raises:
            ModelError: the weights are not the expected ones, or the library cannot load them.
        """
        self.name = folder.name
        self.fingerprint = folder.fingerprint  # reads every weight: nothing is loaded before this check
        self._folder = folder
        self._batch_tokens = runtime.batch_tokens
        self._tokenizer = HuggingFaceTokenizer(folder.tokenizer_json, folder.max_tokens, folder.document_prompt)
        self._model = _load(folder)
        self.dim = int(self._model.get_embedding_dimension() or 0)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Return float32 ``(len(texts), dim)``, unit norm; a text that is too long is refused."""
        lengths = np.asarray(self._tokenizer.count(texts), dtype=np.int64)
        if lengths.size and int(lengths.max()) > self._folder.max_tokens:
            raise EmbedctlError(
                f"A chunk has {int(lengths.max())} tokens; {self.name} reads {self._folder.max_tokens}.",
                'Cut the documents again with "embedctl index --rebuild".',
            )
        vectors = np.empty((len(texts), self.dim), dtype=np.float32)
        order = np.argsort(-lengths, kind="stable")
        start = 0
        while start < len(order):
            longest = max(1, int(lengths[order[start]]))
            batch = order[start : start + max(1, self._batch_tokens // longest)]
            vectors[batch] = self._encode([texts[row] for row in batch], self._folder.document_prompt)
            start += len(batch)
        return vectors

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return float32 ``(len(texts), dim)``, unit norm; what is beyond the maximum length is cut off."""
        return self._encode(list(texts), self._folder.query_prompt)

    def _encode(self, texts: list[str], prompt: str) -> Vectors:
        if not texts:
            return np.empty((0, self.dim), dtype=np.float32)
        vectors = self._model.encode(
            texts, prompt=prompt, batch_size=len(texts), normalize_embeddings=True, convert_to_numpy=True,
            show_progress_bar=False,
        )  # fmt: skip
        return cast("Vectors", np.ascontiguousarray(vectors, dtype=np.float32))


def _load(folder: ModelFolder):  # type: ignore[no-untyped-def]
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(
            str(folder.path), device="cpu", trust_remote_code=False, local_files_only=True,
            model_kwargs={"use_safetensors": True},
        )  # fmt: skip
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise ModelError(
            f'The model "{folder.name}" cannot be loaded: {error}.', "Fetch or save it again, or choose another."
        ) from error
