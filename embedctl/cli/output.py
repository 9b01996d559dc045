"""The two streams: results on stdout, everything else on stderr. Every write of the command line is in this file."""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO

from ..errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class ReaderLeftError(Exception):
    """Whoever read stdout has closed it, as ``| head -1`` does."""


def prepare() -> None:
    """Write UTF-8 whatever the locale says, and never fail on a character: paths go out as the bytes they came in."""
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
        emit(text.encode("utf-8", "replace").decode("utf-8"))
    except OSError:
        _abandon(sys.stdout)
        raise


def emit_json(value: Any) -> None:
    """Write one JSON object to stdout, indented."""
    emit(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


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
            stream.write(text.encode("utf-8", "replace").decode("utf-8"))

    with new_file(path) as place, place.open("w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
        yield write


def note(text: str) -> None:
    """Write a line to stderr, where nobody may be listening."""
    if text:
        with suppress(OSError, ValueError):
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()


def complain(message: str, hint: str = "") -> None:
    """Write what went wrong, and what to do next, to stderr."""
    gap = "" if hint.startswith("\n") or not hint else " "
    note(f"embedctl: {message}{gap}{hint}")


def _abandon(stream: TextIO) -> None:
    """Send what is still buffered nowhere, so that the interpreter's last flush does not complain."""
    with suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
