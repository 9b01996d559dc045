"""The two streams: results on stdout, everything else on stderr. Every write of the command line is in this file."""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import suppress
from typing import Any, TextIO


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
