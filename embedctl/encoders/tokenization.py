"""The encoder's tokenizer without the encoder: token offsets for the chunkers, exact counts for everybody."""

from __future__ import annotations

import hashlib
import json
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from ..config import digest
from ..errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from ..contracts import Offsets

SEGMENT_CHARACTERS = 65_536
"""Longer texts are cut before they are tokenized: the tokenizer's own memory grows with the longest text."""
BATCH_CHARACTERS = 1_000_000
"""Text that is tokenized at once, on every core; about 40 MB of encodings."""


KNOWN_CHARACTERS = 8_000_000
"""Distinct words that are remembered, in characters; about 200 MB at worst, far less in any natural language."""

# White space to Python, but removed by BERT, which then reads one word. NUL is removed as well.
_REMOVED = frozenset("\x0b\x0c\x1c\x1d\x1e\x1f\x85")
_TO_NUL = str.maketrans(dict.fromkeys(_REMOVED, "\0"))
_BLANK = np.array([chr(code).isspace() for code in range(0x3002)])


_Pair: TypeAlias = "tuple[Offsets, Offsets]"


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
        self._words = _WordOffsets(self._encoded)
        self.fingerprint = digest(
            {"tokenizer": hashlib.sha256(data).hexdigest(), "max_tokens": max_tokens, "prompt": document_prompt}
        )

    def offsets(self, texts: Sequence[str]) -> list[tuple[Offsets, Offsets]]:
        """Return, for each text, non-decreasing start and end offsets (code points) of its tokens.

        Special tokens and the prompt are left out. A text longer than ``SEGMENT_CHARACTERS`` is tokenized in
        segments that begin at white space; where there is none, a token may be cut.
        """
        return _in_segments(self._words.offsets if self.additive else self._encoded, texts)

    def _encoded(self, texts: list[str]) -> list[_Pair]:
        encodings = self._tokenizer.encode_batch(texts, add_special_tokens=False)
        flat = [np.fromiter(chain.from_iterable(encoding.offsets), dtype=np.int64) for encoding in encodings]
        return [(offsets[0::2], offsets[1::2]) for offsets in flat]

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens the encoder reads for each text: special tokens and the prompt included."""
        counts: list[int] = []
        inputs = (_Segment(0, 0, self._prompt + text) for text in texts)
        for batch in _batches(inputs):
            encodings = self._tokenizer.encode_batch_fast([segment.text for segment in batch])
            counts.extend(map(len, encodings))
        return counts


def _in_segments(tokenize: Callable[[list[str]], list[_Pair]], texts: Sequence[str]) -> list[_Pair]:
    """Return what ``tokenize`` says of ``texts``, which it sees in bounded batches of bounded segments."""
    starts: list[list[Offsets]] = [[] for _ in texts]
    ends: list[list[Offsets]] = [[] for _ in texts]
    for batch in _batches(_segments(texts)):
        for segment, (first, last) in zip(batch, tokenize([segment.text for segment in batch]), strict=True):
            starts[segment.text_index].append(first + segment.base)
            ends[segment.text_index].append(last + segment.base)
    return [(_join(starts, index), _join(ends, index)) for index in range(len(texts))]


class _WordOffsets:
    """Offsets of an additive tokenizer, which tokenizes each distinct word once: two to four times as fast.

    Words are what white space separates for BERT. They repeat so often that looking them up costs little.
    """

    def __init__(self, encoded: Callable[[list[str]], list[_Pair]]) -> None:
        self._encoded = encoded
        self._table = _WordTable()

    def offsets(self, texts: list[str]) -> list[_Pair]:
        """Return the start and end offsets of the tokens of each text."""
        # One text for all: a line break joins nothing, and a thousand small texts would cost more than their words.
        joined = "\n".join(texts)
        if any(character in joined for character in _REMOVED):
            joined = joined.translate(_TO_NUL)
        words = joined.split()
        self._learn(words)
        table = self._table
        rows = np.fromiter(map(table.rows.__getitem__, words), dtype=np.int64, count=len(words))
        counts = table.counts[rows]
        before = np.cumsum(counts) - counts
        places = np.arange(counts.sum()) + np.repeat(table.first[rows] - before, counts)
        shift = np.repeat(_word_starts(joined), counts)
        starts, ends = table.starts[places] + shift, table.ends[places] + shift
        bases = np.cumsum([0, *(len(text) + 1 for text in texts)])
        edges = np.searchsorted(starts, bases)
        return [
            (starts[low:high] - base, ends[low:high] - base)
            for base, low, high in zip(bases.tolist(), edges.tolist(), edges[1:].tolist(), strict=False)
        ]

    def _learn(self, words: list[str]) -> None:
        """Add the words that the table lacks; begin a new table when it would become too large."""
        distinct = set(words)
        new = list(distinct - self._table.rows.keys())
        if self._table.characters + sum(map(len, new)) > KNOWN_CHARACTERS:
            self._table = _WordTable()
            new = list(distinct)
        # As lines of one text: a text of its own for each word would take the tokenizer ten times as long.
        ((starts, ends),) = _in_segments(self._encoded, ["\n".join(new)])
        self._table.add(new, starts, ends)


class _WordTable:
    """Known words, and the offsets of their tokens from the start of the word."""

    def __init__(self) -> None:
        self.characters = 0
        self.rows: dict[str, int] = {}
        self.counts: Offsets = np.empty(0, dtype=np.int64)
        self.first: Offsets = self.counts
        """Place of each word's first token in ``starts`` and ``ends``."""
        self.starts: Offsets = self.counts
        self.ends: Offsets = self.counts

    def add(self, words: list[str], starts: Offsets, ends: Offsets) -> None:
        """Add ``words`` with the token offsets of their lines, joined as one text."""
        lengths = np.fromiter(map(len, words), dtype=np.int64, count=len(words)) + 1
        lines = np.cumsum(lengths) - lengths
        first = np.searchsorted(starts, lines)
        counts = np.diff(first, append=len(starts))
        shift = np.repeat(lines, counts)
        known = len(self.rows)
        self.characters += int(lengths.sum())
        self.rows.update(zip(words, range(known, known + len(words)), strict=True))
        self.counts = np.concatenate([self.counts, counts])
        self.first = np.concatenate([self.first, first + len(self.starts)])
        self.starts = np.concatenate([self.starts, starts - shift])
        self.ends = np.concatenate([self.ends, ends - shift])


def _word_starts(text: str) -> Offsets:
    """Return the offset of each word of ``text.split()``."""
    if text.isascii():
        blank = _BLANK[np.frombuffer(text.encode("ascii"), dtype=np.uint8)]
    else:
        blank = _BLANK[np.minimum(np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32), len(_BLANK) - 1)]
    begins = ~blank
    begins[1:] &= blank[:-1]
    return np.flatnonzero(begins).astype(np.int64, copy=False)


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
