"""How many processors this process may use, which is often fewer than the machine has."""

from __future__ import annotations

import math
import os
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")


def processors() -> int:
    """Return the processors of the affinity mask, or what the container's quota comes to where that is less."""
    mask = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(mask, _quota()))


def _quota() -> int:
    """Return the processors of the control group's quota (version 2 or 1), rounded up."""
    try:
        if (CGROUPS / "cpu.max").is_file():
            quota, period = (CGROUPS / "cpu.max").read_text(encoding="ascii").split()
        else:
            quota = (CGROUPS / "cpu/cpu.cfs_quota_us").read_text(encoding="ascii")
            period = (CGROUPS / "cpu/cpu.cfs_period_us").read_text(encoding="ascii")
        share = int(quota) / int(period)
    except (OSError, ValueError):  # no control groups here, or "max": no quota
        return 1 << 16
    return math.ceil(share) if share > 0 else 1 << 16
