"""The encoder's tokenizer without the encoder: tokens and their places for the chunkers, ids for the encoders."""

from __future__ import annotations

import hashlib
import json
import re
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ..config import digest
from ..contracts import LocatedTokens, TokenIds
from ..errors import ModelError
from .query_tokenizer import special_tokens
from .word_table import WordTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray


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
        self.max_tokens: int | None = max_tokens
        self.usual_tokens = max_tokens
        definition = json.loads(data)
        self.additive = _additive(definition) and document_prompt[-1:] in {"", " ", "\n", "\t"}
        """Counts of texts joined at blanks, tabs or newlines add up, so a known sum need not be counted again."""
        model = definition.get("model") or {}
        self._unknown: str | int | None = model.get("unk_token", model.get("unk_id"))
        """The unknown token, or its id: Unigram has the latter."""
        self._words = WordTable(self._lines)
        self.document_prompt = document_prompt
        self._melting = "" if self.additive else document_prompt
        """What can melt with the text behind it, and so is tokenized with every text."""
        before, after = special_tokens(self._tokenizer)
        if self.additive:
            before = (*before, *self._tokenizer.encode(document_prompt, add_special_tokens=False).ids)
        self.prefix_ids = np.array(before, dtype=np.int32)
        """Special tokens and prompt, which every input has in front of the ids of its text."""
        self.suffix_ids = np.array(after, dtype=np.int32)
        self.overhead = self.count([""])[0]
        self.fingerprint = digest(
            {"tokenizer": hashlib.sha256(data).hexdigest(), "max_tokens": max_tokens, "prompt": document_prompt}
        )

    @property
    def vocabulary(self) -> int:
        """One more than the highest token id."""
        return 1 + max(self._tokenizer.get_vocab(with_added_tokens=True).values(), default=-1)

    @property
    def unknown_id(self) -> int | None:
        """Id of the token that stands for what the vocabulary cannot spell; ``None``: it can spell everything."""
        token = self._unknown
        return self._tokenizer.token_to_id(token) if isinstance(token, str) else token

    def token_ids(self, texts: Sequence[str]) -> TokenIds:
        """Return the tokens of each text, never cut: every input is ``prefix_ids``, these, ``suffix_ids``.

        A prompt that would melt with the text behind it is part of these and not of ``prefix_ids``.
        """
        ids: list[NDArray[np.int32]] = []
        counts = np.zeros(len(texts) + 1, dtype=np.int64)
        if self.additive:
            for batch in batches(segments(texts, whole_words=True)):
                found = self._words.token_ids([text for _, _, text in batch])
                np.add.at(counts, [index + 1 for index, _, _ in batch], np.diff(found.offsets))
                ids.append(found.ids)
        else:
            for batch in batches((index, 0, text) for index, text in enumerate(texts)):
                inputs = [self._melting + text for _, _, text in batch]
                encoded = [each.ids for each in self._tokenizer.encode_batch_fast(inputs, add_special_tokens=False)]
                counts[[index + 1 for index, _, _ in batch]] = list(map(len, encoded))
                ids.append(np.fromiter(chain.from_iterable(encoded), dtype=np.int32))
        return TokenIds(np.concatenate(ids) if ids else np.empty(0, dtype=np.int32), np.cumsum(counts))

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens the encoder reads for each text: special tokens and the prompt included."""
        lengths: list[int] = np.diff(self.token_ids(texts).offsets).tolist()
        frame = len(self.prefix_ids) + len(self.suffix_ids)
        return [frame + length for length in lengths]

    def locate(self, texts: Sequence[str]) -> list[LocatedTokens]:
        """Return, for each text, its tokens and their non-decreasing start and end offsets (code points).

        Special tokens and the prompt are left out. A text longer than ``SEGMENT_CHARACTERS`` is tokenized in
        segments that begin at white space; where there is none, a token may be cut.
        """
        return _in_segments(self._words.locate if self.additive else self._encoded, texts)

    def _encoded(self, texts: list[str]) -> list[LocatedTokens]:
        return list(map(_located, self._tokenizer.encode_batch(texts, add_special_tokens=False)))

    def _lines(self, words: list[str]) -> LocatedTokens:
        return _in_segments(self._encoded, ["\n".join(words)], whole_words=True)[0]


def _located(encoding: Any) -> LocatedTokens:
    offsets = np.fromiter(chain.from_iterable(encoding.offsets), dtype=np.int64)
    return LocatedTokens(np.array(encoding.ids, dtype=np.int32), offsets[0::2], offsets[1::2])


def _in_segments(
    locate: Callable[[list[str]], list[LocatedTokens]], texts: Sequence[str], *, whole_words: bool = False
) -> list[LocatedTokens]:
    """Return what ``locate`` says of ``texts``, which it sees in bounded batches of bounded segments."""
    pieces: list[list[LocatedTokens]] = [[] for _ in texts]
    for batch in batches(segments(texts, whole_words=whole_words)):
        for (index, base, _), found in zip(batch, locate([text for _, _, text in batch]), strict=True):
            moved = LocatedTokens(found.ids, found.starts + base, found.ends + base) if base else found
            pieces[index].append(moved)
    return [_joined(pieces, index) for index in range(len(texts))]


def _joined(pieces: list[list[LocatedTokens]], index: int) -> LocatedTokens:
    """Return one piece and drop those that it is made of, so that a large text is not held twice."""
    found, pieces[index] = pieces[index], []
    if len(found) == 1:
        return found[0]
    if not found:
        nothing: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        return LocatedTokens(nothing.astype(np.int32), nothing, nothing)
    return LocatedTokens(*(np.concatenate(column) for column in zip(*found, strict=True)))


def _additive(definition: dict[str, Any]) -> bool:
    """Return whether no token, merge or normalization reaches across an ASCII blank.

    True of the pipeline of BERT and MPNet: the normalizer works character by character and removes control
    characters, the pre-tokenizer drops white space, and the post-processor adds a fixed number of tokens. Added tokens
    that take blanks beside them with them are as harmless: those blanks make no token of their own.
    """

    def kind(component: str) -> str | None:
        return (definition.get(component) or {}).get("type")

    added = definition.get("added_tokens") or []
    return (
        kind("normalizer") == "BertNormalizer"
        and definition["normalizer"].get("clean_text", True)
        and kind("pre_tokenizer") == "BertPreTokenizer"
        and kind("model") == "WordPiece"
        and kind("post_processor") in {None, "TemplateProcessing", "BertProcessing", "RobertaProcessing"}
        and not any(any(map(str.isspace, token["content"])) or not token["content"].isprintable() for token in added)
    )


SEGMENT_CHARACTERS = 65_536
"""Longer texts are cut before they are tokenized: the tokenizer's own memory grows with the longest text."""
BATCH_CHARACTERS = 1_000_000
"""Text that is tokenized at once, on every core; about 40 MB of encodings."""

