"""Parsers: one file per format; a new one is a file with a function ``parse``, its name and endings in ``kinds``.

Importing this package imports no third-party library; each parser does so when it first parses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import UnsupportedError
from .kinds import HEAD_BYTES, PARSERS, parser_for

if TYPE_CHECKING:
    from ..contracts import Parser
    from ..records import ParsedDocument

__all__ = ["HEAD_BYTES", "PARSERS", "parse", "parser_for"]


def parse(data: bytes, path: str) -> ParsedDocument:
    """Parse ``data`` with the parser for this content and ``path`` (POSIX; never opened).

    Raises:
        ParseError: the file should have been readable and is not; the message is the reason.
        UnsupportedError: the file is empty, binary or of a kind that embedctl does not read.
    """
    if not data:
        raise UnsupportedError("empty file")
    parser: Parser = PARSERS.load(parser_for(path, data[:HEAD_BYTES]))
    return parser(data, path)
