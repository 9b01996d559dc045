"""Holes of a file: stretches that were never written, take no disk, and cost time to read."""

from __future__ import annotations

import errno
import os
from contextlib import suppress

from ..errors import ParseError
from ..system.open_regular import open_regular

MOST_HOLES = 1 << 26
"""Bytes; more than a text that was written to its end has, were its disk to leave out every block of zeros."""
_MOST_STRETCHES = 10_000


def check_holes(path: str) -> int:
    """Refuse a file that is mostly holes: a terabyte of them takes an hour to read, and is one line.

    Returns when the file was changed last, in nanoseconds since the epoch. File systems that know of no holes say that
    all of a file is data.

    Raises:
        OSError: the file cannot be read.
        ParseError: it has more than ``MOST_HOLES`` bytes of holes, or is not a regular file.
    """
    with open_regular(path) as stream:
        about = os.fstat(stream.fileno())
        if about.st_size > MOST_HOLES and hasattr(os, "SEEK_HOLE"):
            with suppress(OSError):  # holes are not to be asked for here
                _check(stream.fileno(), about.st_size)
    return about.st_mtime_ns


def _check(descriptor: int, size: int) -> None:
    holes = at = 0
    for _ in range(_MOST_STRETCHES):
        hole = os.lseek(descriptor, at, os.SEEK_HOLE)
        if hole >= size:
            return
        try:
            at = os.lseek(descriptor, hole, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            at = size  # nothing but the hole is left
        holes += at - hole
        if holes > MOST_HOLES:
            raise ParseError(f"is sparse: of its {size:,} bytes, more than {MOST_HOLES:,} were never written")
        if at >= size:
            return