TextPiece: TypeAlias = "tuple[int, int, str]"
"""A piece of one of many texts: the place of the text, the offset of the piece in it, and the piece."""

_PLAIN_BLANK = re.compile(r"[\n \t\r]")


def segments(texts: Iterable[str], *, whole_words: bool = False) -> Iterator[TextPiece]:
    """Yield the texts in pieces of at most ``SEGMENT_CHARACTERS`` that begin at plain white space.

    Where there is none, a piece ends inside a word; with ``whole_words`` it goes on to the next white space instead.
    Of an empty text there is no piece.
    """
    for index, text in enumerate(texts):
        if len(text) <= SEGMENT_CHARACTERS:
            if text:
                yield index, 0, text
            continue
        start = 0
        while start < len(text):
            cut = _cut(text, start, start + SEGMENT_CHARACTERS, whole_words=whole_words)
            yield index, start, text[start:cut]
            start = cut


def _cut(text: str, start: int, end: int, *, whole_words: bool) -> int:
    """Return where the segment from ``start`` ends: before the last line break or blank, else at ``end``."""
    if end >= len(text):
        return len(text)
    for separator in ("\n", " ", "\t", "\r"):
        # Before the blank, not after: tokenizers that mark words with a leading space need it in front of its word.
        found = text.rfind(separator, start + 1, end)
        if found > 0:
            return found
    if not whole_words:
        return end
    blank = _PLAIN_BLANK.search(text, end)
    return blank.start() if blank else len(text)


def batches(pieces: Iterable[TextPiece]) -> Iterator[list[TextPiece]]:
    """Yield the pieces in order, in lists of about ``BATCH_CHARACTERS``."""
    batch: list[TextPiece] = []
    characters = 0
    for piece in pieces:
        batch.append(piece)
        characters += len(piece[2])
        if characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch
