"""The tokenizer of encoders that have none: what its tokens are, and that it keeps what ``Tokenizer`` promises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedctl.chunkers.budget import budget_for
from embedctl.config import DEFAULT_MODEL, ChunkConfig
from embedctl.encoders import card
from embedctl.encoders.plain_tokenizer import PlainTokenizer

texts = st.text(st.characters(blacklist_categories=["Cs"]), max_size=60)


def tokens(text: str) -> list[str]:
    (found,) = PlainTokenizer().locate([text])
    return [text[start:end] for start, end in zip(found.starts, found.ends, strict=True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The keys, please!", ["The", "keys", ",", "please", "!"]),
        ("internationalization", ["internat", "ionaliza", "tion"]),
        ("snake_case x2", ["snake", "_", "case", "x2"]),
        ("größer 日本語", ["größer", "日", "本", "語"]),
        (" \n ", []),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


@given(st.lists(texts, max_size=5), st.sampled_from([" ", "\n", "\t"]))
def test_tokens_of_joined_texts_are_those_of_the_texts(parts: list[str], blank: str) -> None:
    tokenizer = PlainTokenizer()
    joined = tokenizer.token_ids([blank.join(parts)])
    assert joined.ids.tolist() == tokenizer.token_ids(parts).ids.tolist()
    assert sum(tokenizer.count(parts)) == len(joined.ids)


@given(st.lists(texts, min_size=1, max_size=5))
def test_places_ids_and_counts_agree(given_texts: list[str]) -> None:
    tokenizer = PlainTokenizer()
    found = tokenizer.locate(given_texts)
    ids = tokenizer.token_ids(given_texts)
    assert [list(one.ids) for one in found] == [
        ids.ids[low:high].tolist() for low, high in zip(ids.offsets, ids.offsets[1:], strict=False)
    ]
    assert tokenizer.count(given_texts) == [len(one.ids) for one in found]
    for text, one in zip(given_texts, found, strict=True):
        spans = list(zip(one.starts.tolist(), one.ends.tolist(), strict=True))
        assert spans == sorted(spans)
        assert all(0 <= start < end <= len(text) for start, end in spans)
        assert ids.ids.max(initial=0) < tokenizer.vocabulary


def test_english_has_about_as_many_tokens_as_for_the_embedded_model() -> None:
    text = [(__doc__ or "") * 3]
    ours, theirs = PlainTokenizer().count(text)[0], card(DEFAULT_MODEL).tokenizer().count(text)[0]
    assert 0.8 < ours / theirs < 1.25


def test_chunks_have_a_usual_size_and_no_largest() -> None:
    tokenizer = PlainTokenizer()
    assert budget_for(tokenizer, ChunkConfig()).limit == 256
    assert budget_for(tokenizer, ChunkConfig(size=5_000)).limit == 5_000
