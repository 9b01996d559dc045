"""PDF: pages, broken words, and the two answers when there is nothing to read."""

from __future__ import annotations

import pytest
from parser_samples import PROSE, pdf

from embedctl.errors import ParseError, UnsupportedError
from embedctl.parsers import parse


def test_page_offsets_and_properties() -> None:
    document = parse(pdf([["First page"], [], ["Third page", "second line"]], title="On vectors"), "a.pdf")
    first, second, third = document.pages
    assert document.text[first:second] == "First page\n\n"
    assert document.text[second:third] == "\n\n"
    assert document.text[third:] == "Third page\nsecond line"
    assert document.title == "On vectors"
    assert document.metadata["author"] == "Ann"
    assert str(document.metadata["created"]).startswith("2000-01-01T00:00:00")


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["the infor-", "mation is here"], "the information is here"),
        (["state-of-the-", "art methods"], "state-of-the-art methods"),
        (["well-known, and well-", "known again"], "well-known, and well-known again"),
        (["the long tail, a long-", "tail query"], "the long tail, a long-tail query"),
        (["information: infor-", "mation"], "information: information"),
        (["the years 1990-", "1995"], "the years 1990-\n1995"),
        (["a self-", "taught sailor"], "a self-taught sailor"),
        (["a full-", "time pilot"], "a full-time pilot"),
        (["an evidence-", "based rule"], "an evidence-based rule"),
        (["the Anglo-", "Norman coast"], "the Anglo-Norman coast"),
        (["an e-", "mail to re-", "enter"], "an e-mail to re-enter"),
        (["short-", "and long-term moorings"], "short-\nand long-term moorings"),
        (["Wind-", "und Wetterkarten"], "Wind-\nund Wetterkarten"),
        (["a self-", "ish gull, the high-", "est pier"], "a selfish gull, the highest pier"),
        (["come to-", "gether be-", "fore the har-", "bour"], "come together before the harbour"),
    ],
)
def test_words_broken_at_line_ends(lines: list[str], text: str) -> None:
    assert parse(pdf([lines]), "a.pdf").text == text


@pytest.mark.parametrize("title", ["untitled", "Microsoft Word - draft.doc", "paper.dvi"])
def test_file_names_are_no_titles(title: str) -> None:
    assert parse(pdf([["Text"]], title=title), "a.pdf").title is None


def test_protected() -> None:
    with pytest.raises(ParseError, match="password-protected PDF"):
        parse(pdf([["Secret"]], password="secret"), "a.pdf")


def test_without_text_layer() -> None:
    with pytest.raises(UnsupportedError, match="run OCR first"):
        parse(pdf([[], []]), "a.pdf")


def test_damaged() -> None:
    with pytest.raises(ParseError, match="damaged PDF"):
        parse(b"%PDF-1.4\n" + PROSE.encode(), "a.pdf")
