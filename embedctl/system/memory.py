"""What this machine has to give: memory and disk, as far as the system, the container and the limits allow it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

_PROC = Path("/proc")
_CGROUPS = Path("/sys/fs/cgroup")


def available_memory() -> int | None:
    """Return the bytes that a process may still take before something is swapped out or killed; ``None``: unknown.

    The least of what the system has available, of what each control group of this process has left (pages of files
    that a group can drop do not count as taken), and of the address space that ``ulimit -v`` leaves.
    """
    rooms = [room for room in (_of_system(), *_of_groups(), _of_limit()) if room is not None]
    return min(rooms) if rooms else None


def free_disk(folder: Path) -> int | None:
    """Return the bytes that may still be written to the file system of a folder, made or to be made; ``None``: unknown.

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
        pages = int((_PROC / "self" / "statm").read_text(encoding="ascii").split()[0])
        return max(0, most - pages * os.sysconf("SC_PAGE_SIZE"))
    except (ImportError, OSError, ValueError, IndexError):
        return None


def _of_system() -> int | None:
    try:
        for line in (_PROC / "meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    try:  # no /proc: all that there is
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return None


def _of_groups() -> list[int | None]:
    """Return what is left to each group above this process, in the second and in the first version of the interface."""
    try:
        lines = (_PROC / "self" / "cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    rooms: list[int | None] = []
    for line in lines:
        number, controllers, path = line.split(":", 2)
        if number == "0":
            names = ("memory.max", "memory.current", "inactive_file")
            rooms += [_left(folder, *names) for folder in _with_parents(_CGROUPS, path)]
        elif "memory" in controllers.split(","):
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            rooms += [_left(folder, *names) for folder in _with_parents(_CGROUPS / "memory", path)]
    return rooms


def _with_parents(root: Path, path: str) -> list[Path]:
    folder = root / path.strip("/")
    return [folder, *(parent for parent in folder.parents if parent.is_relative_to(root))]


def _left(folder: Path, limit: str, used: str, droppable: str) -> int | None:
    try:
        most = int((folder / limit).read_text(encoding="ascii"))  # "max" is no number: no limit
        taken = int((folder / used).read_text(encoding="ascii"))
        stat = dict(line.split() for line in (folder / "memory.stat").read_text(encoding="ascii").splitlines())
        return max(0, most - taken + int(stat.get(droppable, 0)))
    except (OSError, ValueError):
        return None
