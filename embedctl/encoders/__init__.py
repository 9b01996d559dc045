"""Encoders: one file per kind. ``describe`` and ``open_tokenizer`` never import a model's runtime."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from ..registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..config import RuntimeConfig
    from ..contracts import Encoder, Tokenizer
    from .model_folder import ModelFolder

ENCODERS = Registry(
    "encoder",
    {
        "sentence-transformers": "embedctl.encoders.sentence_transformer:SentenceTransformerEncoder",
        "static": "embedctl.encoders.static:StaticEncoder",
    },
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


def _untold(_kind: str, _text: str) -> None:
    pass


def open_encoder(model: str, runtime: RuntimeConfig, tell: Callable[[str, str], None] = _untold) -> Encoder:
    """Open an encoder to run it as ``runtime`` says.

    ``tell`` takes kind and sentence as ``Reporter.message``: that the model is converted, or cannot be.
    """
    kind = ENCODERS.load("sentence-transformers")
    encoder: Encoder = kind(find_model(model), runtime, tell)
    return encoder


def open_student(folder: Path) -> Encoder:
    """Open an encoder that was distilled on a store, from its folder there."""
    encoder: Encoder = ENCODERS.load("static")(folder)
    return encoder
