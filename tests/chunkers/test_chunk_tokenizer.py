"""The tokenizer beside its library: the same offsets and counts, never truncated, in bounded memory."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from chunker_samples import CJK, MARKDOWN, PROSE, SAMPLES, chunks_of, document
from hypothesis import HealthCheck, given, settings
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
    for text, (ids, starts, ends) in zip(texts, ours.locate(texts), strict=True):
        expected = library.encode(text, add_special_tokens=False)
        assert starts.dtype == ends.dtype == np.int64
        assert list(zip(starts.tolist(), ends.tolist(), strict=True)) == expected.offsets
        assert ids.tolist() == expected.ids


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


ANY_TEXT = (
    st.text(max_size=60)
    | st.lists(st.sampled_from(["a", "[MASK]", "  ", "\n", "\x0b", "b."]), max_size=12).map("".join)
    | st.text(alphabet="ab é\u0301\n\t \x00\x0b\x0c\x1c\x85\xa0\u3000\u2028長!'[SEP]", max_size=80)
    | st.sampled_from(["[SEP]", "x[MASK]y [CLS]", "word " * 40, "長" * 300, "a" * 300, PROSE])
).map(lambda text: text.encode("utf-8", "ignore").decode())


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    texts=st.lists(ANY_TEXT, max_size=6),
    kind=st.sampled_from(["wordpiece", "bpe", "mpnet"]),
    prompt=st.sampled_from(["", "passage: ", "no blank at the end"]),
    segment=st.sampled_from([7, 40, 65_536]),
)
def test_ids_of_any_text_are_what_the_encoder_reads(make_tokenizer, monkeypatch, texts, kind, prompt, segment):
    monkeypatch.setattr("embedctl.encoders.tokenization.SEGMENT_CHARACTERS", segment)
    tokenizer = make_tokenizer(kind, 256, prompt)
    found = tokenizer.token_ids(texts)
    assert found.ids.dtype == np.int32
    assert found.offsets.dtype == np.int64
    read = [tokenizer._tokenizer.encode(prompt + text).ids for text in texts]
    before, after = tokenizer.prefix_ids.tolist(), tokenizer.suffix_ids.tolist()
    inputs = [before + found.ids[low:high].tolist() + after for low, high in pairwise(found.offsets.tolist())]
    assert inputs == read
    assert tokenizer.count(texts) == list(map(len, read))


@pytest.mark.parametrize("kind", ["wordpiece", "bpe"])
def test_ids_of_long_texts_are_never_cut(make_tokenizer, kind):
    tokenizer = make_tokenizer(kind)
    texts = [PROSE * 700, "x" * 150_000, "", ("ab" * 40_000 + " ") * 2 + "end", "short"]
    read = [tokenizer._tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
    found = tokenizer.token_ids(texts)
    assert [found.ids[low:high].tolist() for low, high in pairwise(found.offsets.tolist())] == read


def test_words_that_were_forgotten_are_learned_again(make_tokenizer, library, monkeypatch):
    monkeypatch.setattr("embedctl.encoders.word_table.KNOWN_CHARACTERS", 100)
    tokenizer = make_tokenizer("wordpiece")
    for text in (PROSE, "other words than before", MARKDOWN, PROSE):
        assert tokenizer.token_ids([text]).ids.tolist() == library.encode(text, add_special_tokens=False).ids


def test_a_word_that_cannot_be_tokenized_spoils_nothing_behind_it(make_tokenizer, library):
    tokenizer = make_tokenizer("wordpiece")
    with pytest.raises(TypeError):
        tokenizer.token_ids(["half of a pair \ud800 and words"])
    assert tokenizer.token_ids([PROSE]).ids.tolist() == library.encode(PROSE, add_special_tokens=False).ids


def test_words_are_learned_by_several_threads_at_once(make_tokenizer, library):
    tokenizer = make_tokenizer("wordpiece")
    texts = [f"{PROSE} number{n % 50} and {n * 7919}" for n in range(400)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda text: tokenizer.token_ids([text]).ids.tolist(), texts))
    assert found == [library.encode(text, add_special_tokens=False).ids for text in texts]


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


def test_the_tokenizer_of_mpnet_is_additive(make_tokenizer):
    assert make_tokenizer("mpnet").additive


PHRASE = {"id": 5, "content": "two words", "single_word": False, "lstrip": False, "rstrip": False,
          "normalized": False, "special": True}  # fmt: skip
CONTROLS = {"type": "BertNormalizer", "clean_text": False, "handle_chinese_chars": True, "lowercase": True}


@pytest.mark.parametrize(
    "change", [{"normalizer": CONTROLS}, {"added_tokens": [PHRASE]}, {"pre_tokenizer": {"type": "Whitespace"}}]
)
def test_what_may_join_words_is_not_taken_for_additive(wordpiece_file, tmp_path, change):
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(json.loads(wordpiece_file.read_bytes()) | change), encoding="utf-8")
    assert not HuggingFaceTokenizer(path, 256).additive


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


def test_work_grows_with_the_text_and_not_with_its_square(wordpiece, monkeypatch):
    read = 0
    for name in ("locate", "token_ids", "count"):
        own = getattr(wordpiece, name)

        def counted(texts, own=own):
            nonlocal read
            read += sum(map(len, texts))
            return own(texts)

        monkeypatch.setattr(wordpiece, name, counted)

    def work(times: int) -> tuple[int, int]:
        """Return the characters that the tokenizer reads, and the calls of functions that are made."""
        nonlocal read
        read = calls = 0

        def called(*_):
            nonlocal calls
            calls += 1

        sample = document(("word " * 40 + "\n") * times)
        sys.setprofile(called)
        try:
            chunks_of(sample, wordpiece, ChunkConfig(size=32))
        finally:
            sys.setprofile(None)
        return read, calls

    small, large = work(800), work(6400)
    assert small[0] >= 800 * 201
    assert large[0] < 9 * small[0]
    assert large[1] < 9 * small[1]


def test_a_long_document_is_never_tokenized_at_once(wordpiece, monkeypatch):
    longest = []
    locate = wordpiece.locate
    monkeypatch.setattr(wordpiece, "locate", lambda texts: longest.append(sum(map(len, texts))) or locate(texts))
    monkeypatch.setattr("embedctl.chunkers.batch.BATCH_CHARACTERS", 50_000)
    monkeypatch.setattr("embedctl.chunkers.tokens.WINDOW_CHARACTERS", 50_000)
    chunks_of(document(PROSE * 4000), wordpiece, ChunkConfig())
    assert max(longest) <= 50_000
    assert sum(longest) < 1.2 * len(PROSE * 4000)
