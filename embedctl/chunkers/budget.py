"""Number of tokens that a chunk may have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import UsageError

if TYPE_CHECKING:
    from ..config import ChunkConfig
    from ..contracts import Tokenizer

SMALLEST_BODY = 16
"""Tokens of text below which a chunk says nothing."""
CONTEXT_SHARE = 4
"""The context takes at most one token in this many."""
UNSURE_TOKENS = 2
"""Kept free where cutting a text can change how its first word is tokenized."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Token limits of one run."""

    limit: int
    """Most tokens of an input: special tokens, prompt, context and text."""
    body: int
    """Most tokens of context and text."""
    overlap: int
    context: int
    """Most tokens of the context; 0: it is turned off."""
    exact: bool
    """The tokenizer's counts add up at white space."""

    def text(self, context_tokens: int) -> int:
        """Return how many tokens of text to plan for behind a context."""
        return self.body - context_tokens - (0 if self.exact else UNSURE_TOKENS)


def budget_for(tokenizer: Tokenizer, config: ChunkConfig) -> Budget:
    """Return the limits that ``config`` sets under ``tokenizer``.

    Raises:
        UsageError: the size is larger than the encoder's maximum or leaves no room for text, or the overlap is
            negative or as large as half of that room.
    """
    limit = tokenizer.usual_tokens if config.size is None else config.size
    body = limit - tokenizer.overhead
    if tokenizer.max_tokens is not None and limit > tokenizer.max_tokens:
        raise UsageError(
            f"Chunks of {limit} tokens are longer than the encoder reads, which is {tokenizer.max_tokens}.",
            f"Choose a size of at most {tokenizer.max_tokens}, or a model with a longer input.",
        )
    if body < SMALLEST_BODY:
        raise UsageError(
            f"Chunks of {limit} tokens leave no room for text: special tokens and prompt take {tokenizer.overhead}.",
            f"Choose a size of at least {SMALLEST_BODY + tokenizer.overhead}.",
        )
    if not 0 <= config.overlap < body / 2:
        raise UsageError(
            f"An overlap of {config.overlap} tokens does not go with chunks of {body} tokens of text.",
            f"Choose an overlap from 0 to {(body - 1) // 2}.",
        )
    return Budget(limit, body, config.overlap, body // CONTEXT_SHARE if config.context else 0, tokenizer.additive)
