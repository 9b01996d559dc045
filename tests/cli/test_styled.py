"""Styled text against rich, which does the same with more."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text as RichText

from embedctl.cli.styled import ELLIPSIS, StyledText, cells

CONSOLE = Console(file=io.StringIO(), width=200)
texts = st.text(st.sampled_from("abc de\n\t検é,"), max_size=200)


@given(texts, st.integers(20, 60))
def test_wrapping_is_that_of_rich(text: str, width: int) -> None:
    expected = [line.plain.rstrip() for line in RichText(text).wrap(CONSOLE, width, tab_size=4)]
    found = [line.plain for line in StyledText(text).wrapped(width)]
    while expected and not expected[-1]:
        expected.pop()
    while found and not found[-1]:
        found.pop()
    assert "\n".join(found).split() == "\n".join(expected).split()
    assert all(cells(line) <= width for line in found)
    if not re.search(r"^[ \t]|\S{20}", text, re.MULTILINE):  # but for blanks in front of words that are too long
        assert found == expected


@given(texts, st.integers(2, 40))
def test_what_is_too_long_ends_in_an_ellipsis(text: str, width: int) -> None:
    line = StyledText(text.replace("\n", " ").replace("\t", " "))
    short = line.shortened(width)
    assert short.cell_len <= width
    assert short.plain == line.plain or (
        short.plain.endswith(ELLIPSIS) and line.plain.startswith(short.plain.removesuffix(ELLIPSIS))
    )


@pytest.mark.parametrize(("text", "columns"), [("plain", 5), ("検索", 4), ("e\u0301", 1), ("ｈ", 2), ("", 0)])
def test_columns(text: str, columns: int) -> None:
    assert cells(text) == RichText(text).cell_len == columns


def test_styles_stay_with_their_words() -> None:
    text = StyledText("one ", "bold").append("two three").append_text(StyledText(" four", "dim"))
    text.stylize("bold red", 4, 7)
    assert text.rendered(colour=True) == "\x1b[1mone \x1b[0m\x1b[1;31mtwo\x1b[0m three\x1b[2m four\x1b[0m"
    assert text.rendered(colour=False) == "one two three four"
    first, second, _ = text.wrapped(8)
    assert (first.plain, second.plain) == ("one two", "three")
    assert [span.style for span in first.spans] == ["bold", "bold red"]


def test_tabs_reach_to_the_next_stop_with_their_styles() -> None:
    text = StyledText("a\tbc\td")
    text.stylize("green", 2, 4)
    assert text.expanded(4).rendered(colour=True) == "a   \x1b[32mbc\x1b[0m  d"
