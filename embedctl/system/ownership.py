"""Owners of files: files of another user of the machine are not trusted unless the user names them."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

from ..errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

_SYSTEM = 0


def foreign_owner(path: Path) -> str | None:
    """Return the owner of a file or folder if that is another user; ``None``: this user, the system, or unknown.

    Behind ``sudo``, the user who called it counts as this user.
    """
    try:
        owner = path.stat().st_uid
    except OSError:
        return None
    own = {os.geteuid(), _SYSTEM}
    if os.geteuid() == _SYSTEM and os.environ.get("SUDO_UID", "").isdecimal():
        own.add(int(os.environ["SUDO_UID"]))
    return None if owner in own else _name(owner)


@lru_cache(maxsize=8)
def require_private(folder: Path, variable: str) -> Path:
    """Return ``folder`` after checking that only this user can have written to it; it need not exist yet.

    A checksum in it proves nothing against a user who can write both. A folder of this user that is open to the group
    alone, as some systems make them, is closed to it. ``variable``: the environment variable that names another folder.

    Raises:
        UsageError: it belongs to another user, or others may write to it.
    """
    hint = f"Name another folder with {variable}, or make that one yours alone."
    if (owner := foreign_owner(folder)) is not None:
        raise UsageError(f"The cache {folder} belongs to the user {owner}, who could have put anything in it.", hint)
    try:
        mode = folder.stat().st_mode
    except OSError:
        return folder
    if not stat.S_ISDIR(mode):
        return folder  # a file fails when something is written below it
    if mode & stat.S_IWOTH:
        raise UsageError(f"Everybody can write to the cache {folder}.", hint)
    if mode & stat.S_IWGRP:
        with suppress(OSError):
            folder.chmod(stat.S_IMODE(mode) & ~stat.S_IWGRP)
        if folder.stat().st_mode & stat.S_IWGRP:
            raise UsageError(f"A group of users can write to the cache {folder}.", hint)
    return folder


def _name(owner: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:
        return str(owner)
