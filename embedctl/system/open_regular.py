"""Open a file that a walk has listed: it may have become a link, a pipe or a device since."""

from __future__ import annotations

import errno
import os
import stat
from io import FileIO

from ..errors import UnsupportedError


def open_regular(path: str) -> FileIO:
    """Open a regular file for reading, without a buffer.

    Raises:
        UnsupportedError: it is something else, or a symbolic link.
        OSError: the operating system refuses it.
    """
    try:
        file = FileIO(path, "rb", opener=_opened)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise UnsupportedError("symbolic link, not followed") from error
        if error.errno in (errno.ENXIO, errno.EISDIR):
            raise UnsupportedError("not a regular file") from error
        raise
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise UnsupportedError("not a regular file")
    return file


def _opened(path: str, flags: int) -> int:
    # A pipe would keep us waiting for somebody to write.
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY)
