"""A tokenizer that needs no vocabulary: words in pieces, and every other character by itself."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

import numpy as np

from ..config import digest
from ..contracts import LocatedTokens, TokenIds
from .word_table import WordTable

if TYPE_CHECKING:
    from collections.abc import Sequence

PIECE_CHARACTERS = 8
"""Letters and digits of one token: English then has about 1.1 tokens a word, MiniLM's tokenizer has 1.2."""
USUAL_TOKENS = 256
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
"""Scripts that put no blanks between words (Thai, Lao, Burmese, Khmer, Chinese, Japanese, also Korean)."""
_TOKEN = re.compile(rf"[^\W_{UNSPACED}]{{1,{PIECE_CHARACTERS}}}|[^\s\0]")  # NUL is what WordTable puts between texts


class PlainTokenizer:
    """Measures chunks for encoders that have no tokenizer of their own; any text has tokens, whatever its language."""

    max_tokens: int | None = None
    usual_tokens = USUAL_TOKENS
    overhead = 0
    additive = True
    vocabulary = 1 << 31
    unknown_id: int | None = None

    def __init__(self) -> None:
        self.fingerprint = digest({"tokenizer": _TOKEN.pattern, "usual_tokens": USUAL_TOKENS})
        self.prefix_ids = np.empty(0, dtype=np.int32)
        self.suffix_ids = self.prefix_ids
        self._words = WordTable(_lines)

    def locate(self, texts: Sequence[str]) -> list[LocatedTokens]:
        """Return the tokens of each text and their places in it."""
        return self._words.locate(texts) if texts else []

    def token_ids(self, texts: Sequence[str]) -> TokenIds:
        """Return the tokens of each text, 31 bits of a checksum of each."""
        return self._words.token_ids(texts) if texts else TokenIds(self.prefix_ids, np.zeros(1, dtype=np.int64))

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text."""
        counts: list[int] = np.diff(self.token_ids(texts).offsets).tolist()
        return counts


def _lines(words: list[str]) -> LocatedTokens:
    found = list(_TOKEN.finditer("\n".join(words)))
    return LocatedTokens(
        np.array([zlib.crc32(token[0].encode("utf-8", "surrogatepass")) >> 1 for token in found], dtype=np.int32),
        np.array([token.start() for token in found], dtype=np.int64),
        np.array([token.end() for token in found], dtype=np.int64),
    )
