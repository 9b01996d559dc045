"""The two streams: results on stdout, everything else on stderr. Every write of the command line is in this file."""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

from ..errors import UsageError
from .screen import Screen, harmless, is_terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class ReaderLeftError(Exception):
    """Whoever read stdout has closed it, as ``| head -1`` does."""


def prepare() -> None:
    """Write UTF-8 whatever the locale says, and never fail on a character: paths go out as the bytes they came in.

    A stream that is closed from the start (``>&-``) leads nowhere. Its number must be taken: a file of the store that
    got it would be written to by whatever writes there.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
            os.set_inheritable(null, True)
    sys.stdin = sys.stdin or _nowhere("r")
    sys.stdout = sys.stdout or _nowhere("w")
    sys.stderr = sys.stderr or _nowhere("w")
    for stream, errors in ((sys.stdout, "surrogateescape"), (sys.stderr, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors=errors)


def emit(text: str) -> None:
    """Write a result to stdout.

    Raises:
        ReaderLeftError: nobody reads it any more.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _abandon(sys.stdout)
        raise ReaderLeftError from None
    except UnicodeEncodeError:
        emit(_whole(text))
    except OSError:
        _abandon(sys.stdout)
        raise


def emit_lines(text: str) -> None:
    """Write what is meant for programs to stdout: as it is, but harmless where a person reads it from a terminal."""
    emit(harmless(text) if is_terminal(sys.stdout) else text)


def emit_json(value: Any) -> None:
    """Write one JSON object to stdout, indented."""
    emit(json_text(value, indent=2))


def emit_result(result: Any, as_json: bool, view: Callable[[Any, Screen], str]) -> None:
    """Write a result to stdout: its ``to_json()``, or as ``view`` shows it."""
    if as_json:
        emit_json(result.to_json())
    else:
        emit(view(result, Screen(sys.stdout)))


def json_text(value: Any, indent: int | None = None) -> str:
    """Return ``value`` as JSON that every reader takes, with a line end: valid UTF-8, and numbers that are finite.

    A byte of a path that is no UTF-8 is U+FFFD here; ``-0`` prints such paths as they are.
    """
    return _whole(json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)) + "\n"


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Give a path to write to, and call it ``path`` when it is whole; after an error nothing is left of it.

    What is no regular file (``/dev/null``, a named pipe) is written to as it is.

    Raises:
        UsageError: ``path`` is a folder, or in a folder that is not there.
    """
    if path.is_dir() or not path.absolute().parent.is_dir():
        why = "is a folder" if path.is_dir() else "is in a folder that is not there"
        raise UsageError(f'"{path}" {why}.', "Name a file to write to.")
    if path.exists() and not path.is_file():
        yield path
        return
    target = path.resolve()  # what a symbolic link points to is replaced, not the link
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def new_text_file(path: Path) -> Iterator[Callable[[str], object]]:
    """Give a function that writes text to a :func:`new_file`: UTF-8, paths as the bytes they came in."""

    def write(text: str) -> None:
        try:
            stream.write(text)
        except UnicodeEncodeError:
            stream.write(_whole(text))

    with new_file(path) as place, place.open("w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
        yield write


def write_text(path: Path, pieces: Iterable[str]) -> None:
    """Write the pieces of a text to a :func:`new_text_file`."""
    with new_text_file(path) as write:
        for piece in pieces:
            write(piece)


def note(text: str) -> None:
    """Write a line to stderr, where nobody may be listening; no path and no text of a document steers the terminal."""
    if text:
        with suppress(OSError, ValueError):
            sys.stderr.write(f"{harmless(text)}\n")
            sys.stderr.flush()


def complain(message: str, hint: str = "") -> None:
    """Write what went wrong, and what to do next, to stderr."""
    gap = "" if hint.startswith("\n") or not hint else " "
    note(f"embedctl: {message}{gap}{hint}")


def _nowhere(mode: str) -> TextIO:
    return cast("TextIO", Path(os.devnull).open(mode, encoding="utf-8"))


def _whole(text: str) -> str:
    from ..query.parse import whole_characters

    return whole_characters(text)


def _abandon(stream: TextIO) -> None:
    """Send what is still buffered nowhere, so that the interpreter's last flush does not complain."""
    with suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
