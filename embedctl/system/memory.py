"""Memory and disk that this process may still take, by the system, the container and the limits of the user."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from .cgroups import PROC, group_folders, number_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def available_memory() -> int | None:
    """Return the bytes that this process may still take before anything is swapped out or killed; ``None``: unknown.

    The least of what the system has available, of what each control group of this process has left (pages of files
    that a group can drop do not count as taken), and of the address space that ``ulimit -v`` leaves.
    """
    rooms = [room for room in (_of_system(), *_of_groups(), _of_limit()) if room is not None]
    return min(rooms) if rooms else None


def free_disk(folder: Path) -> int | None:
    """Return the free bytes in the file system of a folder, which need not exist yet; ``None``: unknown.

    Quotas are not seen.
    """
    for existing in (folder, *folder.parents):
        try:
            return shutil.disk_usage(existing).free
        except FileNotFoundError:
            continue
        except OSError:
            return None
    return None


def _of_limit() -> int | None:
    try:
        import resource

        most = resource.getrlimit(resource.RLIMIT_AS)[0]
        if most == resource.RLIM_INFINITY:
            return None
        pages = int((PROC / "self" / "statm").read_text(encoding="ascii").split()[0])
        return max(0, most - pages * os.sysconf("SC_PAGE_SIZE"))
    except (ImportError, OSError, ValueError, IndexError):
        return None


def _of_system() -> int | None:
    try:
        for line in (PROC / "meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    try:  # no /proc: all that there is
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return None


def _of_groups() -> Iterator[int | None]:
    """Yield the bytes left to each control group above this process."""
    for folder in group_folders("memory"):
        yield _left(folder, "memory.max", "memory.current", "inactive_file")
        yield _left(folder, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def _left(folder: Path, limit: str, used: str, droppable: str) -> int | None:
    try:
        most, taken = number_in(folder / limit), number_in(folder / used)
        stat = dict(line.split() for line in (folder / "memory.stat").read_text(encoding="ascii").splitlines())
        return max(0, most - taken + int(stat.get(droppable, 0)))
    except (OSError, ValueError):
        return None
