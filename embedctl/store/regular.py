"""Nothing inside a store is a link, a pipe or a device: a store of a stranger leads nowhere else."""

from __future__ import annotations

import os
import stat
from functools import lru_cache
from typing import TYPE_CHECKING

from ..errors import DamagedError
from .layout import FOLDERS

if TYPE_CHECKING:
    from pathlib import Path

_HINT = "If you moved it to another disk, move the whole store there instead, or link the store's own folder."
_DEPTH = 6
"""Folders between a file and the store's own, and more."""


def no_follow(path: str, flags: int) -> int:
    """Open a file for :func:`open`: links are not followed, pipes not waited for."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)


def check_regular(path: Path, hint: str = "") -> os.stat_result:
    """Return what ``lstat`` says of a file that may be opened: a regular file, in folders that are no links.

    The store's own folder may be a link: whoever uses it chose so. Folders are looked at once in a process.

    Raises:
        DamagedError: it is missing, something else, or behind a link; ``hint`` says what to do.
    """
    try:
        found = path.lstat()
    except OSError as error:
        if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
            raise
        raise DamagedError(f"{path} is missing; the manifest names it.", hint) from error
    if not stat.S_ISREG(found.st_mode):
        raise DamagedError(f"{path} is {_kind(found.st_mode)}; the manifest names a file.", hint)
    check_folders(path)
    return found


def check_folders(path: Path) -> None:
    """Raise a :class:`DamagedError` if a folder from the store's own to this path is a link, or no folder."""
    folders = list(path.parents)[:_DEPTH]
    for at, folder in enumerate(folders):
        if folder.name in FOLDERS:
            for inner in folders[: at + 1]:
                _checked_once(str(inner))
            return


def check_folder(folder: str) -> None:
    """Raise a :class:`DamagedError` if a folder of a store is a link, or no folder; one that is not there passes."""
    try:
        mode = os.lstat(folder).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return
    if not stat.S_ISDIR(mode):
        raise DamagedError(f"{folder} is {_kind(mode)}; it must be a folder.", _HINT)


_checked_once = lru_cache(maxsize=1 << 12)(check_folder)


def _kind(mode: int) -> str:
    kinds = ((stat.S_ISLNK, "a symbolic link"), (stat.S_ISDIR, "a folder"), (stat.S_ISREG, "a file"))
    return next((name for is_kind, name in kinds if is_kind(mode)), "neither a file nor a folder")
