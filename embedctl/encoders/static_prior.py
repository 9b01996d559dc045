"""What a model says of each single token: where the fit of a static encoder starts, made once a machine."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from ..contracts import TokenIds
from ..system.cache_folder import cache_folder
from .machine_cache import find, publish

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..contracts import TokenEncoder, Vectors

FILE = "vectors.npy"
BLOCK_TOKENS = 2_048


def is_known(fingerprint: str) -> bool:
    """Return whether :func:`token_vectors` of this model need no model any more on this machine."""
    return find(_folder(fingerprint)) is not None


def token_vectors(fingerprint: str, vocabulary: int, load: Callable[[], TokenEncoder]) -> Vectors:
    """Return the model's vector of each token by itself, float32 ``(vocabulary, dim)``, unit norm.

    ``load`` is called only where this machine's cache lacks them.
    """
    if is_known(fingerprint):
        vectors: Vectors = np.load(_folder(fingerprint) / FILE, mmap_mode="r")
        return vectors
    encoder = load()
    made = np.empty((vocabulary, encoder.dim), dtype=np.float32)
    for start in range(0, vocabulary, BLOCK_TOKENS):
        ids = np.arange(start, min(start + BLOCK_TOKENS, vocabulary), dtype=np.int32)
        made[ids] = encoder.encode_tokens(TokenIds(ids, np.arange(len(ids) + 1, dtype=np.int64)))

    def fill(folder: Path) -> dict[str, int]:
        np.save(folder / FILE, made)
        return {"vocabulary": vocabulary}

    with suppress(OSError):  # a cache that cannot be written: made again next time
        publish(_folder(fingerprint), fill)
    return made


def _folder(fingerprint: str) -> Path:
    return cache_folder() / "token-vectors" / fingerprint
