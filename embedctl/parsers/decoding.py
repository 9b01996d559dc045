"""Bytes to text, in one place: byte order marks, then strict UTF-8, then detection that must be sure of itself.

``data.decode(decoded.encoding) == decoded.text`` always holds, so offsets can be followed back into the file.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, NamedTuple

from ..errors import ParseError, UnsupportedError

if TYPE_CHECKING:
    from charset_normalizer import CharsetMatch

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Left to itself, the detector takes short Western texts for Icelandic Macintosh or DOS Baltic: it may only choose
# among encodings that people have files in.
MULTIBYTE = ("cp932", "euc_jp", "gb18030", "big5", "cp949")
CANDIDATES = (
    *("cp1252", "cp1250", "cp1251", "koi8_r", "cp866", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp874"),
    *MULTIBYTE,
)
MOST_CHAOS = 0.1
SAME = 0.02
"""Chaos and coherence closer than this do not tell two encodings apart."""

# Codecs that a file can name and that do not turn a document's bytes into its text.
NOT_ENCODINGS = {"utf-7", "punycode", "idna", "undefined", "unicode-escape", "raw-unicode-escape", "mbcs", "oem"}
# The WHATWG encoding standard: what a page calls these is its superset.
SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "tis-620": "cp874",
}
# Left out of the count: tab, newline, form feed, carriage return, escape (coloured logs).
CONTROLS = bytes(set(range(32)) - {9, 10, 12, 13, 27})
MOST_CONTROLS = 0.1
SAMPLE = 8192


class Decoded(NamedTuple):
    """Text, and the Python codec that makes it from the file's bytes."""

    text: str
    encoding: str


def decode(data: bytes, declared: str | None = None) -> Decoded:
    """Return the text of ``data`` without its byte order mark and otherwise verbatim.

    ``declared`` is an encoding that the document names; it counts unless the bytes are UTF-8 or contradict it.

    Raises:
        UnsupportedError: the bytes are empty, blank or not text.
        ParseError: they are text in an encoding that cannot be told.
    """
    decoded = _decode(data, declared)
    if not decoded.text or decoded.text.isspace():
        raise UnsupportedError("empty file")
    if "\0" in decoded.text:
        raise UnsupportedError("binary file")
    return decoded


def is_text(head: bytes) -> bool:
    """Return whether the first bytes of a file read as text; a character cut off at their end does not matter."""
    if marked(head):
        return True
    if is_binary(head):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        whole_lines = head[: head.rfind(b"\n") + 1] or head
        return detect(whole_lines) is not None
    return True


def marked(data: bytes) -> str | None:
    """Return the encoding that a byte order mark names."""
    return next((encoding for mark, encoding in MARKS if data.startswith(mark)), None)


def is_binary(data: bytes) -> bool:
    """Return whether unmarked bytes cannot be text: NULs anywhere, or many control characters at the beginning."""
    sample = data[:SAMPLE]
    return b"\0" in data or len(sample) - len(sample.translate(None, CONTROLS)) > MOST_CONTROLS * len(sample)


def detect(data: bytes) -> str | None:
    """Return the encoding of non-UTF-8 bytes where the evidence is clear, else ``None``."""
    from charset_normalizer import from_bytes

    matches = from_bytes(data, cp_isolation=list(CANDIDATES))
    best = matches.best()
    if best is None or best.chaos > MOST_CHAOS:
        return None
    rivals = [match for match in matches if match.chaos <= best.chaos + SAME]
    alike = [match for match in rivals if match.coherence >= best.coherence - SAME]
    names = {name for match in alike for name in _names(match)}
    if "cp1252" in names:  # most of the world's unlabelled eight-bit text
        return "cp1252"
    multibyte = [match.encoding for match in alike if match.encoding in MULTIBYTE]
    if len(multibyte) == 1:  # bytes that pair up without an error are no accident
        return multibyte[0]
    if best.coherence > 0 or len(rivals) == 1:
        return str(best.encoding)
    return None


def _names(match: CharsetMatch) -> list[str]:
    return [match.encoding, *(each.encoding for each in match.submatch)]


def _decode(data: bytes, declared: str | None) -> Decoded:
    if encoding := marked(data):
        try:
            return Decoded(data.decode(encoding), encoding)
        except UnicodeDecodeError as error:
            name = encoding.removesuffix("-sig").upper()
            raise ParseError(f"damaged text: its byte order mark says {name}, byte {error.start} does not") from error
    if is_binary(data):
        raise UnsupportedError("binary file")
    attempts = ["utf-8"]
    if declared and (known := _known(declared)):
        # A label is often older than the file; bytes outside ASCII that happen to be UTF-8 are not.
        attempts.insert(1 if not data.isascii() else 0, known)
    for encoding in attempts:
        try:
            return Decoded(data.decode(encoding), encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    detected = detect(data)
    if detected is None:
        raise ParseError("text in no known encoding")
    try:
        return Decoded(data.decode(detected), detected)
    except UnicodeDecodeError as error:  # large inputs are detected by samples
        raise ParseError("text in no known encoding") from error


def _known(label: str) -> str | None:
    """Return the codec for a document's label, or ``None`` where there is none that fits a label inside the text."""
    try:
        name = codecs.lookup(label.strip()).name
    except (LookupError, ValueError):
        return None
    if name in NOT_ENCODINGS or name.startswith(("utf-16", "utf-32")):
        return None
    return SUPERSETS.get(name, name)
