"""The card of an encoder: everything that can be known of it without the runtime of a model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, cast

from ..config import RuntimeConfig

if TYPE_CHECKING:
    from pathlib import Path

    from ..contracts import Encoder, Shape, Tell, TokenEncoder, Tokenizer

DEFAULT_RUNTIME = RuntimeConfig()


def silent(_kind: str, _text: str) -> None:
    """Drop a message."""


@dataclass(frozen=True)
class Card(ABC):
    """One encoder: its limits, its tokenizer, and how to open it.

    A new kind of encoder is a subclass with ``kind``, ``fingerprint`` and ``open``; the rest has defaults that fit an
    encoder without a model file, a longest input or prompts.
    """

    name: str
    """The specification in its canonical form: ``card(name)`` is this card again."""

    kind: ClassVar[str]
    """Its name in ``ENCODERS``."""
    shape: ClassVar[Shape] = "dense"

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Of the encoder, 16 hex digits: equal means equal vectors.

        Raises:
            ModelError: the encoder is not the published one.
        """

    @property
    def space(self) -> str:
        """Fingerprint of the space that the vectors lie in; vectors of one space can be compared."""
        return self.fingerprint

    @property
    def max_tokens(self) -> int | None:
        """Longest input in tokens, special tokens included; ``None``: it has none."""
        return None

    @property
    def query_prompt(self) -> str:
        """Text that the encoder puts before a query."""
        return ""

    @property
    def document_prompt(self) -> str:
        """Text that the encoder puts before a document."""
        return ""

    @property
    def weights_bytes(self) -> int:
        """Size of the weights on disk."""
        return 0

    @property
    def languages(self) -> tuple[str, ...]:
        """ISO 639 codes that it is made for; empty: unknown, or for any."""
        return ()

    @property
    def tokenizer_json(self) -> Path | None:
        """The tokenizer's file for the ``tokenizers`` library; only encoders that have one can be distilled."""
        return None

    @property
    def distillable(self) -> bool:
        """Whether an encoder can be distilled from it; all others are so fast that there is nothing to gain."""
        return self.tokenizer_json is not None

    def tokenizer(self) -> Tokenizer:
        """Return the tokenizer that chunks are measured with, made once."""
        return self._tokenizer

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from .plain_tokenizer import PlainTokenizer

        return PlainTokenizer()

    @abstractmethod
    def open(self, runtime: RuntimeConfig = DEFAULT_RUNTIME, message: Tell = silent) -> Encoder:
        """Load the encoder, to run as ``runtime`` says.

        Raises:
            ModelError: it cannot be loaded.
            UsageError: there is no such device.
        """


def token_encoder(encoder: Encoder) -> TokenEncoder | None:
    """Return ``encoder`` if it takes tokens in place of texts, else ``None``."""
    return cast("TokenEncoder", encoder) if hasattr(type(encoder), "encode_tokens") else None
