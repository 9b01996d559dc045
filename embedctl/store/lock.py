"""One writer at a time, and a lock that says who holds it."""

from __future__ import annotations

import json
import os
import socket
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..errors import LockedError, ResourceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def write_lock(path: Path, command: str, wait: float = 0.0) -> Iterator[None]:
    """Hold the write lock for the body; ``wait`` is how many seconds to wait for another writer.

    The lock is the operating system's (``flock``), so it goes with its process however that ends; the file beside
    it, ``lock.json``, only says who holds it.

    Raises:
        LockedError: another process holds it; the message names process, host, command and start.
        ResourceError: the store's folder cannot be written.
    """
    from filelock import FileLock, Timeout

    path.parent.mkdir(parents=True, exist_ok=True)
    owner = path.with_name("lock.json")
    lock = FileLock(path, timeout=max(wait, 0.0))
    try:
        lock.acquire(poll_interval=0.05)
    except Timeout:
        raise LockedError(
            f"Another process is writing to {path.parent}: {_describe(owner)}.",
            "Try again when it is done, or wait for it with --wait SECONDS; queries work meanwhile.",
        ) from None
    except OSError as error:
        raise ResourceError(
            f"The store's lock {path} cannot be taken: {error.strerror or error}.", "Check the folder's permissions."
        ) from error
    try:
        since = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="seconds")
        identity = {"pid": os.getpid(), "host": socket.gethostname(), "command": command, "since": since}
        owner.write_text(json.dumps(identity) + "\n", encoding="utf-8")
        yield
    finally:
        with suppress(OSError):
            owner.unlink()
        lock.release()


def _describe(owner: Path) -> str:
    try:
        who = json.loads(owner.read_text(encoding="utf-8"))
        return f'"{who["command"]}", process {who["pid"]} on {who["host"]}, since {who["since"]}'
    except (OSError, ValueError, KeyError, TypeError):
        return "its name is not known yet"
