"""Control groups of this process: how a container limits processors and memory."""

from __future__ import annotations

from pathlib import Path

PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")


def group_folders(controller: str) -> list[Path]:
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


def number_in(file: Path) -> int:
    """Return the number that a file holds.

    Raises:
        OSError: there is no such file.
        ValueError: it holds something else, such as ``max`` for no limit.
    """
    return int(file.read_text(encoding="ascii"))
