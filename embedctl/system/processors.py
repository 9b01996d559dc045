"""Processors that this process may use, often fewer than the machine has."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

from .cgroups import group_folders, number_in

if TYPE_CHECKING:
    from pathlib import Path


def processors() -> int:
    """Return the processors of the affinity mask, or of the quota of a control group where that is less."""
    mask = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([mask, *map(_quota, group_folders("cpu"))]))


def _quota(folder: Path) -> int:
    """Return the processors of one group's quota, rounded up; a large number without a quota."""
    try:
        if (folder / "cpu.max").is_file():
            quota, period = map(int, (folder / "cpu.max").read_text(encoding="ascii").split())
        else:
            quota, period = number_in(folder / "cpu.cfs_quota_us"), number_in(folder / "cpu.cfs_period_us")
        return math.ceil(quota / period) if quota > 0 else 1 << 16
    except (OSError, ValueError, ZeroDivisionError):  # no such group here, or "max"
        return 1 << 16
