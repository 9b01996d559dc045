"""Comparing files with what the manifest says of them, once on each machine.

A file that was compared is known by device, inode, length, modification time and SHA-256, not by its path: a hard link
of a verified file is verified. Its change time does not count, since making and removing links changes it. So damage
that leaves length and modification time as they were is found on the first use on a machine, and by ``always``.

What is remembered lies in the user's cache folder: a file for each folder of files, a line for each of these. A line is
a hash over all that was compared, so a damaged or torn one is a line that nothing is equal to. Losing them costs time
only, and where they cannot be written, nothing is remembered.
"""

from __future__ import annotations

import errno
import hashlib
import os
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ..errors import DamagedError
from ..system.cache_folder import cache_folder
from .regular import check_regular, no_follow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from os import stat_result
    from pathlib import Path

    from .manifest import FileRecord

_MOST_FOLDERS = 512
"""Folders that are remembered; the oldest are forgotten."""
_MOST_BYTES = 1 << 20
"""Of the lines of one folder, 30,000 files; then they are begun anew."""
_OURS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
"""Why a good file may fail to open: raised as they are."""

_known: dict[Path, set[str]] = {}
"""What this process has read of the lines, and added to them."""


class FileCheck(NamedTuple):
    """What is to be right about a file besides its bytes."""

    name: str
    """Remembered along with the file; another name is another check."""
    run: Callable[[Path], None]
    """Raises :class:`~embedctl.errors.DamagedError`."""


def verify(
    path: Path,
    record: FileRecord,
    hint: str = "",
    *,
    always: bool = False,
    group: Path | None = None,
    also: FileCheck | None = None,
) -> None:
    """Compare a file with its record, unless that was done on this machine since it was written.

    Kind (a regular file, no symbolic link) and length are compared every time.

    Args:
        path: the file.
        record: what the manifest says of it.
        hint: what to do if it is damaged.
        always: read it even if that was done before.
        group: folder under which it is remembered; ``None``: the one it is in.
        also: what else is to be right; run when the file is read.

    Raises:
        DamagedError: it is missing, cannot be read, or is not what was written.
    """
    try:
        found = check_regular(path, hint)
        if found.st_size != record.bytes:
            raise DamagedError(f"{path} has {found.st_size:,} bytes; the manifest says {record.bytes:,}.", hint)
        memory = _memory(cache_folder(), group or path.parent)
        line = _line(found, record.sha256, also.name if also else "")
        if not always and line in _lines(memory):
            return
        digest = _sha256(path, found)
    except OSError as error:
        if error.errno in _OURS:
            raise
        raise DamagedError(f"{path} cannot be read: {error.strerror or error}.", hint) from error
    if digest != record.sha256:
        _forget(memory)
        raise DamagedError(f"{path} is not what was written: its SHA-256 is another.", hint)
    if also is not None:
        also.run(path)
    _remember(memory, [line])


def remember(files: Iterable[tuple[Path, str]], group: Path | None = None, also: str = "") -> None:
    """Note that files have these SHA-256 (hex): this process wrote and hashed them, or has linked verified ones.

    Args:
        files: paths and hashes; without ``group`` all of one folder.
        group: folder under which they are remembered; ``None``: the one that they are in.
        also: name of the :class:`FileCheck` that they pass.
    """
    with suppress(OSError):
        lines, folder = [], group
        for path, sha256 in files:
            folder = folder or path.parent
            lines.append(_line(path.lstat(), sha256, also))
        if folder is not None:
            _remember(_memory(cache_folder(), folder), lines)


def _sha256(path: Path, found: stat_result) -> str:
    """Return the hash of the file that was looked at, and of no other that took its name meanwhile."""
    with open(path, "rb", opener=no_follow) as stream:
        if not os.path.samestat(os.fstat(stream.fileno()), found):
            raise OSError(errno.ESTALE, "it was replaced while it was opened")
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _line(found: stat_result, sha256: str, also: str) -> str:
    state = f"{found.st_dev}:{found.st_ino}:{found.st_size}:{found.st_mtime_ns}:{sha256}:{also}"
    return hashlib.blake2b(state.encode(), digest_size=16).hexdigest()


@lru_cache(maxsize=256)
def _memory(cache: Path, folder: Path) -> Path:
    """Return where the files of a folder are remembered."""
    found = folder.stat()
    return cache / "verified" / f"{found.st_dev:x}-{found.st_ino:x}"


def _lines(memory: Path) -> set[str]:
    if memory not in _known:
        _known[memory] = set()
        with suppress(OSError):
            if memory.is_file():
                _known[memory].update(memory.read_text("ascii", "replace").split("\n"))
    return _known[memory]


def _remember(memory: Path, lines: list[str]) -> None:
    known = _lines(memory)
    new = "".join(f"{line}\n" for line in lines if line not in known)
    known.update(lines)
    if not new:
        return
    with suppress(OSError):
        memory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(memory, "ab", buffering=0, opener=no_follow) as stream:
            size = stream.tell()
            if size > _MOST_BYTES:
                stream.truncate(0)
            stream.write(new.encode("ascii"))  # at once, so that what others append does not come between
        if not size:
            _forget_oldest(memory.parent)


def _forget(memory: Path) -> None:
    """Believe nothing of a folder any more in which a file turned out to be damaged without its time telling."""
    _known.pop(memory, None)
    with suppress(OSError):
        memory.unlink(missing_ok=True)


def _forget_oldest(folder: Path) -> None:
    entries = list(folder.iterdir())
    if len(entries) > _MOST_FOLDERS:
        for entry in sorted(entries, key=lambda entry: entry.stat().st_mtime)[: len(entries) - _MOST_FOLDERS]:
            entry.unlink(missing_ok=True)
