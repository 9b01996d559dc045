"""Encoders: one file per kind. ``describe`` and ``open_tokenizer`` never import a model's runtime."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from ..registry import Registry

if TYPE_CHECKING:
    from ..config import RuntimeConfig
    from ..contracts import Encoder, Tokenizer
    from .model_folder import ModelFolder

ENCODERS = Registry(
    "encoder", {"sentence-transformers": "embedctl.encoders.sentence_transformer:SentenceTransformerEncoder"}
)


@lru_cache(maxsize=8)
def find_model(model: str) -> ModelFolder:
    """Return the checked folder of a model: an embedded name, a local folder, or a hub name in the local cache.

    Raises:
        ModelError: it is not on this machine, or not a kind that is safe to load.
    """
    from .model_folder import resolve

    return resolve(model)


@lru_cache(maxsize=8)
def open_tokenizer(model: str) -> Tokenizer:
    """Return the model's own tokenizer, without the model."""
    from .tokenization import HuggingFaceTokenizer

    folder = find_model(model)
    return HuggingFaceTokenizer(folder.tokenizer_json, folder.max_tokens, folder.document_prompt)


def open_encoder(model: str, runtime: RuntimeConfig) -> Encoder:
    """Load an encoder to run it as ``runtime`` says."""
    kind = ENCODERS.load("sentence-transformers")
    encoder: Encoder = kind(find_model(model), runtime)
    return encoder
