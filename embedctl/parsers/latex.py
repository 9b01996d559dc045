"""LaTeX's spelling of letters and its commands, as a reader sees them."""

from __future__ import annotations

import re
import unicodedata

_ACCENT = re.compile(r"\\([`'^\"~=.uvHck])(?:\{(\\?[a-zA-Z])\}|(?<=[`'^\"~=.])(\\?[a-zA-Z]))")
_ACCENTS = dict(
    zip(
        "`'^\"~=.uvHck",
        "\u0300\u0301\u0302\u0308\u0303\u0304\u0307\u0306\u030c\u030b\u0327\u0328",
        strict=True,
    )
)
_LETTERS = {
    "ss": "ß",
    "ae": "æ",
    "oe": "œ",
    "o": "ø",
    "l": "ł",
    "aa": "å",
    "AE": "Æ",
    "OE": "Œ",
    "O": "Ø",
    "L": "Ł",
    "i": "i",
}
_LETTER = re.compile(r"\{?\\(ss|ae|oe|aa|AE|OE|AA|[oOlLi])(?![a-zA-Z])(?:[ \t]|\{\})?\}?")
_COMMAND = re.compile(
    r"\\(?:thanks|footnote)\{[^{}]*\}|\\\\(?:\[[^\]]*\])?|\\[a-zA-Z]+\*?(?:\[[^\]]*\])?[ \t]*|[{}]|(?<!\\)[$~]"
)


def plain_latex(source: str) -> str:
    """Return a title or name without commands, accents as letters, dashes as such."""
    source = _LETTER.sub(lambda match: _LETTERS.get(match[1], "Å"), _ACCENT.sub(_accented, source))
    source = _COMMAND.sub(" ", source).replace("\\&", "&").replace("---", "—").replace("--", "–")
    return source.replace("\\", "")


def _accented(match: re.Match[str]) -> str:
    letter = (match[2] or match[3]).removeprefix("\\")
    return unicodedata.normalize("NFC", letter + _ACCENTS[match[1]])
