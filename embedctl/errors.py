"""Everything embedctl raises on purpose.

::

    EmbedctlError                 exit  when
    ├── UsageError                   2  an argument, flag, expression or name is wrong
    ├── ParseError                   3  one document cannot be read (a row in the report, never the end of a run)
    ├── DamagedError                 4  a file the manifest names is missing or not what was written
    ├── ModelError                   5  a model is missing, unsafe or not what it claims to be
    │   └── MismatchError            5  the store was made with another model or other settings
    ├── ResourceError                6  disk, memory or file handles ran out
    ├── NoStoreError                10  there is no store here, or it has nothing to answer from
    └── LockedError                 11  another process is writing to the store

Every message is a finished sentence about what happened; ``hint`` says what to do next, with the command to
type where there is one. ``cli/`` prints both and exits with the class's ``exit_code``; the library only raises.
"""

from __future__ import annotations

import errno
import os
import re
from typing import ClassVar

EXIT_OK = 0
EXIT_BUG = 1
EXIT_SOME_FAILED = 3
EXIT_WORSE = 7
"""``eval --baseline``: answers are worse than they were; a result, not an error."""
EXIT_INTERRUPTED = 130


class EmbedctlError(Exception):
    """The root: ``message`` says what happened, ``hint`` what to do next."""

    exit_code: ClassVar[int] = EXIT_BUG

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(EmbedctlError):
    """An argument, flag, filter expression or registered name is wrong."""

    exit_code = 2


class ParseError(EmbedctlError):
    """One document cannot be turned into text; ``message`` is the reason that the report shows."""

    exit_code = EXIT_SOME_FAILED


class UnsupportedError(ParseError):
    """The file is of a kind that embedctl does not read: skipped with this reason, not a failure."""


class DamagedError(EmbedctlError):
    """A file that the manifest names is missing, truncated or changed."""

    exit_code = 4


class ModelError(EmbedctlError):
    """A model is not on this machine, is not one we load, or is not the file it should be."""

    exit_code = 5


class MismatchError(ModelError):
    """The store was built with another model or other settings than the requested ones."""


class ResourceError(EmbedctlError):
    """The machine ran out of disk, memory or file handles."""

    exit_code = 6


class NoStoreError(EmbedctlError):
    """No store was found, or the store lacks the stage that is needed."""

    exit_code = 10


class LockedError(EmbedctlError):
    """Another process holds the store's write lock."""

    exit_code = 11


_ROOM = "Make room and run the same command again; what was committed stays."
_RIGHTS = "Check who may read and write there."
SHORTAGES = {
    errno.ENOSPC: ("The disk is full", _ROOM),
    errno.EDQUOT: ("The disk quota is used up", _ROOM),
    errno.EFBIG: ("A file may not grow further", "Raise the limit with ulimit -f, or put the store on another disk."),
    errno.ENOMEM: (
        "The memory is used up",
        "Close other programs or raise the limit, then run the same command again.",
    ),
    errno.EMFILE: ("Too many files are open", "Raise the limit with ulimit -n."),
    errno.ENFILE: ("Too many files are open on this machine", "Close other programs."),
    errno.EACCES: ("Permission denied", _RIGHTS),
    errno.EPERM: ("Permission denied", _RIGHTS),
    errno.EROFS: ("The file system is read-only", "Put the store elsewhere with --store."),
    errno.EIO: ("The disk cannot be read or written", "Check it, then run the same command again."),
}
"""Resources that the operating system refused, no bug of embedctl's: what happened, and what to do next."""
_IN_WORDS = {
    **{os.strerror(number): number for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.ENOMEM)},
    "bad allocation": errno.ENOMEM,
    "bad_alloc": errno.ENOMEM,
    "failed to map segment": errno.ENOMEM,
    os.strerror(errno.EAGAIN): errno.ENOMEM,
    "can't start new thread": errno.ENOMEM,
}
"""Messages of libraries for a shortage without its number: Arrow, OpenVINO, the dynamic linker, Python itself."""
_OF_RUST = re.compile(r"\(os error (\d+)\)|\bcode: (\d+), kind: ")


def shortage(error: BaseException) -> int | None:
    """Return the system's error number when ``error`` is a shortage, or was raised while one was handled."""
    met: BaseException | None = error
    while met is not None:
        if (number := _shortage_itself(met)) is not None:
            return number
        met = met.__cause__ or met.__context__
    return None


def _shortage_itself(error: BaseException) -> int | None:
    if isinstance(error, MemoryError):
        number: int | None = errno.ENOMEM
    elif isinstance(error, OSError) and error.errno:
        number = error.errno
    elif found := _OF_RUST.search(str(error)):
        number = int(found[1] or found[2])
    else:
        number = next((known for words, known in _IN_WORDS.items() if words in str(error)), None)
    return number if number in SHORTAGES else None


def exit_code_of(error: BaseException) -> int:
    """Return the exit code for what ended a run."""
    if isinstance(error, EmbedctlError):
        return error.exit_code
    if isinstance(error, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    return EXIT_BUG if shortage(error) is None else ResourceError.exit_code
