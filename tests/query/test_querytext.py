from __future__ import annotations

import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedctl.query import parse
from embedctl.query.parse import parse_query

ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=80) | st.text(
    st.sampled_from("ab -\"“”«»\t\n'\\é検\0😀\ud800"), max_size=40
)


@pytest.mark.parametrize(
    ("text", "words", "phrases", "exclusions", "dense"),
    [
        ("how do I rotate keys", ("how", "do", "I", "rotate", "keys"), (), (), "how do I rotate keys"),
        ('rotate "api keys" now', ("rotate", "now"), ("api keys",), (), "rotate api keys now"),
        ("keys -draft", ("keys",), (), ("draft",), "keys"),
        ('keys -"first draft" x', ("keys", "x"), (), ("first draft",), "keys x"),
        ("“api keys” «mots clés» „Schlüssel tauschen“", (), ("api keys", "mots clés", "Schlüssel tauschen"), (), None),
        ("well-known state-of-the-art", ("well-known", "state-of-the-art"), (), (), None),
        ('say "never closed', ("say", '"never', "closed"), (), (), None),
        ('a 5"disk "x y"', ("a", '5"disk'), ("x y",), (), None),
        ("use --flag - or -- here", ("use", "--flag", "-", "or", "--", "here"), (), (), None),
        ('"" "  " "!?" word', ("word",), (), (), "word"),
        ("-draft", ("-draft",), (), (), "-draft"),
        ('-draft -"two words"', ("-draft", '-"two', 'words"'), (), (), '-draft -"two words"'),
        ("!! -draft", ("!!", "-draft"), (), (), None),
        ("", (), (), (), ""),
        (" \t\n", (), (), (), ""),
    ],
)
def test_pieces(
    text: str, words: tuple[str, ...], phrases: tuple[str, ...], exclusions: tuple[str, ...], dense: str | None
) -> None:
    parsed = parse_query(text)
    assert (parsed.words, parsed.phrases, parsed.exclusions) == (words, phrases, exclusions)
    if dense is not None:
        assert parsed.dense_text == dense


@given(ANY_TEXT)
def test_every_text_has_a_meaning(text: str) -> None:
    parsed = parse_query(text)
    assert all(piece.strip() for piece in (*parsed.words, *parsed.phrases, *parsed.exclusions))
    if parsed.exclusions:
        assert any(character.isalnum() for character in parsed.dense_text), "something is asked for"
    if any(character.isalnum() for character in text):
        assert any(character.isalnum() for character in parsed.dense_text), "no query is emptied"


@given(ANY_TEXT)
def test_no_character_that_means_something_is_lost(text: str) -> None:
    parsed = parse_query(text)
    pieces = "".join((*parsed.words, *parsed.phrases, *parsed.exclusions))
    assert sorted(filter(str.isalnum, pieces)) == sorted(filter(str.isalnum, text))


@given(st.lists(st.text("abc.é-", min_size=1).filter(lambda word: not word.startswith("-")), min_size=1))
def test_text_without_operators_is_left_alone(words: list[str]) -> None:
    parsed = parse_query(" ".join(words))
    assert parsed.words == tuple(words)
    assert parsed.dense_text == " ".join(words)


class Counted:
    """A pattern that counts the characters it reads."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern = pattern
        self.read = 0

    def match(self, text: str, at: int) -> re.Match[str] | None:
        return self._counted(self.pattern.match(text, at), at, at)

    def search(self, text: str, at: int) -> re.Match[str] | None:
        return self._counted(self.pattern.search(text, at), at, len(text))

    def _counted(self, found: re.Match[str] | None, start: int, end: int) -> re.Match[str] | None:
        self.read += (found.end() if found else end) - start
        return found


@pytest.mark.parametrize("unit", ['"', "“", '" ', '-"', "«a ", "- ", "-a ", '"a" ', "„«“ "])
def test_work_grows_with_the_text_and_not_with_its_square(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    patterns = [Counted(parse._BLANK), Counted(parse._WORD)]
    closing = {opening: Counted(pattern) for opening, pattern in parse._CLOSING.items()}
    monkeypatch.setattr(parse, "_BLANK", patterns[0])
    monkeypatch.setattr(parse, "_WORD", patterns[1])
    monkeypatch.setattr(parse, "_CLOSING", closing)

    def work(size: int) -> tuple[int, int]:
        """Return the characters that patterns read, and the calls of functions that are made."""
        text, calls = unit * (size // len(unit)), 0
        counters = [*patterns, *closing.values()]
        for counter in counters:
            counter.read = 0

        def called(*_: object) -> None:
            nonlocal calls
            calls += 1

        sys.setprofile(called)
        try:
            parse_query(text)
        finally:
            sys.setprofile(None)
        return sum(counter.read for counter in counters), calls

    small, large = work(2_000), work(16_000)
    assert small[0] >= 1_000
    assert large[0] < 9 * small[0]
    assert large[1] < 9 * small[1]
