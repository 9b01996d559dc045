"""Open a file that a walk has listed: it may have become a link, a pipe or a device since."""

from __future__ import annotations

import errno
import os
import stat
from io import FileIO

from ..errors import UnsupportedError

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)  # a pipe would keep us waiting for somebody to write
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


def open_regular(path: str) -> FileIO:
    """Open a regular file for reading, without a buffer.

    Raises:
        UnsupportedError: it is something else, or a symbolic link.
        OSError: the operating system refuses it.
    """
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise UnsupportedError("symbolic link, not followed") from error
        if error.errno == errno.ENXIO:
            raise UnsupportedError("not a regular file") from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UnsupportedError("not a regular file")
    return FileIO(descriptor, "rb")
