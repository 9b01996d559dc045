"""The tokenizer beside its library: the same offsets and counts, never truncated, in bounded memory."""

from __future__ import annotations

import time

import numpy as np
import pytest
from chunker_samples import CJK, MARKDOWN, PROSE, SAMPLES, chunks_of, document
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from embedctl.config import ChunkConfig
from embedctl.encoders.tokenization import HuggingFaceTokenizer
from embedctl.errors import ModelError


@pytest.fixture(scope="session")
def library(wordpiece_file):
    tokenizer = Tokenizer.from_file(str(wordpiece_file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def assert_same_offsets(ours, library, texts):
    for text, (starts, ends) in zip(texts, ours.offsets(texts), strict=True):
        expected = library.encode(text, add_special_tokens=False).offsets
        assert starts.dtype == ends.dtype == np.int64
        assert list(zip(starts.tolist(), ends.tolist(), strict=True)) == expected


def test_offsets_are_those_of_the_library(wordpiece, library):
    texts = [sample.text for sample in SAMPLES.values() if len(sample.text) < 60_000]
    assert_same_offsets(
        wordpiece, library, [*texts, "", "[SEP] a [CLS]b [MASK]", "İstanbul ŒΣς ﬁ ﷺ Å", "\ufeffa\u00adb\u200dc"]
    )


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.lists(
        st.text(max_size=60)
        | st.text(alphabet="ab é\u0301\n\t \x0b\x0c\x1c\x85\xa0\u3000\u2028長!'[SEP]", max_size=80),
        max_size=5,
    )
)
def test_offsets_of_any_text_are_those_of_the_library(wordpiece, library, texts):
    texts = [text.encode("utf-8", "ignore").decode() for text in texts]
    assert_same_offsets(wordpiece, library, texts)


def test_long_texts_have_the_offsets_they_have_in_one_piece(wordpiece, library):
    texts = [PROSE * 1500, CJK.replace("。", " ") * 3000, "short"]
    assert_same_offsets(wordpiece, library, texts)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.text(max_size=30).map(lambda text: text.encode("utf-8", "ignore").decode()), min_size=1, max_size=6))
def test_an_additive_tokenizer_adds_up(wordpiece, texts):
    assert wordpiece.additive
    alone = sum(count - wordpiece.overhead for count in wordpiece.count(texts))
    for joint in (" ", "\n", "\r\n", "\t"):
        assert wordpiece.count([joint.join(texts)])[0] - wordpiece.overhead == alone


def test_counts_are_never_truncated(make_tokenizer, library):
    tokenizer = make_tokenizer("wordpiece", 256, "query: ")
    assert tokenizer.count([PROSE * 40]) == [len(library.encode("query: " + PROSE * 40).ids)]
    assert tokenizer.overhead == len(library.encode("query: ").ids)


def test_other_tokenizers_are_not_taken_for_additive(bpe, make_tokenizer):
    assert not bpe.additive
    assert not make_tokenizer("wordpiece", 256, "no blank").additive


def test_the_fingerprint_names_everything_that_changes_tokens(make_tokenizer):
    tokenizers = [
        make_tokenizer("wordpiece"),
        make_tokenizer("wordpiece", 128),
        make_tokenizer("wordpiece", 256, "p "),
        make_tokenizer("bpe"),
    ]
    assert len({tokenizer.fingerprint for tokenizer in tokenizers}) == 4
    assert make_tokenizer("wordpiece").fingerprint == tokenizers[0].fingerprint


@pytest.mark.parametrize("content", [None, "{}", "not json"])
def test_a_bad_file_is_a_model_error(tmp_path, content):
    path = tmp_path / "tokenizer.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ModelError, match=r"tokenizer\.json"):
        HuggingFaceTokenizer(path, 256)


def test_a_long_document_is_tokenized_in_windows_that_do_not_show(wordpiece, monkeypatch):
    text = (PROSE * 3 + "\n\n" + MARKDOWN) * 60
    whole = chunks_of(document(text, "markdown"), wordpiece, ChunkConfig(size=64, overlap=10))
    monkeypatch.setattr("embedctl.chunkers.batch.BATCH_CHARACTERS", 1000)
    monkeypatch.setattr("embedctl.chunkers.tokens.WINDOW_CHARACTERS", 3000)
    assert chunks_of(document(text, "markdown"), wordpiece, ChunkConfig(size=64, overlap=10)) == whole


def test_time_grows_with_the_text_and_not_with_its_square(wordpiece):
    def seconds(times: int) -> float:
        sample = document(("word " * 40 + "\n") * times)
        started = time.process_time()
        chunks_of(sample, wordpiece, ChunkConfig(size=32))
        return time.process_time() - started

    seconds(100)
    assert seconds(6400) < 24 * max(seconds(800), 0.02)


def test_a_long_document_is_never_tokenized_at_once(wordpiece, monkeypatch):
    longest = []
    offsets = wordpiece.offsets
    monkeypatch.setattr(wordpiece, "offsets", lambda texts: longest.append(sum(map(len, texts))) or offsets(texts))
    monkeypatch.setattr("embedctl.chunkers.batch.BATCH_CHARACTERS", 50_000)
    monkeypatch.setattr("embedctl.chunkers.tokens.WINDOW_CHARACTERS", 50_000)
    chunks_of(document(PROSE * 4000), wordpiece, ChunkConfig())
    assert max(longest) <= 50_000
    assert sum(longest) < 1.2 * len(PROSE * 4000)
