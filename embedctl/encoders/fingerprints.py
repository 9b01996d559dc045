"""A model folder's fingerprint without reading its weights again: remembered while no file has changed."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from ..config import digest
from ..system.cache_folder import cache_folder
from .machine_cache import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

SETTLED_NS = 2_000_000_000
"""A file younger than that may change again without a new time: file systems count in steps of up to two seconds."""


def remembered(folder: Path, purpose: Sequence[str], compute: Callable[[], str]) -> str:
    """Return ``compute()``, or what it gave when path, size, times and inode of every file were the same.

    ``purpose`` is what else the result depends on.
    """
    now = time.time_ns()
    files = _files(folder)
    record = cache_folder() / "fingerprints" / f"{digest([str(folder), *purpose])}.json"
    known = read_json(record)
    if isinstance(known, dict) and known.get("files") == files and isinstance(known.get("fingerprint"), str):
        return str(known["fingerprint"])
    fingerprint = compute()
    youngest = max((max(state[1:3]) for state in files.values()), default=now)
    if youngest < now - SETTLED_NS and _files(folder) == files:
        with suppress(OSError):  # a cache that cannot be written: computed again next time
            write_json(record, {"files": files, "fingerprint": fingerprint})
    return fingerprint


def _files(folder: Path) -> dict[str, list[int]]:
    """Return size, times of content and of inode (nanoseconds) and inode of every file that is not hidden."""
    found: dict[str, list[int]] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if not any(part.startswith(".") for part in name.parts) and path.is_file():
            state = path.stat()
            found[name.as_posix()] = [state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino]
    return found
