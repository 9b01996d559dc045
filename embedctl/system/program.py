"""Other people's programs, run on one file: limited time, memory and output, in a folder of their own, without network.

They are not ours and cannot run in the :mod:`.sandbox`, which forbids what they need: to write files and to start
processes. So they get an empty folder as their home, no settings of the user, and on Linux no network where the system
allows to take it from them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from ..errors import ParseError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

MOST_OUTPUT = 1 << 30
"""Bytes that a program may write to one file."""
LOOK_SECONDS = 0.2
"""Time between looks at whether the program is still wanted."""

_LAUNCH = """
import ctypes, os, resource, sys
memory, seconds, output = map(int, sys.argv[1:4])
for kind, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, output), (resource.RLIMIT_CPU, seconds)):
    resource.setrlimit(kind, (most, most))
if sys.platform == "linux":
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    system = ctypes.CDLL(None)
    system.prctl(1, 9)
    system.prctl(38, 1, 0, 0, 0)
    system.unshare(0x40000000) and system.unshare(0x50000000)
os.execv(sys.argv[4], sys.argv[4:])
"""
"""Limits, an end with the parent, no new rights, no network; then the program itself."""


def run_program(
    arguments: Sequence[str], folder: Path, *, seconds: float, memory_bytes: int, wanted: Callable[[], bool]
) -> bytes:
    """Run a program in ``folder`` and return what it printed.

    Args:
        arguments: absolute path of the program, and what it is given.
        folder: its working directory, home and place for temporary files.
        seconds: time limit.
        memory_bytes: limit on its own memory, on Linux.
        wanted: asked from time to time; once it is not, the program is ended.

    Raises:
        ParseError: it could not be started, took too long, or ended with an error; the message is a clause.
    """
    name = os.path.basename(arguments[0])  # noqa: PTH119 - a name, not a place
    limits = [str(memory_bytes), str(int(seconds) + 1), str(MOST_OUTPUT)]
    home = {name: str(folder) for name in ("HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")}
    printed = folder / "printed"
    with printed.open("wb") as output:
        try:
            process = subprocess.Popen(  # noqa: S603 - found on the path of the user
                [sys.executable, "-I", "-S", "-c", _LAUNCH, *limits, *arguments],
                cwd=folder,
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", **home},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.DEVNULL,
                process_group=0,
            )
        except OSError as error:
            raise ParseError(f"{name} could not be started: {error.strerror or error}") from error
        try:
            status = _waited(process, time.monotonic() + seconds, wanted)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # what it has started, too
            process.wait()
    if status is None:
        raise ParseError(f"{name} took longer than {seconds:g} s")
    if status:
        raise ParseError(f"{name} cannot read it (exit status {status})")
    return printed.read_bytes()


def _waited(process: subprocess.Popen[bytes], deadline: float, wanted: Callable[[], bool]) -> int | None:
    """Return the exit status of a process; ``None`` where it ran out of time or was no longer wanted."""
    while wanted() and (left := deadline - time.monotonic()) > 0:
        with suppress(subprocess.TimeoutExpired):
            return process.wait(min(LOOK_SECONDS, left))
    return None
