"""Bytes of mails to text: charsets as mails name them, encoded words of headers, and headers with raw bytes."""

from __future__ import annotations

import binascii
import codecs
import re
from typing import NamedTuple

from ..errors import ParseError
from .decoding import decode, marked
from .markup import one_line

_WORD = re.compile(r"=\?([^?\s]{1,100})\?([bq])\?(.{0,998}?)\?=", re.IGNORECASE)
_PAGE = re.compile(r"^(?:windows|cp|ibm)-")
_DIRECTION = re.compile(r"-[ei]$")
_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
_IN_MAILS = frozenset({"utf-7", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"})
"""Encodings that a mail can be in and name, which a text file cannot."""
_BLANKS = b" \t\r\n\xa0"
_JAPANESE = b"\x1b$"
"""Begins Japanese characters in ISO 2022, which is often sent without its name."""
_UNLABELLED = "cp1252"
_MOST_REPAIRS = 50
"""Text that says it is UTF-8, and is but for one character in so many, has damage in it."""


class Text(NamedTuple):
    """Decoded bytes."""

    text: str
    is_certain: bool
    """``False``: nothing said which encoding they are in, or what did is contradicted."""


def in_charset(data: bytes, charset: str | None) -> Text:
    """Return bytes as text: by their mark, as UTF-8, by the charset that is named, or by what they seem to be."""
    codec = _codec(charset)
    if codec in (None, "ascii", "utf-8") and _JAPANESE in data and data.isascii():
        codec = "iso2022_jp"
    if codec in _IN_MAILS and not marked(data):
        try:
            return Text(data.decode(codec).lstrip("\ufeff"), True)
        except UnicodeDecodeError:
            codec = None
    if not marked(data):
        data = data.replace(b"\0", b"")
        try:
            if not data.isascii() or codec in (None, "utf-8", "ascii"):
                return Text(data.decode("utf-8"), True)
        except UnicodeDecodeError:
            if codec == "utf-8" and len(repaired := data.decode("utf-8", "replace")) > _MOST_REPAIRS * (
                1 + repaired.count("\ufffd")
            ):
                return Text(repaired, False)
    try:
        return Text(decode(data, codec).text, True)
    except ParseError:
        return Text(data.decode(_UNLABELLED, "replace"), not data.strip(_BLANKS))


def decoded_words(header: str, charset: str | None = None) -> str:
    """Return a header as it reads, in one line: encoded words decoded, raw bytes by ``charset`` or as they seem.

    Words that stand next to each other are one text, even where a character was cut between them.
    """
    texts: list[str] = []
    word, label, end = b"", "", 0
    for match in _WORD.finditer(header):
        between = header[end : match.start()]
        name = match[1].partition("*")[0].lower()
        if word and (between.strip() or name != label):
            texts.append(in_charset(word, label).text)
            word = b""
        if between.strip() or not end:
            texts.append(_raw(between, charset))
        word, label, end = word + _word_bytes(match[2], match[3]), name, match.end()
    if word:
        texts.append(in_charset(word, label).text)
    return one_line("".join(texts) + _raw(header[end:], charset))


def bytes_of(header: str) -> bytes:
    """Return a header's bytes."""
    return header.encode("utf-8", "surrogateescape")


def _word_bytes(way: str, spelled: str) -> bytes:
    data = bytes_of(spelled)
    if way.lower() == "q":
        return _HEX.sub(lambda match: binascii.a2b_hex(match[1]), data.replace(b"_", b" "))
    digits = re.sub(rb"[^A-Za-z0-9+/]+", b"", data)
    digits = digits[:-1] if len(digits) % 4 == 1 else digits
    return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))


def _raw(text: str, charset: str | None) -> str:
    return text if text.isascii() and "\x1b" not in text else in_charset(bytes_of(text), charset).text


def _codec(charset: str | None) -> str | None:
    """Return the codec for a charset as mails spell it; ``None``: there is none of that name."""
    if not charset:
        return None
    name = charset.strip().lower()
    for spelled in (name, name.removeprefix("x-"), _PAGE.sub("cp", name), _DIRECTION.sub("", name)):
        try:
            return codecs.lookup(spelled).name
        except (LookupError, ValueError):
            continue
    return None
