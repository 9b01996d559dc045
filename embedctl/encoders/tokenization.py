"""The encoder's tokenizer without the encoder: token offsets for the chunkers, exact counts for everybody."""

from __future__ import annotations

import hashlib
import json
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..config import digest
from ..errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from ..contracts import Offsets

SEGMENT_CHARACTERS = 65_536
"""Longer texts are cut before they are tokenized: the tokenizer's own memory grows with the longest text."""
BATCH_CHARACTERS = 1_000_000
"""Text that is tokenized at once, on every core; about 40 MB of encodings."""


class _Segment(NamedTuple):
    text_index: int
    base: int
    text: str


class HuggingFaceTokenizer:
    """A ``tokenizer.json`` that never truncates and never pads."""

    def __init__(self, tokenizer_json: Path, max_tokens: int, document_prompt: str = "") -> None:
        from tokenizers import Tokenizer

        try:
            data = tokenizer_json.read_bytes()
            self._tokenizer = Tokenizer.from_buffer(data)
        except OSError as error:
            raise ModelError(f"The tokenizer {tokenizer_json} cannot be read: {error.strerror}.") from error
        except Exception as error:
            # The library raises a bare Exception for a malformed file.
            raise ModelError(f"{tokenizer_json} is not a tokenizer that this version can load: {error}.") from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._prompt = document_prompt
        self.max_tokens = max_tokens
        self.overhead = self.count([""])[0]
        self.additive = _additive(json.loads(data)) and (not document_prompt or document_prompt[-1].isspace())
        """Counts of texts joined at blanks, tabs or newlines add up, so a known sum need not be counted again."""
        self.fingerprint = digest(
            {"tokenizer": hashlib.sha256(data).hexdigest(), "max_tokens": max_tokens, "prompt": document_prompt}
        )

    def offsets(self, texts: Sequence[str]) -> list[tuple[Offsets, Offsets]]:
        """Return, for each text, non-decreasing start and end offsets (code points) of its tokens.

        Special tokens and the prompt are left out. A text longer than ``SEGMENT_CHARACTERS`` is tokenized in
        segments that begin at white space; where there is none, a token may be cut.
        """
        starts: list[list[Offsets]] = [[] for _ in texts]
        ends: list[list[Offsets]] = [[] for _ in texts]
        for batch in _batches(_segments(texts)):
            encodings = self._tokenizer.encode_batch([segment.text for segment in batch], add_special_tokens=False)
            for segment, encoding in zip(batch, encodings, strict=True):
                flat = np.fromiter(chain.from_iterable(encoding.offsets), dtype=np.int64, count=2 * len(encoding))
                flat += segment.base
                starts[segment.text_index].append(flat[0::2].copy())
                ends[segment.text_index].append(flat[1::2].copy())
        return [(_join(starts, index), _join(ends, index)) for index in range(len(texts))]

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens the encoder reads for each text: special tokens and the prompt included."""
        counts: list[int] = []
        inputs = (_Segment(0, 0, self._prompt + text) for text in texts)
        for batch in _batches(inputs):
            encodings = self._tokenizer.encode_batch_fast([segment.text for segment in batch])
            counts.extend(map(len, encodings))
        return counts


def _join(pieces: list[list[Offsets]], index: int) -> Offsets:
    """Return one array and drop its pieces, so that a large text is not held twice."""
    arrays, pieces[index] = pieces[index], []
    if not arrays:
        return np.empty(0, dtype=np.int64)
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _segments(texts: Sequence[str]) -> Iterator[_Segment]:
    for index, text in enumerate(texts):
        start = 0
        while len(text) - start > SEGMENT_CHARACTERS:
            cut = _cut(text, start, start + SEGMENT_CHARACTERS)
            yield _Segment(index, start, text[start:cut])
            start = cut
        if start < len(text):
            yield _Segment(index, start, text[start:] if start else text)


def _cut(text: str, start: int, end: int) -> int:
    """Return where the segment from ``start`` ends: before the last line break or blank, else at ``end``."""
    for separator in ("\n", " ", "\t", "\r"):
        # Before the blank, not after: tokenizers that mark words with a leading space need it in front of its word.
        found = text.rfind(separator, start + 1, end)
        if found > 0:
            return found
    return end


def _batches(segments: Iterable[_Segment]) -> Iterator[list[_Segment]]:
    batch: list[_Segment] = []
    characters = 0
    for segment in segments:
        batch.append(segment)
        characters += len(segment.text)
        if characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _additive(definition: dict[str, Any]) -> bool:
    """Return whether no token, merge or normalization reaches across an ASCII blank.

    True of BERT's own pipeline: the normalizer works character by character, the pre-tokenizer drops white space,
    and the post-processor adds a fixed number of tokens.
    """

    def kind(component: str) -> str | None:
        return (definition.get(component) or {}).get("type")

    added = definition.get("added_tokens") or []
    return (
        kind("normalizer") == "BertNormalizer"
        and kind("pre_tokenizer") == "BertPreTokenizer"
        and kind("model") == "WordPiece"
        and kind("post_processor") in {None, "TemplateProcessing", "BertProcessing"}
        and not any(any(map(str.isspace, token["content"])) or token["lstrip"] or token["rstrip"] for token in added)
    )
