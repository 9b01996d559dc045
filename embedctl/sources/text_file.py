"""Open the text of a record file: plain or gzip, UTF-8 or what it seems to be instead."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from typing import TYPE_CHECKING, cast

from ..errors import ParseError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_CHARACTERS = 1 << 26
"""In one line, or one field: enough for any document, and a bound on memory where a quote is never closed."""

_SAMPLE_BYTES = 1 << 20
_DETECTION_BYTES = 1 << 16
_UNDECODED = re.compile("[\udc80-\udcff]")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
NOT_UTF8 = "is not valid UTF-8"


def read_lines(path: Path, newline: str) -> Iterator[str]:
    """Yield the lines of ``path`` with their ends; ``newline`` as for ``open``.

    Bytes that are not UTF-8 are left as surrogate escapes where the file otherwise is UTF-8 (see ``undecoded``).

    Raises:
        ParseError: the file cannot be opened or decoded, is a damaged gzip file, or has a line that is too long;
            all lines before the damage have been given.
    """
    encoding = _encoding(path)
    errors = "surrogateescape" if encoding.startswith("utf-8") else "strict"
    try:
        with _open_bytes(path) as data, io.TextIOWrapper(data, encoding, errors, newline) as text:
            while line := text.readline(MOST_CHARACTERS + 1):
                if len(line) > MOST_CHARACTERS:
                    raise ParseError(f"has a line of more than {MOST_CHARACTERS:,} characters")
                yield line
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        reason = "it ends too early" if isinstance(error, EOFError) else str(error)
        raise ParseError(f"is a damaged gzip file: {reason}") from error
    except UnicodeError as error:
        raise ParseError(f"is not valid {encoding}, which it seemed to be: {error}") from error
    except OSError as error:
        raise ParseError(f"cannot be read: {error.strerror or error}") from error


def undecoded(text: str) -> bool:
    """Say whether ``text`` has bytes in it that are not UTF-8."""
    return not text.isascii() and _UNDECODED.search(text) is not None


def _open_bytes(path: Path) -> io.BufferedReader:
    if path.name.lower().endswith(".gz"):
        return cast("io.BufferedReader", gzip.open(path))
    return path.open("rb")


def _encoding(path: Path) -> str:
    try:
        with _open_bytes(path) as file:
            sample = file.read1(_SAMPLE_BYTES)
    except (EOFError, zlib.error, OSError):
        return "utf-8"  # reading it in earnest says what is wrong
    for mark, encoding in _MARKS:
        if sample.startswith(mark):
            return encoding
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError as error:
        # A file with good UTF-8 before the first bad byte is UTF-8 with damage in it: only its bad rows are lost.
        if not sample[: error.start].isascii():
            return "utf-8"
        start = max(0, error.start - _DETECTION_BYTES // 2)
        return _detected(sample[start : start + _DETECTION_BYTES])
    return "utf-8"


def _detected(sample: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    return best.encoding if best is not None else "utf-8"
