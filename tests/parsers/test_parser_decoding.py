"""Bytes to text: marks, UTF-8, and a detector that must not guess."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedctl.errors import ParseError, UnsupportedError
from embedctl.parsers import parse
from embedctl.parsers.decoding import decode, is_text

GERMAN = "Größe über Straße, Äpfel und Öl. Können wir das für Bücher ändern?\n"
RUSSIAN = "Привет мир, это проверка кодировки текста в файле.\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "cp1252"),
        ("naïve approach, mostly English, one accent. " * 5, "cp1252"),
        ("“quoted” — with dashes … and it’s fine", "cp1252"),
        ("Zoë Müller and Björn paid 100 £ at 20°C", "cp1252"),
        ("Wszystkie książki są dostępne w bibliotece. Proszę wybrać jedną.", "cp1250"),
        ("Příliš žluťoučký kůň úpěl ďábelské ódy", "cp1250"),
        ("Bu bir Türkçe metin, şöyle güzel bir ağaç", "cp1254"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8_r"),
        (RUSSIAN, "cp866"),
        ("Αυτό είναι ένα κείμενο στα ελληνικά", "cp1253"),
        ("日本語のテキストです。検索の試験。" * 4, "cp932"),
        ("日本語のテキストです。検索の試験。" * 4, "euc_jp"),
        ("中文文本测试，搜索引擎。" * 4, "gb18030"),
        ("한국어 텍스트 검색 시험입니다. " * 4, "cp949"),
    ],
)
def test_legacy_encodings(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == (text, encoding)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_marks_are_dropped_and_the_codec_recorded(encoding: str) -> None:
    data = GERMAN.encode(encoding)
    document = parse(data, "a.txt")
    assert document.text == GERMAN
    assert document.encoding == encoding
    assert data.decode(document.encoding) == document.text


def test_big_endian_mark() -> None:
    assert decode(b"\xfe\xff" + GERMAN.encode("utf-16-be")) == (GERMAN, "utf-16")


def test_line_ends_stay_as_they_are() -> None:
    text = "one\r\ntwo\rthree\n\x0cfour\u2028five\n"
    assert decode(text.encode()).text == text


@pytest.mark.parametrize("data", [b"a\0b", b"\xff\xfea\0\0\0", bytes(range(1, 9)) * 9])
def test_binary(data: bytes) -> None:
    with pytest.raises(UnsupportedError, match="binary file"):
        decode(data)


@pytest.mark.parametrize("data", [b"", b" \r\n", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_empty(data: bytes) -> None:
    with pytest.raises(UnsupportedError, match="empty file"):
        decode(data)


def test_no_known_encoding() -> None:
    with pytest.raises(ParseError, match="no known encoding") as caught:
        decode(bytes(range(0x80, 0x100)) * 3 + b"\x81\x8d\x8f\xff\xfe")
    assert not isinstance(caught.value, UnsupportedError)


def test_lone_surrogates_and_damaged_marked_text_are_refused() -> None:
    with pytest.raises(ParseError):
        decode("a\ud800b".encode("utf-16-le", "surrogatepass").join([b"\xff\xfe", b""]))
    with pytest.raises(ParseError, match="UTF-8"):
        decode(b"\xef\xbb\xbfabc\xff")


def test_declared_encoding_counts_unless_the_bytes_are_utf8() -> None:
    assert decode(GERMAN.encode("cp1250"), "windows-1250").encoding == "cp1250"
    assert decode(GERMAN.encode("latin-1"), "iso-8859-1").encoding == "cp1252"
    assert decode(GERMAN.encode(), "iso-8859-1") == (GERMAN, "utf-8")
    assert decode("検索".encode("iso2022_jp"), "iso-2022-jp").text == "検索"
    assert decode(GERMAN.encode("cp1252"), "no-such-thing").encoding == "cp1252"
    assert decode(b"hex", "hex").text == "hex"


def test_a_head_cut_inside_a_character_is_text() -> None:
    assert is_text("日本語".encode()[:-1])
    assert is_text((RUSSIAN * 3).encode("cp1251")[:-3])


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\r\t"), min_size=1))
def test_utf8_round_trip(text: str) -> None:
    if text.isspace() or text.startswith("\ufeff"):
        return
    assert decode(text.encode()) == (text, "utf-8")


@given(st.binary(max_size=400))
def test_any_bytes_are_decoded_or_refused(data: bytes) -> None:
    try:
        text, encoding = decode(data)
    except ParseError:
        return
    assert data.decode(encoding) == text
    assert "\0" not in text
    text.encode()
