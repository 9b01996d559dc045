"""reStructuredText, kept verbatim."""

from __future__ import annotations

import re

from ..records import Markup, ParsedDocument
from .bulk import without_encoded
from .decoding import decode_noted
from .markup import TITLE_REACH, one_line

_ADORNMENT = r"([!-/:-@\[-`{-~])"
_SECTION = re.compile(
    rf"^(?:{_ADORNMENT}\1{{2,}}[ \t]*\r?\n)?"
    r"(?P<title>[^\s.:][^\r\n]*|[ \t]+(?=\S)[^\r\n]*)\r?\n"
    rf"{_ADORNMENT}\3+[ \t]*\r?$",
    re.MULTILINE,
)


def parse(data: bytes, _path: str) -> ParsedDocument:
    """Return the text as it is."""
    text, encoding, notes = decode_noted(data)
    text = without_encoded(text)
    return ParsedDocument(text, "text/x-rst", Markup.RST, first_section(text), encoding=encoding, notes=notes)


def first_section(text: str) -> str | None:
    """Return the first title that is underlined by at least its own width, near the beginning."""
    for match in _SECTION.finditer(text, 0, TITLE_REACH):
        title = match["title"]
        underline = match[0].rstrip().rpartition("\n")[2]
        overlined = match[1] is not None
        if title[0].isspace() and not overlined:
            continue
        if len(underline) >= len(title.strip()):
            return one_line(title)
    return None
