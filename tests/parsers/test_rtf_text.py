# ruff: noqa: E501 - RTF reads badly in pieces
"""Rich Text Format: characters of every code page, headings, lists, tables, notes; nothing of what is not text."""

from __future__ import annotations

import pytest

from embedctl.errors import ParseError
from embedctl.parsers import parse

FONTS = r"{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Arial;}{\f2\fcharset128 Gothic;}{\f3\fcharset238 Arial;}}"


def text_of(body: str, head: str = "") -> str:
    return parse(f"{{\\rtf1\\ansi\\ansicpg1252\\uc1 {FONTS}{head}{body}}}".encode("latin-1"), "a.rtf").text


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (r"caf\'e9 \u8364?5 \u-10179?\u-8704?", "café €5 😀"),
        (r"{\uc2\u322\'b3\'b3}od{\f3\'9f}", "łodź"),
        (r"{\f1 \'cf\'ee\'f0\'f2} end", "Порт end"),
        (r"{\f2 \'93\'fa\'96{}\'7b}", None),
        (r"{\f2 \'93\'fa\'96\'7b}", "日本"),
        ("{\\f2 \\'93\r\n\\'fa}", "日"),
        (r"a\emdash b\~c\_d\ldblquote q\rdblquote", "a—b\u00a0c-d“q”"),
        (r"one\line two\tab three\par four", "one\ntwo\tthree\n\nfour"),
        (r"braces \{x\} and \\ sign", "braces {x} and \\ sign"),
    ],
)
def test_characters(body: str, expected: str | None) -> None:
    if expected is not None:
        assert text_of(body) == expected


def test_headings_and_lists() -> None:
    head = r"{\stylesheet{\s0 Normal;}{\s3\ql\sb240\b heading 2;}}"
    body = r"\pard\s3 Moorings\par\pard\plain Text.\par"
    body += r"{\pard{\listtext 1.\tab}\ilvl0 Fore\par}{\pard{\listtext (a)\tab}\ilvl1 rope\par}{\pard{\pntext\'b7\tab}Aft\par}"
    assert text_of(body, head) == "## Moorings\n\nText.\n\n1. Fore\n   - (a) rope\n- Aft"


def test_tables() -> None:
    row = r"\trowd\cellx1\cellx2\pard\intbl {}\cell {}\cell\row"
    body = (
        r"\pard Before.\par"
        + row.format("Pier", "Fee")
        + row.format(r"B1\par new", r"12 \u8364?")
        + r"\pard\par"
        + row.format("a", "b")
    )
    assert text_of(body) == "Before.\n\n| Pier | Fee |\n| --- | --- |\n| B1 new | 12 € |\n\n| a | b |\n| --- | --- |"


def test_notes_comments_headers_and_boxes() -> None:
    body = r"{\header\pard Kestrel\par}{\footer Page {\field{\*\fldinst PAGE}{\fldrslt 2}}}\pard Fee{\footnote One.\par Two.} due.\par"
    body += r"{\*\atnauthor Ida}{\*\annotation Too dear}{\shp{\*\shpinst{\sp{\sn fill}{\sv 1}}{\shptxt Boxed\par}}{\shprslt Boxed}}"
    assert text_of(body) == "Kestrel\n\nFee due.\n\nBoxed\n\nOne.\n\nTwo.\n\nComment by Ida: Too dear"


def test_properties_and_what_is_no_text() -> None:
    head = r"{\info{\title Harbour rules}{\author Ida}{\operator X}}{\*\generator Y;}{\colortbl;\red0;}"
    body = r"\pard Seen{\v hidden}{\deleted gone} {\field{\*\fldinst HYPERLINK x}{\fldrslt link}}{\pict\bin5 }}}}}}{\object{\*\objdata 00ff}{\result  shown\b\*\cs7}}."
    parsed = parse(f"{{\\rtf1 {head}{body}}}".encode(), "a.doc")
    assert (parsed.text, parsed.title, parsed.metadata) == ("Seen link shown.", "Harbour rules", {"author": "Ida"})


def test_nesting_is_bounded() -> None:
    with pytest.raises(ParseError, match="nested too deep"):
        text_of("{" * 100_000)
