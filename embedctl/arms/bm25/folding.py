"""Folding: characters that readers do not type, or type in another form, are the same in documents and queries.

Left out are marks that spelling does without (Arabic and Hebrew vowels, stress marks, tatweel) and characters that
nobody sees (soft hyphens, zero width spaces, byte order marks, NUL). Made one are compatibility forms (ligatures, full
width letters), Greek letters with and without accents, final sigma, Russian yo, and the forms of alef, yeh and kaf.
"""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE = (
    "\x00\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\U000e0000-\U000e007f\U000e0100-\U000e01ef"
)
_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"  # combining, Cyrillic, Hebrew
    "\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"  # Arabic, tatweel
    "\u0711\u0730-\u074a\u07a6-\u07b0\u08d3-\u08ff"  # Syriac, Thaana
    "\u093c\u094d\u0951-\u0954\u09bc\u09cd\u0a3c\u0a4d\u0abc\u0acd"  # viramas
    "\u0b3c\u0b4d\u0bcd\u0c4d\u0cbc\u0ccd\u0d4d\u0dca"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\u2de0-\u2dff\ua66f-\ua672\ufe20-\ufe2f"
)
LEFT_OUT = _INVISIBLE + _MARKS
"""Characters that no word is made of, as the inside of a regular expression's character class."""
_LEFT_OUT = re.compile(f"[{LEFT_OUT}]")
_GROUPING = re.compile("(?<=[0-9])[\u00a0\u2007\u2009\u202f'\u2019](?=[0-9]{3}(?![0-9]))")
"""What groups digits where it is no comma: NFKC turns narrow spaces into plain ones."""
_TRADE_MARKS = re.compile("[\u2120\u2122\u00ae\u00a9]")

_FORMS = {
    "\u0451": "\u0435", "\u0401": "\u0415",  # yo
    "\u0622": "\u0627", "\u0623": "\u0627", "\u0625": "\u0627", "\u0671": "\u0627",  # alef
    "\u0649": "\u064a", "\u06cc": "\u064a", "\u06a9": "\u0643", "\u06c1": "\u0647", "\u06d5": "\u0647",  # yeh, kaf, heh
    "\u02bc": "'", "\u02bb": "'", "\u02b9": "'", "\u055a": "'",
    "\u266f": "#", "\u2044": "/", "\u2215": "/", "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2212": "-",
}  # fmt: skip
_TEH_MARBUTA = "\u0629"


def _greek() -> dict[str, str]:
    """Return each Greek letter with accents, breathings or iota subscript without them, and final sigma as sigma."""
    forms = {"\u03c2": "\u03c3"}
    for code in (*range(0x0370, 0x0400), *range(0x1F00, 0x2000)):
        bare = "".join(part for part in unicodedata.normalize("NFD", chr(code)) if not unicodedata.combining(part))
        if bare and bare != chr(code) and bare.isalpha():
            forms[chr(code)] = bare
    return forms


def _digits() -> dict[str, str]:
    """Return the decimal digits of Arabic, Persian and Indic scripts as those of ASCII."""
    zeros = (0x0660, 0x06F0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66)
    return {chr(zero + value): str(value) for zero in zeros for value in range(10)}


_FOLDED = {**_FORMS, **_greek(), **_digits()}
_DOTTED_CAPITAL = "\u0130"


def fold(text: str, language: str) -> str:
    """Return ``text`` with one form of each character, for a language of :mod:`.analysis`; case stays."""
    if text.isascii():
        text = text.replace("\x00", "")
        return text.replace("I", "\u0131") if language == "turkish" else text
    text = text.encode("utf-8", "ignore").decode("utf-8")
    if language == "turkish":
        text = unicodedata.normalize("NFC", text).replace("I", "\u0131").replace(_DOTTED_CAPITAL, "i")
    else:
        text = text.replace(_DOTTED_CAPITAL, "I")
    if "\u2122" in text or "\u2120" in text or "\u00ae" in text:
        text = _TRADE_MARKS.sub(" ", text)
    text = unicodedata.normalize("NFKC", _GROUPING.sub(",", text))
    text = _LEFT_OUT.sub("", text)
    for character in set(text).intersection(_FOLDED):
        text = text.replace(character, _FOLDED[character])
    if _TEH_MARBUTA in text and language != "arabic":  # whose stemmer knows it
        text = text.replace(_TEH_MARBUTA, "\u0647")
    return text
