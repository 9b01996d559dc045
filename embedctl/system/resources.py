"""Processors, memory and disk that this process may take, by the system, the container and the limits of the user."""

from __future__ import annotations

import math
import os
import resource
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ResourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")


def processors() -> int:
    """Return the processors of the affinity mask, or of the quota of a control group where that is less."""
    mask = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([mask, *map(_quota, _group_folders("cpu"))]))


def available_memory() -> int | None:
    """Return the bytes that this process may still take before anything is swapped out or killed; ``None``: unknown.

    The least of what the system has available, of what each control group of this process has left (pages of files
    that a group can drop do not count as taken), and of the address space that ``ulimit -v`` leaves.
    """
    rooms = [room for room in (_of_system(), *_of_groups(), _of_limit()) if room is not None]
    return min(rooms, default=None)


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


def require_disk(folder: Path, needed: int, what: str) -> None:
    """Raise :class:`ResourceError` unless ``needed`` bytes, at the least, are free; ``what`` begins a sentence."""
    free = free_disk(folder)
    if free is not None and free < needed:
        raise ResourceError(
            f"{what} takes at least {_spelled(needed)} of disk, and {_spelled(free)} are free in {folder}.",
            "Make room and run the same command again; what was committed stays.",
        )


def require_memory(needed: int, what: str) -> None:
    """Raise :class:`ResourceError` unless ``needed`` bytes of memory, at the least, are there."""
    free = available_memory()
    if free is not None and free < needed:
        raise ResourceError(
            f"{what} takes at least {_spelled(needed)} of memory, and {_spelled(free)} are there.",
            "Close other programs or raise the limit, then run the same command again; what was committed stays.",
        )


def _spelled(size: int) -> str:
    for unit, bytes_each in (("GB", 1e9), ("MB", 1e6)):
        if size >= bytes_each:
            return f"{size / bytes_each:.1f} {unit}"
    return f"{size / 1e3:.1f} kB"


def _of_limit() -> int | None:
    most = resource.getrlimit(resource.RLIMIT_AS)[0]
    if most == resource.RLIM_INFINITY:
        return None
    try:
        pages = int((PROC / "self" / "statm").read_text(encoding="ascii").split()[0])
        return max(0, most - pages * os.sysconf("SC_PAGE_SIZE"))
    except (OSError, ValueError, IndexError):
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
    except (OSError, ValueError):
        return None


def _of_groups() -> Iterator[int | None]:
    """Yield the bytes left to each control group above this process."""
    for folder in _group_folders("memory"):
        yield _left(folder, "memory.max", "memory.current", "inactive_file")
        yield _left(folder, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def _left(folder: Path, limit: str, used: str, droppable: str) -> int | None:
    try:
        most, taken = _number_in(folder / limit), _number_in(folder / used)
        stat = dict(line.split() for line in (folder / "memory.stat").read_text(encoding="ascii").splitlines())
        return max(0, most - taken + int(stat.get(droppable, 0)))
    except (OSError, ValueError):
        return None


def _quota(folder: Path) -> int:
    """Return the processors of one group's quota, rounded up; a large number without a quota."""
    try:
        if (folder / "cpu.max").is_file():
            quota, period = map(int, (folder / "cpu.max").read_text(encoding="ascii").split())
        else:
            quota, period = _number_in(folder / "cpu.cfs_quota_us"), _number_in(folder / "cpu.cfs_period_us")
        return math.ceil(quota / period) if quota > 0 else 1 << 16
    except (OSError, ValueError, ZeroDivisionError):  # no such group here, or "max"
        return 1 << 16


def _group_folders(controller: str) -> list[Path]:
    """Return the folders of the control groups above this process that may limit ``controller``.

    Those of the second version of the interface lie below ``CGROUPS``, those of the first below a folder of its own.
    """
    try:
        lines = (PROC / "self" / "cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = ["0::/", f"1:{controller}:/"]
    folders: list[Path] = []
    for line in lines:
        number, controllers, path = line.split(":", 2)
        if number == "0" or controller in controllers.split(","):
            root = CGROUPS if number == "0" else CGROUPS / controller
            own = root / path.strip("/")
            folders += (own, *(parent for parent in own.parents if parent.is_relative_to(root)))
    return folders


def _number_in(file: Path) -> int:
    return int(file.read_text(encoding="ascii"))
