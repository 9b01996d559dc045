"""Making files, and the names that folders have for them, outlive a power cut; and whose they are to read."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from .regular import no_follow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

PRIVATE = 0o700
"""Mode of a new store's folder. What is written below follows the mode that the folder has then."""
_NO_RUNNING = 0o666


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put the file's name into errors of the system that come without one, as those of ``write`` and ``fsync`` do.

    Arrow's come without a number, too, where closing a file fails: these are errors of the disk.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise OSError(errno.EIO, str(error), str(path)) from error
        if error.filename is None:
            error.filename = str(path)
        raise


def mode_of(root: Path) -> int:
    """Return the mode that folders in a store have: that of its own folder; files have it without the right to run."""
    return stat.S_IMODE(root.stat().st_mode) & 0o777 | stat.S_IRWXU


def fsync_path(path: Path, mode: int | None = None) -> None:
    """Make a file's bytes, or a folder's names, durable; with ``mode``, that of a folder, also set whose they are.

    Raises:
        OSError: with the path's name. What was written may be gone then, whatever a second try says.
    """
    with naming(path):
        descriptor = os.open(path, os.O_RDONLY | (0 if mode is None else os.O_NOFOLLOW))
        try:
            if mode is not None:
                _set_mode(descriptor, mode)
            _fsync(descriptor)
        finally:
            os.close(descriptor)


def durable(paths: Iterable[Path], root: Path, settled: set[Path]) -> None:
    """Make files and folders of a store durable, and all folders above them, up to its own.

    Args:
        paths: new files, and folders with new names in them.
        root: the store's folder.
        settled: folders whose own names are durable; what this adds to them. A new folder is only there for good when
            the one that it is in was synced, too.
    """
    mode = mode_of(root)
    folders: set[Path] = set()
    for path in paths:
        if path.is_dir():
            folders.add(path)
        else:
            fsync_path(path, mode)
        if path != root:
            folders.add(path.parent)
    for folder in tuple(folders):
        inner = folder
        while inner not in settled and inner != root and root in inner.parents:
            inner = inner.parent
            folders.add(inner)
    for folder in sorted(folders, reverse=True):  # the innermost first
        fsync_path(folder, None if folder == root else mode)
    settled |= folders


def make_root(root: Path) -> None:
    """Make a store's folder, for its owner alone, with its name and those of the folders above that were missing."""
    missing = []
    folder = root
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for folder in reversed(missing):
        with suppress(FileExistsError):
            folder.mkdir(mode=PRIVATE if folder == root else 0o777)
    for folder in (root, *missing):
        with suppress(PermissionError):  # a folder above that may be entered, not listed, cannot be opened
            fsync_path(folder.parent)


def make_folder(folder: Path, mode: int) -> None:
    """Make a folder of a store, where it is not there; what it has to outlive is the business of :func:`durable`."""
    try:
        folder.mkdir()
    except FileExistsError:
        return
    folder.chmod(mode)


def replace_text(path: Path, text: str, mode: int, *, lasting: bool = True) -> None:
    """Write a small text file whose name appears, or is replaced, only when it is whole and (``lasting``) durable.

    ``mode`` is that of folders. The name itself is durable when the folder is synced. When this fails, what was there
    is there still, and nothing else is left where that can be helped.

    Raises:
        OSError: with a file's name.
    """
    temporary = path.with_name(path.name + ".tmp")
    try:
        with naming(temporary):
            temporary.unlink(missing_ok=True)  # left by a run that was killed, or a link of somebody else's
            with open(temporary, "x", encoding="utf-8", opener=no_follow) as stream:
                _set_mode(stream.fileno(), mode)
                stream.write(text)
                stream.flush()
                if lasting:
                    os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def tighten(root: Path, inside: bool) -> None:
    """Leave a store's folder to its owner alone, and with ``inside`` everything in it; links are not followed."""
    for folder, _, names, descriptor in os.fwalk(root) if inside else ():
        for name in names:
            with suppress(OSError):
                opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=descriptor)
                try:
                    _set_mode(opened, PRIVATE)
                finally:
                    os.close(opened)
        if folder != str(root):
            _set_mode(descriptor, PRIVATE)
    with naming(root):
        _set_mode(root, PRIVATE)


def _fsync(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        unknown = error.errno in (errno.EINVAL, errno.ENOTSUP)  # some file systems know no such thing of folders
        if not (unknown and stat.S_ISDIR(os.fstat(descriptor).st_mode)):
            raise


def _set_mode(opened: int | Path, mode: int) -> None:
    """Give a folder the mode, a file the same without the right to run; only its owner can."""
    found = os.stat(opened)  # noqa: PTH116 - a descriptor, too
    wanted = mode if stat.S_ISDIR(found.st_mode) else mode & _NO_RUNNING
    if stat.S_IMODE(found.st_mode) != wanted and found.st_uid == os.geteuid():
        os.chmod(opened, wanted)  # noqa: PTH101
