from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedctl.query.snippet import ELLIPSIS, snippet


def wanted(*words: str) -> object:
    return lambda word: word.casefold() in words


def shown(text: str, words: tuple[str, ...], width: int) -> tuple[str, list[str]]:
    found, matches = snippet(text, wanted(*words), width)  # type: ignore[arg-type]
    return found, [found[start:end] for start, end in matches]


def test_a_short_text_is_shown_whole() -> None:
    assert shown("Rotate the keys.", ("keys",), 80) == ("Rotate the keys.", ["keys"])


def test_without_a_match_the_beginning_is_shown() -> None:
    assert shown("one two three four five", ("none",), 14) == (f"one two three{ELLIPSIS}", [])


def test_the_window_with_most_distinct_words_wins() -> None:
    text = "key key key key " + "filler " * 20 + "rotate a key here " + "filler " * 20
    text, highlights = shown(text, ("key", "rotate"), 40)
    assert highlights == ["rotate", "key"]
    assert text.startswith(ELLIPSIS + "filler")
    assert text.endswith("filler" + ELLIPSIS)


def test_of_equal_windows_the_earlier_wins() -> None:
    assert shown("key one. " + "filler " * 20 + "key two.", ("key",), 10)[0] == f"key one.{ELLIPSIS}"


def test_a_window_over_lines_begins_with_a_word() -> None:
    text, highlights = shown("first\nsecond\n" + "x " * 40 + "\n\nthe key\nlast", ("key",), 12)
    assert highlights == ["key"]
    assert text.splitlines()[0] == f"{ELLIPSIS}the key"


def test_a_word_wider_than_the_window_is_cut() -> None:
    assert shown("x" * 100, (), 10) == ("x" * 10 + ELLIPSIS, [])
    assert shown("a " + "k" * 30 + " b", ("k" * 30,), 10)[1] == ["k" * 30]


def test_characters_of_spaceless_scripts_join_into_one_highlight() -> None:
    text, highlights = shown("前置き。" * 30 + "全文検索エンジン" + "後書き。" * 30, ("検", "索"), 12)
    assert highlights == ["検索"]
    assert len(text) <= 14


def test_identifiers_are_matched_in_parts() -> None:
    assert shown("set ef_construction=200", ("ef", "construction"), 50)[1] == ["ef", "construction"]


@given(st.text(st.sampled_from("ab \n.é検索\u202e😀\0_"), max_size=120), st.integers(0, 50))
def test_windows_are_parts_of_the_text(text: str, width: int) -> None:
    found, matches = snippet(text, lambda word: word in ("a", "ab", "検"), width)
    inside = found.removeprefix(ELLIPSIS).removesuffix(ELLIPSIS)
    assert inside in text
    assert inside == inside.strip()
    assert all(set(found[start:end]) <= set("ab検") for start, end in matches)
    longest = max(map(len, text.split()), default=0)
    assert len(inside) <= max(width, longest)
    if any(word in text.split() for word in ("a", "ab")):
        assert matches


@pytest.mark.parametrize("word", ["key", "other"])
def test_a_megabyte_takes_linear_time(word: str) -> None:
    assert snippet("key " * 250_000, lambda found: found == word, 200)[0].startswith("key")


@pytest.mark.parametrize("word", ["C++", "F#", "1,250,000", "hand\u00adbook", "libfoo++"])
def test_a_word_with_signs_is_highlighted_whole(word: str) -> None:
    assert shown(f"see {word}, then", (word.casefold(),), 80)[1] == [word]
