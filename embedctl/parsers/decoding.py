"""Bytes to text, in one place: byte order marks, then strict UTF-8, then detection that must be sure of itself.

``data.decode(decoded.encoding) == decoded.text`` holds for all text without a note about bytes or NULs, so offsets can
be followed back into the file.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import NamedTuple

from ..encodings import SUPERSETS, detect
from ..errors import ParseError, UnsupportedError

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Codecs that a file can name and that do not turn a document's bytes into its text.
NOT_ENCODINGS = {"utf-7", "punycode", "idna", "undefined", "unicode-escape", "raw-unicode-escape", "mbcs", "oem"}
# Left out of the count: tab, newline, form feed, carriage return, escape (coloured logs).
CONTROLS = bytes(set(range(32)) - {9, 10, 12, 13, 27})
MOST_CONTROLS = 0.1
SAMPLE = 8192

LEAST_WITH_NULS = 64
"""Characters of a text that may have NULs in it; anything shorter with a NUL is binary."""
MOST_NULS = 0.01
"""Share of NULs in a text, unless all of them stand together, as in a log that a crash has cut."""
LEAST_UTF16 = 8
"""Characters of UTF-16 without a byte order mark."""
LEAST_ALPHABETIC = 0.8
"""Share of its characters below U+2000, where the alphabets are."""
MOST_DAMAGE = 0.1
"""Damaged bytes in UTF-8, as a share of the characters outside ASCII that are whole."""

_WHOLE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_ALPHABETS = bytes(range(0x20))
_REPLACED = "\ufffd"


class Decoded(NamedTuple):
    """Text, and the Python codec that makes it from the file's bytes."""

    text: str
    encoding: str


class Reading(NamedTuple):
    """A decoded text, with what is uncertain or damaged about it."""

    text: str
    encoding: str
    notes: tuple[str, ...]
    """Finished clauses."""


def decode(data: bytes, declared: str | None = None) -> Decoded:
    """Return the text of ``data`` without its byte order mark and otherwise verbatim.

    ``declared`` is an encoding that the document names; it counts unless the bytes are UTF-8 or contradict it.

    Raises:
        UnsupportedError: the bytes are empty, blank or not text.
        ParseError: they are text in an encoding that cannot be told.
    """
    return Decoded(*decode_noted(data, declared)[:2])


def decode_noted(data: bytes, declared: str | None = None) -> Reading:
    """Return what ``decode`` returns, with notes about an encoding that is not certain and bytes that are no text.

    Raises:
        UnsupportedError, ParseError: as for ``decode``.
    """
    reading = _decode(data, declared)
    if not reading.text or reading.text.isspace():
        raise UnsupportedError("empty file")
    if "\0" in reading.text:
        raise UnsupportedError("binary file")
    return reading


def is_text(head: bytes) -> bool:
    """Return whether the first bytes of a file read as text; a character cut off at their end does not matter."""
    if marked(head):
        return True
    if b"\0" in head:
        return _utf16(head[: len(head) // 2 * 2]) is not None or _without_nuls(head, cut=True) is not None
    if is_binary(head):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        whole_lines = head[: head.rfind(b"\n") + 1] or head
        return _damaged_utf8(whole_lines) is not None or detect(whole_lines) is not None
    return True


def marked(data: bytes) -> str | None:
    """Return the encoding that a byte order mark names."""
    return next((encoding for mark, encoding in MARKS if data.startswith(mark)), None)


def is_binary(data: bytes) -> bool:
    """Return whether unmarked bytes cannot be text: NULs anywhere, or many control characters at the beginning."""
    sample = data[:SAMPLE]
    return b"\0" in data or len(sample) - len(sample.translate(None, CONTROLS)) > MOST_CONTROLS * len(sample)


def _decode(data: bytes, declared: str | None) -> Reading:
    if encoding := marked(data):
        try:
            return Reading(data.decode(encoding), encoding, ())
        except UnicodeDecodeError as error:
            name = encoding.removesuffix("-sig").upper()
            raise ParseError(f"damaged text: its byte order mark says {name}, byte {error.start} does not") from error
    if b"\0" in data:
        if reading := _utf16(data) or _without_nuls(data):
            return reading
        raise UnsupportedError("binary file")
    if is_binary(data):
        raise UnsupportedError("binary file")
    attempts = ["utf-8"]
    if declared and (known := _known(declared)):
        # A label is often older than the file; bytes outside ASCII that happen to be UTF-8 are not.
        attempts.insert(1 if not data.isascii() else 0, known)
    for encoding in attempts:
        try:
            return Reading(data.decode(encoding), encoding, ())
        except (UnicodeDecodeError, LookupError):
            continue
    if damaged := _damaged_utf8(data):
        return damaged
    detected = detect(data)
    if detected is None:
        raise ParseError("text in no known encoding")
    note = f"its encoding is not certain; it was read as {detected.encoding}"
    return Reading(detected.text, detected.encoding, () if detected.certain else (note,))


def _utf16(data: bytes) -> Reading | None:
    """Return UTF-16 without a byte order mark: NULs at even or at odd places only, and nothing but text."""
    if len(data) % 2 or len(data) < 2 * LEAST_UTF16:
        return None
    even, odd = data[::2].count(0), data[1::2].count(0)
    if bool(even) == bool(odd):
        return None
    encoding, high = ("utf-16-le", data[1::2]) if odd else ("utf-16-be", data[::2])
    if len(high) - len(high.translate(None, _ALPHABETS)) < LEAST_ALPHABETIC * len(high):
        return None  # letters in pairs, with a NUL among them
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    sample = text[:SAMPLE]
    if any(unicodedata.category(each) in ("Cc", "Co", "Cn") and each not in "\t\n\f\r\x1b" for each in sample):
        return None
    return Reading(text, encoding, ())


def _without_nuls(data: bytes, *, cut: bool = False) -> Reading | None:
    """Return UTF-8 text that has some NULs in it, without them; with ``cut`` its last character may be half."""
    nuls = data.count(0)
    together = data.find(0) + nuls == data.rfind(0) + 1
    rest = data.translate(None, b"\0")
    if len(rest) < LEAST_WITH_NULS or (nuls > MOST_NULS * len(data) and not together):
        return None
    if len(rest) != len(rest.translate(None, CONTROLS)):
        return None
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(rest, final=not cut)
    except UnicodeDecodeError:
        return None
    return Reading(text, "utf-8", (f"{nuls:,} NUL characters in it are left out",))


def _damaged_utf8(data: bytes) -> Reading | None:
    """Return text that is UTF-8 but for a few bytes, which become U+FFFD."""
    whole = len(_WHOLE.findall(data))
    if not whole:
        return None
    text = data.decode("utf-8", "replace")
    damaged = text.count(_REPLACED)
    if damaged > max(1, MOST_DAMAGE * whole) or damaged >= whole:
        return None
    return Reading(text, "utf-8", (f"{damaged:,} of its bytes are not valid UTF-8 and were read as \ufffd",))


def _known(label: str) -> str | None:
    """Return the codec for a document's label, or ``None`` where there is none that fits a label inside the text."""
    try:
        name = codecs.lookup(label.strip()).name
    except (LookupError, ValueError):
        return None
    if name in NOT_ENCODINGS or name.startswith(("utf-16", "utf-32")):
        return None
    return SUPERSETS.get(name, name)
