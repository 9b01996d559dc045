"""Encoders: one file per kind, each with a card that never imports the runtime of a model."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from ..errors import ModelError
from ..registry import Registry, nearest
from .card import Card, token_encoder

if TYPE_CHECKING:
    from pathlib import Path

    from .static import StudentCard

__all__ = ["ENCODERS", "Card", "card", "student_card", "token_encoder"]

ENCODERS = Registry(
    "encoder",
    {
        "sentence-transformers": "embedctl.encoders.model_folder:resolve",
        "static": "embedctl.encoders.static:card",
        "hashing": "embedctl.encoders.hashing:card",
    },
    group="embedctl.encoders",
)
"""From kinds to functions that take a specification and return a card."""


@lru_cache(maxsize=16)
def card(spec: str) -> Card:
    """Return the card of an encoder: ``KIND``, ``KIND:ARGUMENT``, or the name of a sentence-transformers model.

    A model without its kind is an embedded name, a local folder, or a hub name in the local cache; a kind that an
    installed package adds comes after these.

    Raises:
        ModelError: it is not on this machine, or not of a kind that is safe to load.
        UsageError: the kind does not know its argument, or the package that offers the kind cannot be imported.
    """
    kind = spec.partition(":")[0]
    if kind not in ENCODERS.names():
        try:
            return _made("sentence-transformers", spec)
        except ModelError as error:
            if not ENCODERS.extended_by(kind):
                close = nearest(kind, ENCODERS.names(installed=True))
                raise ModelError(error.message + close, error.hint) from error
    return _made(kind, spec)


def student_card(folder: Path) -> StudentCard:
    """Return the card of an encoder that was distilled on a store, from its folder there."""
    from .static import student_card

    return student_card(folder)


def _made(kind: str, spec: str) -> Card:
    made: Card = ENCODERS.load(kind)(spec)
    return made
