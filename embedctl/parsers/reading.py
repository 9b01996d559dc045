"""Read and parse one file, from its path to a document, in any process."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ParseError, UnsupportedError, UsageError
from ..system.open_regular import open_regular
from .kinds import HEAD_BYTES, PARSERS, parser_for
from .markup import one_line

if TYPE_CHECKING:
    from io import FileIO

    from ..config import ParserLimits
    from ..contracts import Parser
    from ..records import ParsedDocument

MOST_CHARACTERS = {"title": 1_000, "language": 100, "encoding": 100, "media_type": 100}
"""Longest fields that a file has about itself; longer ones are cut."""


class Allowance(NamedTuple):
    """Limits of one file: :class:`~embedctl.config.ParserLimits` for a file of its size."""

    seconds: float
    memory_bytes: int
    characters: int
    pages: int
    metadata_bytes: int


def allowance(limits: ParserLimits, size: int) -> Allowance:
    """Return the limits of a file of ``size`` bytes."""
    return Allowance(
        limits.seconds,
        limits.memory_bytes + limits.memory_per_byte * size,
        max(limits.text_characters, size),
        limits.pages,
        limits.metadata_bytes,
    )


@dataclass(frozen=True, slots=True)
class ReadTask:
    """One file to be read and parsed."""

    path: str
    """POSIX, relative; a hint about its kind."""
    absolute: str
    size: int
    allowance: Allowance
    known: bytes | None = None
    """SHA-256 of the content that needs no parsing, because it was parsed before."""


@dataclass(frozen=True, slots=True)
class ReadResult:
    """Result of a :class:`ReadTask`: a document, a problem, or neither where the content is the known one."""

    sha256: bytes | None
    """Of the file's bytes; ``None`` where they could not be read to their end."""
    document: ParsedDocument | None = None
    problem: ParseError | None = None


def read_and_parse(task: ReadTask) -> ReadResult:
    """Read one file and parse it, unless its content is known; for use in a worker, where a limit on memory holds.

    Any other exception of a parser fails the file with its message and the line that raised it.
    """
    sha256 = None
    try:
        kind, data = _read(task)
        sha256 = hashlib.sha256(data).digest()
        if sha256 == task.known:
            return ReadResult(sha256)
        parser: Parser = PARSERS.load(kind)
        return ReadResult(sha256, _within(parser(data, task.path), task.allowance))
    except ParseError as problem:
        return ReadResult(sha256, problem=problem)
    except MemoryError:
        raise
    except UsageError as error:  # the parser of an installed package cannot be imported
        return ReadResult(sha256, problem=ParseError(one_line(error.message)))
    except RecursionError:
        return ReadResult(sha256, problem=ParseError("it is nested too deep"))
    except Exception as error:  # noqa: BLE001 - one bad file never stops a run
        return ReadResult(sha256, problem=ParseError(_bug(error)))


def _within(document: ParsedDocument, most: Allowance) -> ParsedDocument:
    """Return the document with a title of bearable length.

    Raises:
        ParseError: it is larger than a document may be.
    """
    if len(document.text) > most.characters:
        raise ParseError(f"its text is longer than {most.characters:,} characters")
    if len(document.pages) > most.pages:
        raise ParseError(f"it has more than {most.pages:,} pages")
    if document.metadata and len(json.dumps(document.metadata, allow_nan=False)) > most.metadata_bytes:
        raise ParseError(f"its metadata is longer than {most.metadata_bytes:,} characters")
    if all(len(getattr(document, name) or "") <= length for name, length in MOST_CHARACTERS.items()):
        return document
    cut: dict[str, Any] = {
        name: (getattr(document, name) or "")[:length].strip() or None for name, length in MOST_CHARACTERS.items()
    }
    return replace(document, **cut)


def _bug(error: Exception) -> str:
    """Return the exception of a parser in one line, with the place."""
    trace, place = error.__traceback__, ""
    while trace is not None:
        code = trace.tb_frame.f_code
        place = f"{os.path.basename(code.co_filename)} line {trace.tb_lineno}"  # noqa: PTH119 - a name, not a place
        trace = trace.tb_next
    return one_line(f"its parser failed in {place} ({type(error).__name__}: {error})")


def _read(task: ReadTask) -> tuple[str, bytes]:
    """Return the name of a file's parser, and its bytes.

    Raises:
        UnsupportedError: no parser reads it, by its name or first bytes; the rest was not read.
        ParseError: the operating system refuses it, or it is no longer a file that can be read to an end.
    """
    try:
        with open_regular(task.absolute) as stream:
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
    if size >= limit and stream.read(1):
        raise ParseError("is longer than its size says; perhaps it grows while it is read")
    return b"".join(pieces)
