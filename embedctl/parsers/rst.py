"""reStructuredText, kept verbatim."""

from __future__ import annotations

import re

from ..records import Markup, ParsedDocument
from .decoding import decode
from .markup import TITLE_REACH, one_line

_ADORNMENT = r"([!-/:-@\[-`{-~])"
_SECTION = re.compile(
    rf"^(?:{_ADORNMENT}\1{{2,}}[ \t]*\r?\n)?"
    r"(?P<title>[^\s.:][^\r\n]*|[ \t]+(?=\S)[^\r\n]*)\r?\n"
    rf"{_ADORNMENT}\3+[ \t]*\r?$",
    re.MULTILINE,
)


class RstParser:
    """Keeps the file verbatim; the first section title is the document's title."""

    def parse(self, data: bytes, path: str) -> ParsedDocument:  # noqa: ARG002 - the contract's signature
        """Return the text as it is.

        Raises:
            ParseError: the encoding cannot be told.
            UnsupportedError: the file is empty or binary.
        """
        text, encoding = decode(data)
        return ParsedDocument(text, "text/x-rst", Markup.RST, first_section(text), encoding=encoding)


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
