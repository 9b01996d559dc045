"""Read and parse one file, from its path to a document, in any process."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ParseError, UnsupportedError, UsageError
from ..system.open_regular import open_regular
from .bulk import is_minified
from .kinds import BULK, HEAD_BYTES, KINDS, PARSERS, parser_for, taken, version
from .markup import one_line
from .ocr import Permission, permitting

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from io import FileIO

    from ..config import ParserLimits
    from ..contracts import Parser
    from ..records import ParsedDocument

MOST_CHARACTERS = {"title": 1_000, "language": 100, "encoding": 100, "media_type": 100}
"""Longest fields that a file has about itself; longer ones are cut."""
MOST_INNER = 1_000
"""Documents inside a file."""
LONGEST_NAME = 500
"""Characters of the name of a document inside a file; longer ones are cut."""
MOST_NOTES, LONGEST_NOTE = 20, 500
"""Notes of a file, and characters of each; further ones are left out."""


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
    start: int | None = None
    """Of ``size`` bytes of a larger file that are read as if they were one; ``None``: all of it."""
    wanted: bool = False
    """Parse it also where a program wrote it for programs."""
    ocr: bool = False
    """Whether text in pictures is read."""


@dataclass(frozen=True, slots=True)
class ReadResult:
    """Result of a :class:`ReadTask`: a document, a problem, or neither where the content is the known one."""

    sha256: bytes | None
    """Of the file's bytes; ``None`` where they could not be read to their end."""
    document: ParsedDocument | None = None
    problem: ParseError | None = None
    read_by: str | None = None
    """Name and version of the parser, or of the table of parsers where that refuses the file; see :mod:`.kinds`."""


def read_and_parse(task: ReadTask) -> ReadResult:
    """Read one file and parse it, unless its content is known; for use in a worker, where a limit on memory holds.

    Any other exception of a parser fails the file with its message and the line that raised it.
    """
    sha256, read_by = None, version(KINDS)
    pictures = Permission(task.ocr, task.allowance.seconds)
    try:
        kind, data = _read(task)
        sha256, read_by = hashlib.sha256(data).digest(), version(kind)
        if is_minified(kind, data, task.path):
            read_by = taken(kind) if task.wanted else version(BULK)
            if not task.wanted:
                raise UnsupportedError("minified (--include takes it)")
        if sha256 == task.known:
            return ReadResult(sha256, read_by=read_by)
        parser: Parser = PARSERS.load(kind)
        with permitting(pictures):
            document = parser(data, task.path)
        if pictures.missed:
            read_by = version(kind, unseen=True)
        return ReadResult(sha256, _within(document, task.allowance), read_by=read_by)
    except ParseError as error:
        problem = error
        if pictures.missed:
            read_by = version(kind, unseen=True)
    except MemoryError:
        raise
    except UsageError as error:  # the parser of an installed package cannot be imported
        problem = ParseError(one_line(error.message))
    except RecursionError:
        problem = ParseError("it is nested too deep")
    except Exception as error:  # noqa: BLE001 - one bad file never stops a run
        problem = ParseError(_bug(error))
    return ReadResult(sha256, problem=problem, read_by=read_by)


def _within(document: ParsedDocument, most: Allowance) -> ParsedDocument:
    """Return the document with those inside it in one list, titles of bearable length, and all notes its own.

    Raises:
        ParseError: it is larger than a document may be.
    """
    inner = list(_flat(document.inner, ""))
    every = [document, *(each for _, each in inner)]
    if sum(len(each.text) for each in every) > most.characters:
        raise ParseError(f"its text is longer than {most.characters:,} characters")
    if len(inner) > MOST_INNER:
        raise ParseError(f"it has more than {MOST_INNER:,} documents inside")
    if sum(len(each.pages) for each in every) > most.pages:
        raise ParseError(f"it has more than {most.pages:,} pages")
    if sum(len(json.dumps(each.metadata, allow_nan=False)) for each in every if each.metadata) > most.metadata_bytes:
        raise ParseError(f"its metadata is longer than {most.metadata_bytes:,} characters")
    if not document.notes and not inner:
        return _cut(document)
    notes = [*document.notes, *(f"{name}: {note}" for name, each in inner for note in each.notes)]
    return replace(
        _cut(document),
        notes=tuple(one_line(note)[:LONGEST_NOTE] for note in dict.fromkeys(notes))[:MOST_NOTES],
        inner=tuple((name, _cut(each)) for name, each in inner if each.text),
    )


def _flat(inner: Sequence[tuple[str, ParsedDocument]], above: str) -> Iterator[tuple[str, ParsedDocument]]:
    """Yield documents inside a file, each before those inside it, with their names as a path."""
    for name, document in inner:
        path = above + (one_line("".join(each if each.isprintable() else " " for each in name)) or "unnamed")
        yield path[:LONGEST_NAME], replace(document, inner=())
        yield from _flat(document.inner, f"{path}/")


def _cut(document: ParsedDocument) -> ParsedDocument:
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
            if task.start is not None:
                stream.seek(task.start)
            head = stream.read(HEAD_BYTES if task.start is None else min(HEAD_BYTES, task.size))
            if not head:
                raise UnsupportedError("empty file")
            kind = parser_for(task.path, head)
            if task.start is not None:
                return kind, _whole(stream, head, task.size, is_part=True)
            return kind, _whole(stream, head, HEAD_BYTES + 2 * task.size)  # bounded, should the file grow meanwhile
    except OSError as error:
        raise ParseError(f"cannot be read: {error.strerror or error}") from error


def _whole(stream: FileIO, head: bytes, limit: int, *, is_part: bool = False) -> bytes:
    """Return ``head`` and what follows it, a system call's worth at a time; no more than ``limit`` where it is a part.

    Raises:
        ParseError: more than ``limit`` bytes follow where nothing should.
    """
    pieces, size = [head], len(head)
    while size < limit and (piece := stream.read(limit - size)):
        pieces.append(piece)
        size += len(piece)
    if not is_part and size >= limit and stream.read(1):
        raise ParseError("is longer than its size says; perhaps it grows while it is read")
    return b"".join(pieces)
