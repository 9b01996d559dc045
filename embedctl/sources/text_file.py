"""Open the text of a record file: plain or gzip, UTF-8 or the encoding that it seems to have."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import sys
import zlib
from contextlib import contextmanager
from itertools import islice
from typing import IO, TYPE_CHECKING, cast

from ..encodings import detect
from ..errors import ParseError
from ..system.open_regular import open_regular
from .table import WHOLE, Extent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typing_extensions import Buffer

MOST_CHARACTERS = 1 << 25
"""In one line, or one field: more than any other document may have, and a bound on memory where a line never ends."""
TOO_LONG = f"is longer than {MOST_CHARACTERS:,} characters"
OVERLONG_LINE, OVERLONG_BYTES = "".join(("overlong", "\n")), b"".join((b"overlong", b" line"))
"""Replace a line that is too long: compare by identity."""

PACKED = ".gz"
_MOST_UNPACKED = 200
"""Times its packed size; logs and tables reach 20 to 50, gzip itself 1,000."""
_UNPACKED_FREELY = 1 << 28
_BLOCK_BYTES = 1 << 18
_BUFFER_BYTES = 1 << 16
_LINES_PER_BLOCK = 512
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


def read_lines(path: Path, newline: str, extent: Extent = WHOLE) -> Iterator[str]:
    """Yield the lines of ``path`` with their ends; ``newline`` as for ``open``.

    Bytes that are not UTF-8 are left as surrogate escapes where the file otherwise is UTF-8 (see ``undecoded``). A line
    that is too long is ``OVERLONG_LINE``.

    Raises:
        ParseError: the file cannot be opened or decoded, or is a damaged gzip file, or one that unpacks to far too
            much; all lines before the damage have been given.
    """
    encoding = text_encoding(path)
    errors = "surrogateescape" if encoding.startswith("utf-8") else "strict"
    if extent.start and encoding == "utf-8-sig":
        encoding = "utf-8"  # a mark in the middle is text
    with (
        _explained(encoding),
        _open_bytes(path, extent) as data,
        io.TextIOWrapper(cast("IO[bytes]", data), encoding, errors, newline) as text,
    ):
        while line := text.readline(MOST_CHARACTERS + 1):
            if len(line) > MOST_CHARACTERS:
                line = OVERLONG_LINE
                while (rest := text.readline(_BLOCK_BYTES)) and rest[-1] not in "\r\n":
                    pass
            yield line


def line_blocks(path: Path, extent: Extent = WHOLE) -> Iterator[list[bytes]]:
    """Yield the lines of ``path`` in UTF-8 and without their newlines, some hundred kilobytes at a time.

    Bytes that are not UTF-8 are left as they are where the file otherwise is UTF-8. A line that is too long is
    ``OVERLONG_BYTES``.

    Raises:
        ParseError: as for ``read_lines``.
    """
    encoding = text_encoding(path)
    if not encoding.startswith("utf-8"):
        lines = read_lines(path, "\n", extent)
        while block := list(islice(lines, _LINES_PER_BLOCK)):
            yield [OVERLONG_BYTES if line is OVERLONG_LINE else line.removesuffix("\n").encode() for line in block]
        return
    with _explained(encoding), _open_bytes(path, extent) as data:
        yield from _split(data, skipped=codecs.BOM_UTF8 if encoding == "utf-8-sig" and not extent.start else b"")


def _split(data: io.BufferedIOBase, skipped: bytes) -> Iterator[list[bytes]]:
    begun: list[bytes] = []
    waiting = 0
    while block := data.read1(_BLOCK_BYTES):
        if skipped:
            block = block.removeprefix(skipped)
            skipped = b""
        first, *others = block.split(b"\n")
        begun.append(first)
        waiting += len(first)
        if waiting > MOST_CHARACTERS:
            begun = [OVERLONG_BYTES]
        if others:
            yield [begun[0] if len(begun) == 1 else b"".join(begun), *others[:-1]]
            begun, waiting = [others[-1]], len(others[-1])
    if waiting:
        yield [begun[0] if len(begun) == 1 else b"".join(begun)]


@contextmanager
def _explained(encoding: str) -> Iterator[None]:
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        reason = "it ends too early" if isinstance(error, EOFError) else str(error)
        raise ParseError(f"is a damaged gzip file: {reason}") from error
    except UnicodeError as error:
        raise ParseError(f"is not valid {encoding}, which it seemed to be: {error}") from error
    except OSError as error:
        raise ParseError(f"cannot be read: {error.strerror or error}") from error


def undecoded(text: str) -> bool:
    """Return whether ``text`` has bytes in it that are not UTF-8."""
    return not text.isascii() and _UNDECODED.search(text) is not None


class _Bounded(io.RawIOBase):
    """A stretch of a file."""

    def __init__(self, path: Path, extent: Extent) -> None:
        self._file = open_regular(str(path))
        self._file.seek(extent.start)
        self._left = sys.maxsize if extent.end is None else extent.end - extent.start

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        read = self._file.readinto(memoryview(buffer)[: self._left]) or 0
        self._left -= read
        return read

    def close(self) -> None:
        self._file.close()
        super().close()


class _Unpacked(gzip.GzipFile):
    """A gzip file, as long as it does not unpack to far more than any text does."""

    def __init__(self, path: Path) -> None:
        self._packed = open_regular(str(path))
        super().__init__(fileobj=self._packed, mode="rb")

    def read1(self, size: int = -1) -> bytes:
        data = super().read1(size)
        if self.tell() > max(_UNPACKED_FREELY, _MOST_UNPACKED * self._packed.tell()):
            raise ParseError(f"unpacks to more than {_MOST_UNPACKED} times its size")
        return data

    def close(self) -> None:
        super().close()
        self._packed.close()


def _open_bytes(path: Path, extent: Extent = WHOLE) -> io.BufferedIOBase:
    if path.name.lower().endswith(PACKED):
        return _Unpacked(path)
    return io.BufferedReader(_Bounded(path, extent), _BUFFER_BYTES)


def text_encoding(path: Path) -> str:
    """Return the Python codec that the file's text is in."""
    try:
        with _open_bytes(path) as file:
            sample = file.read1(_SAMPLE_BYTES)
    except (EOFError, zlib.error, OSError, ParseError):
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
    found = detect(sample[: sample.rfind(b"\n") + 1] or sample)
    return found.encoding if found is not None else "utf-8"
