"""One writer at a time, and a lock that says who holds it."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import stat
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..errors import DamagedError, LockedError, ResourceError
from .durable import mode_of, naming, replace_text
from .filesystem import Mount, mount_of
from .regular import no_follow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_POLL = 0.05
"""Seconds between two tries."""
_NONE_THERE = frozenset((errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL))
"""What systems say that cannot lock."""
_MOST_TOLD = 4_096
"""Bytes of ``lock.json`` that are looked at."""
_REFUSED = 3
_SECOND_TRY = f"""
import fcntl, os, sys
descriptor = os.open(sys.argv[1], os.O_RDWR)
try:
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    sys.exit({_REFUSED})
"""
_LOCAL_DISK = "Put the store on a local disk with --store; queries work from anywhere."
_held: set[int] = set()
"""Descriptors of the locks of this process, not to be kept open by what is forked from it."""


@contextmanager
def write_lock(path: Path, command: str, wait: float = 0.0) -> Iterator[None]:
    """Hold the write lock for the body; ``wait`` is how many seconds to wait for another writer.

    The lock is the operating system's (``flock``), so it goes with its process however that ends; the file beside
    it, ``lock.json``, only says who holds it. The folder must be there.

    Raises:
        LockedError: another process holds it; the message names process, host, command and start.
        ResourceError: the store's folder cannot be written, or its file system cannot lock.
        DamagedError: something else than a file has the name of the lock.
    """
    mount = mount_of(path.parent)
    if mount and mount.why_not:
        raise ResourceError(f"{path.parent} is on a file system {mount.kind}, {mount.why_not}.", _LOCAL_DISK)
    owner = path.with_name("lock.json")
    descriptor = _open(path)
    _held.add(descriptor)
    try:
        _acquire(descriptor, path, mount, wait)
        if mount and mount.shared:
            prove_lock(path, mount)
        try:
            _tell(owner, command)
            yield
        finally:
            with suppress(OSError):
                owner.unlink()
    finally:
        _held.discard(descriptor)
        with suppress(OSError):  # it is closed whatever this says, and nothing was written to it
            os.close(descriptor)


def prove_lock(path: Path, mount: Mount) -> None:
    """Raise a :class:`ResourceError` if a second process can take the lock that this one holds."""
    command = [sys.executable, "-I", "-S", "-c", _SECOND_TRY, str(path)]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)  # noqa: S603 - our own
    if ended.returncode == _REFUSED:
        return
    found = "a second process could take the lock that this one holds"
    if ended.returncode:
        told = ended.stderr.decode(errors="replace").strip().splitlines() or [f"exit code {ended.returncode}"]
        found = f"a second process could not try the lock ({told[-1]})"
    raise ResourceError(
        f"{path.parent} is on a file system {mount.kind} that does not keep locks: {found}.", _LOCAL_DISK
    )


def _open(path: Path) -> int:
    """Open the lock's file, made where it is missing; never one elsewhere."""
    try:
        descriptor = no_follow(str(path), os.O_RDWR | os.O_CREAT)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            raise DamagedError(f"{path} is a link, a folder or a device.", "Remove it; it holds nothing.") from error
        raise ResourceError(
            f"The store's lock {path} cannot be opened: {error.strerror or error}.", "Check the folder's permissions."
        ) from error
    with naming(path):
        regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
    if not regular:
        os.close(descriptor)
        raise DamagedError(f"{path} is no file.", "Remove it; it holds nothing.")
    return descriptor


def _acquire(descriptor: int, path: Path, mount: Mount | None, wait: float) -> None:
    until = time.monotonic() + max(wait, 0.0)
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            left = until - time.monotonic()
            if left <= 0:
                raise LockedError(
                    f"Another process is writing to {path.parent}: {_describe(path.with_name('lock.json'))}.",
                    "Try again when it is done, or wait for it with --wait SECONDS; queries work meanwhile.",
                ) from None
            time.sleep(min(_POLL, left))
        except OSError as error:
            if error.errno not in _NONE_THERE:
                raise ResourceError(
                    f"The store's lock {path} cannot be taken: {error.strerror or error}.",
                    "Check the disk, then run the same command again.",
                ) from error
            kind = f"a file system {mount.kind}" if mount else "a file system"
            raise ResourceError(
                f"{path.parent} is on {kind} that cannot lock files ({error.strerror}), "
                "so that two processes could write at the same time.",
                _LOCAL_DISK,
            ) from error
        else:
            return


def _tell(owner: Path, command: str) -> None:
    """Say who holds the lock; where that cannot be written, nobody is told, and nothing else is wrong."""
    since = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="seconds")
    identity = {"pid": os.getpid(), "host": socket.gethostname(), "command": command, "since": since}
    with suppress(OSError):
        replace_text(owner, json.dumps(identity) + "\n", mode_of(owner.parent), lasting=False)


def _describe(owner: Path) -> str:
    try:
        with open(owner, "rb", opener=no_follow) as stream:
            who = json.loads(stream.read(_MOST_TOLD))
        told = f'"{who["command"]}", process {who["pid"]} on {who["host"]}, since {who["since"]}'
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return "its name is not known yet"
    return "".join(letter if letter.isprintable() else "?" for letter in told)


def _close_in_child() -> None:
    """Let go of the parent's locks: a child that outlives a killed parent must not keep them."""
    for descriptor in _held:
        with suppress(OSError):
            os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_close_in_child)
