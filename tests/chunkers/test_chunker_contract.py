"""Every registered strategy, with every hard document, keeps every law."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from chunker_samples import CJK, PROSE, SAMPLES, check, chunks_of, document
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embedctl.chunkers import CHUNKERS
from embedctl.chunkers.batch import chunk_documents
from embedctl.config import ChunkConfig
from embedctl.errors import UsageError
from embedctl.records import Markup

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedctl.encoders.tokenization import HuggingFaceTokenizer

STRATEGIES = CHUNKERS.names()


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_laws_hold(sample, strategy, tokenizer):
    config = ChunkConfig(strategy=strategy)
    chunks = chunks_of(sample, tokenizer, config)
    check(sample, chunks, tokenizer, config)


@pytest.mark.parametrize("size", [24, 64, 200])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_laws_hold_for_small_sizes_with_overlap(strategy, size, tokenizer):
    config = ChunkConfig(strategy=strategy, size=size, overlap=size // 4)
    for sample in SAMPLES.values():
        # Fifty thousand letters make thousands of small chunks and show nothing new.
        if len(sample.text) < 20_000:
            check(sample, chunks_of(sample, tokenizer, config), tokenizer, config)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_one_document_is_cut_as_in_a_batch(strategy, tokenizer):
    config = ChunkConfig(strategy=strategy, size=96, overlap=16)
    samples = list(SAMPLES.values())
    batch = chunk_documents(samples, tokenizer, config, keep_tokens=True)
    for row, (sample, chunks) in enumerate(zip(samples, batch, strict=True)):
        assert [replace(chunk, doc_row=row) for chunk in chunks_of(sample, tokenizer, config)] == chunks


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_outlines_keep_their_word(sample, strategy):
    outline = CHUNKERS.load(strategy)(sample)
    starts = [section.start for section in outline.sections]
    for level in outline.levels:
        assert list(level.starts) == sorted(level.starts)
        assert min(level.starts, default=0) >= 0
        if level.ends is not None:
            assert len(level.ends) == len(level.starts)
            assert all(start <= end for start, end in zip(level.starts, level.ends, strict=True))
        starts += level.starts
    assert [section.start for section in outline.sections] == sorted(section.start for section in outline.sections)
    step, end = max(1, len(sample.text) // 200), len(sample.text)
    spans = ((start, min(start + step, end)) for start in (*starts[:500], *range(0, end, step)))
    assert {outline.heading(*span) for span in spans} <= outline.paths


def test_rows_of_a_batch_name_their_document(tokenizer):
    long = PROSE * 20
    texts = [f" text {n}\n" if n % 50 else long for n in range(2500)]
    documents = [document(text, doc_id=f"d{n}") for n, text in enumerate(texts)]
    for n, chunks in enumerate(chunk_documents(documents, tokenizer, ChunkConfig())):
        assert [(chunk.doc_row, chunk.chunk_id) for chunk in chunks] == [
            (n, f"src:d{n}#{ordinal}") for ordinal in range(len(chunks))
        ]
        assert len(chunks) > 1 or [chunk.text for chunk in chunks] == [texts[n].strip()]
        assert len(chunks) > 1 or n % 50


FRAGMENTS = st.sampled_from(
    [PROSE, CJK, "\n\n", "\n", "\r\n", " ", "\t", "# Heading\n\n", "## Sub\n", "```\n", "- item\n", "| a | b |\n",
     "|---|---|\n", "x" * 300, "Ünïcödé ", "é", "🏳️‍🌈", "word ", "3.14. ", "\f", "\u00a0", "\u2028", "<!--", "-->",
     "> quote\n", "===\n", "---\n", "def f():\n    return 1\n", "}", "\x1c", "ﷺ", "[SEP]", "a" * 40 + ". "]
)  # fmt: skip
TEXTS = st.lists(FRAGMENTS | st.text(max_size=40), max_size=60).map("".join)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    text=TEXTS.filter(lambda text: text.isascii() or text.encode("utf-8", "ignore").decode() == text),
    strategy=st.sampled_from(STRATEGIES),
    markup=st.sampled_from(list(Markup)),
    kind=st.sampled_from(["wordpiece", "bpe"]),
    size=st.integers(40, 128),
    overlap=st.integers(0, 16),
    title=st.none() | st.text(alphabet="abc é", max_size=200),
    prompt=st.sampled_from(["", "passage: ", "no blank at the end"]),
    data=st.data(),
)
def test_laws_hold_for_any_text(make_tokenizer, text, strategy, markup, kind, size, overlap, title, prompt, data):
    tokenizer = make_tokenizer(kind, 128, prompt)
    size = max(size, tokenizer.overhead + 40)
    pages = tuple(sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=4))))
    body_start = data.draw(st.integers(0, min(8, len(text))))
    sample = document(text, markup, title=title, pages=pages, body_start=body_start, language="python")
    config = ChunkConfig(strategy=strategy, size=min(size, 128), overlap=overlap)
    chunks = chunks_of(sample, tokenizer, config)
    check(sample, chunks, tokenizer, config)
    assert chunks == chunks_of(sample, tokenizer, config)


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (ChunkConfig(size=300), "longer than the encoder reads"),
        (ChunkConfig(size=10), "no room for text"),
        (ChunkConfig(size=100, overlap=50), "does not go with"),
        (ChunkConfig(overlap=-1), "does not go with"),
        (ChunkConfig(strategy="markdwon"), 'Did you mean "markdown"?'),
    ],
)
def test_impossible_settings_are_refused_before_any_work(wordpiece, config, sentence):
    with pytest.raises(UsageError) as caught:
        chunk_documents([document("text")], wordpiece, config)
    assert sentence in caught.value.message
    assert caught.value.hint


def test_a_tokenizer_with_a_prompt_leaves_room_for_it(make_tokenizer: Callable[..., HuggingFaceTokenizer]):
    prompt = "Represent this sentence for searching relevant passages: "
    tokenizer = make_tokenizer("wordpiece", 64, prompt)
    sample = SAMPLES["prose"]
    for chunk in chunks_of(sample, tokenizer, ChunkConfig()):
        assert len(tokenizer._tokenizer.encode(prompt + chunk.context + chunk.text)) == chunk.tokens <= 64
