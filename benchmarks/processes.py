"""Whole processes: how long they take and how much memory they need at most."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SCRIPT = Path(sys.executable).with_name("embedctl")
EMBEDCTL = (str(_SCRIPT),) if _SCRIPT.exists() else (sys.executable, "-m", "embedctl")
"""What a person runs, where it is installed."""

# Started by a small process of its own: Linux counts what the parent held at the fork towards the peak.
_WATCH = """
import json, os, subprocess, sys, time
start = time.perf_counter()
process = subprocess.Popen(sys.argv[2:], stdout=open(sys.argv[1], "wb"))
_, status, usage = os.wait4(process.pid, 0)
seconds = time.perf_counter() - start
cpu = usage.ru_utime + usage.ru_stime
print(json.dumps([os.waitstatus_to_exitcode(status), usage.ru_maxrss, seconds, cpu]))
"""


class ProcessError(RuntimeError):
    """A measured process failed; the message has its command and its last words."""


@dataclass(frozen=True, slots=True)
class Watched:
    """One finished process."""

    seconds: float
    """From its start to its end, as its parent sees it."""
    peak_bytes: int
    """Most resident memory, mapped files that it touched included."""
    cpu_seconds: float
    """Processor time, user and system, of the process and the children it waited for."""


def watch(
    command: Sequence[str],
    stdout: str = "/dev/null",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Watched:
    """Run one process; its standard output goes to a file.

    Args:
        command: program and arguments.
        stdout: path of that file.
        env: the whole environment; ``None``: this process's own.
        cwd: working directory; ``None``: this process's own.

    Raises:
        ProcessError: it failed.
    """
    watcher = [sys.executable, "-S", "-c", _WATCH, stdout, *command]
    finished = subprocess.run(watcher, check=False, capture_output=True, text=True, env=env, cwd=cwd)
    if finished.returncode:
        raise ProcessError(f"{' '.join(command)} could not be started: {finished.stderr.strip()[-500:]}")
    status, peak, seconds, cpu_seconds = json.loads(finished.stdout)
    if status:
        raise ProcessError(f"{' '.join(command)} ended with {status}: {finished.stderr.strip()[-500:]}")
    return Watched(seconds, peak * (1 if sys.platform == "darwin" else 1024), cpu_seconds)


def embedctl(*arguments: object) -> list[str]:
    """Return the command line of ``embedctl`` with these arguments."""
    return [*EMBEDCTL, *map(str, arguments)]
