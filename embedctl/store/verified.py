"""Files whose SHA-256 was compared once on this machine, so that opening them again costs a look at their dates.

A file is known by device, inode, length and modification time, not by its path: a hard link of a verified file is
verified. What is remembered lies in the user's cache folder; losing it costs time only.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from ..config import cache_folder
from ..errors import DamagedError

if TYPE_CHECKING:
    from os import stat_result
    from pathlib import Path

_MOST = 512
"""Files that are remembered; the oldest are forgotten."""


def verify(path: Path, sha256: str, hint: str = "") -> None:
    """Compare a file with its hex ``sha256``, unless that was done on this machine since it was written.

    Raises:
        DamagedError: it is missing, or is not what was written; ``hint`` says what to do.
    """
    try:
        if _remembered(path.stat()) == sha256:
            return
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise DamagedError(f"{path} cannot be read: {error.strerror}.", hint) from error
    if found != sha256:
        raise DamagedError(f"{path} is not what was written: its SHA-256 is another.", hint)
    remember(path, sha256)


def remember(path: Path, sha256: str) -> None:
    """Note that a file has this SHA-256; where the cache cannot be written, nothing is noted."""
    entry = _entry(path.stat())
    with suppress(OSError):
        entry.parent.mkdir(parents=True, exist_ok=True)
        temporary = entry.with_name(f"{entry.name}.{os.getpid()}.tmp")
        temporary.write_text(sha256, encoding="ascii")
        temporary.replace(entry)
        _forget_oldest(entry.parent)


def _remembered(state: stat_result) -> str | None:
    try:
        return _entry(state).read_text(encoding="ascii")
    except (OSError, ValueError):
        return None


def _entry(state: stat_result) -> Path:
    return cache_folder() / "verified" / f"{state.st_dev:x}-{state.st_ino:x}-{state.st_size:x}-{state.st_mtime_ns:x}"


def _forget_oldest(folder: Path) -> None:
    entries = list(folder.iterdir())
    if len(entries) > _MOST:
        for entry in sorted(entries, key=lambda entry: entry.stat().st_mtime)[: len(entries) - _MOST]:
            entry.unlink(missing_ok=True)
