"""From a path to a parsed document: what happens to one file, in whichever process."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from ..errors import ParseError, UnsupportedError
from . import PARSERS
from .kinds import BY_ENDING, BY_NAME, HEAD_BYTES, name_and_ending, parser_for

if TYPE_CHECKING:
    from io import FileIO

    from ..contracts import Parser
    from ..records import ParsedDocument

_IN_PLACE = frozenset({"text", "markdown", "rst", "code"})
"""Formats whose parsing takes less time than sending their text between processes."""


@dataclass(frozen=True, slots=True)
class ReadTask:
    """One file to be read and parsed."""

    path: str
    """POSIX, relative; a hint about its kind."""
    absolute: str
    size: int
    known: bytes | None = None
    """SHA-256 of the content that needs no parsing, because it was parsed before."""


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What became of a :class:`ReadTask`: a document, a problem, or neither where the content is the known one."""

    sha256: bytes | None
    """Of the file's bytes; ``None`` where they could not be read to their end."""
    document: ParsedDocument | None = None
    problem: ParseError | None = None


def read_and_parse(task: ReadTask) -> ReadResult:
    """Read one file and parse it, unless its content is known."""
    sha256 = None
    try:
        kind, data = _read(task)
        sha256 = hashlib.sha256(data).digest()
        if sha256 == task.known:
            return ReadResult(sha256)
        return ReadResult(sha256, _parser(kind).parse(data, task.path))
    except ParseError as problem:
        return ReadResult(sha256, problem=problem)


def is_costly(path: str) -> bool:
    """Say whether parsing a file of this name is worth sending to another process."""
    name, ending = name_and_ending(path)
    kind = BY_NAME.get(name) or BY_ENDING.get(ending)
    return kind is not None and kind not in _IN_PLACE


@cache
def _parser(kind: str) -> Parser:
    parser: Parser = PARSERS.load(kind)()
    return parser


def _read(task: ReadTask) -> tuple[str, bytes]:
    """Return the name of a file's parser, and its bytes.

    Raises:
        UnsupportedError: its name or first bytes say that no parser reads it; the rest was not read.
        ParseError: the operating system refuses it.
    """
    try:
        with open(task.absolute, "rb", buffering=0) as stream:  # noqa: PTH123 - Path takes longer than the reading
            head = stream.read(HEAD_BYTES)
            if not head:
                raise UnsupportedError("empty file")
            kind = parser_for(task.path, head)
            return kind, _whole(stream, head, HEAD_BYTES + 2 * task.size)  # bounded, should the file grow meanwhile
    except OSError as error:
        raise ParseError(f"cannot be read: {error.strerror or error}") from error


def _whole(stream: FileIO, head: bytes, limit: int) -> bytes:
    """Return ``head`` and what follows it, a system call's worth at a time."""
    pieces, size = [head], len(head)
    while size < limit and (piece := stream.read(limit - size)):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)
