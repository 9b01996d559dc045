"""What the encoder reads of a query: prompt and text as one, between special tokens, cut to the maximum."""

from __future__ import annotations

from functools import cached_property
from itertools import chain
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np

from ..contracts import TokenIds
from ..errors import ModelError
from .packing import Frame

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def special_tokens(tokenizer: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the ids that a tokenizer of the ``tokenizers`` library puts in front of an input and behind it."""
    encoding = tokenizer.encode("a")
    mask = encoding.special_tokens_mask
    lead = mask.index(0) if 0 in mask else len(mask)
    trail = len(mask) - mask[::-1].index(0) if 0 in mask else len(mask)
    return tuple(encoding.ids[:lead]), tuple(encoding.ids[trail:])


class QueryTokenizer:
    """A ``tokenizer.json`` for whole inputs: all that a query needs, and light to load.

    A thread loads it, since the runtime takes as long to come up; a file that is no tokenizer is told of at first use.
    """

    def __init__(self, tokenizer_json: Path, max_tokens: int, pad: int) -> None:
        self._path = tokenizer_json
        self._max_tokens = max_tokens
        self._pad = pad
        self._loaded: Any = None
        self._loading = Thread(target=self._load, name="tokenizer")
        self._loading.start()

    def prompt_tokens(self, prompt: str) -> int:
        """Return how many leading tokens of an input belong to the prompt, special ones included; 0 without one."""
        before, _ = self._special
        return len(before) + len(self._ids([prompt])[0]) if prompt else 0

    def frame(self, prompt: str) -> Frame:
        """Return what stands around the tokens of prompt and text."""
        return Frame(*self._special, self._pad, self.prompt_tokens(prompt), self._max_tokens)

    def tokens(self, texts: Sequence[str], prompt: str) -> TokenIds:
        """Return the tokens of prompt and text for :meth:`frame`; what is beyond the maximum is cut off.

        Raises:
            ModelError: the file is not a tokenizer.
        """
        room = max(0, self._max_tokens - sum(map(len, self._special)))
        cut = [ids[:room] for ids in self._ids([prompt + text for text in texts])]
        offsets = np.cumsum([0, *map(len, cut)], dtype=np.int64)
        return TokenIds(np.fromiter(chain.from_iterable(cut), dtype=np.int32, count=int(offsets[-1])), offsets)

    def _load(self) -> None:
        from tokenizers import Tokenizer

        try:
            self._loaded = Tokenizer.from_file(str(self._path))
        except Exception as error:  # noqa: BLE001 - the library raises a bare one; the thread that asks raises it again
            self._loaded = error

    @cached_property
    def _tokenizer(self) -> Any:
        self._loading.join()
        if isinstance(self._loaded, Exception):
            raise ModelError(
                f"{self._path} is not a tokenizer that this version can load: {self._loaded}."
            ) from self._loaded
        self._loaded.no_truncation()
        self._loaded.no_padding()
        return self._loaded

    @cached_property
    def _special(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return special_tokens(self._tokenizer)

    def _ids(self, texts: list[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)]
