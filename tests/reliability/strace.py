"""System calls of a process: recorded, counted and made to fail by strace.

A call is traced when one of the paths that are named has a part in it, or a descriptor of one: so the Nth call is the
Nth that touches the store, whatever the interpreter does meanwhile.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CHANGING = frozenset(
    {
        *("creat", "write", "pwrite64", "writev", "pwritev", "pwritev2", "ftruncate", "truncate", "fallocate", "fsync"),
        *("fdatasync", "sync_file_range", "msync", "rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir"),
        *("link", "linkat", "symlink", "symlinkat", "chmod", "fchmod", "fchmodat", "fchmodat2", "mkdir", "mkdirat"),
        *("flock", "copy_file_range", "sendfile", "utimensat"),
    }
)
"""Calls that change the file system or make a change durable: to be killed before any other one leaves the same."""
NEEDS_ROOM = frozenset(
    {
        *("openat", "open", "creat", "write", "pwrite64", "writev", "pwritev", "ftruncate", "fallocate", "fsync"),
        *("fdatasync", "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "mkdir"),
        *("mkdirat", "copy_file_range", "sendfile"),
    }
)
"""Calls that a full disk makes fail, at once or (where space is given out late) when they are synced."""

_WITH_BYTES = frozenset({"read", "pread64", "readv", "write", "pwrite64", "writev", "pwritev", "sendto", "recvfrom"})
_LINE = re.compile(r"(?P<thread>\d+) +(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>-?\w+|\?)(?P<rest>.*)")
_CUT = re.compile(r"(?P<thread>\d+) +(?P<name>\w+)\((?P<arguments>.*?)(?: <unfinished \.\.\.>|\) += \?.*)$")
_RESUMED = re.compile(
    r"(?P<thread>\d+) +<\.\.\. (?P<name>\w+) resumed>(?P<arguments>.*)\) += (?P<result>-?\w+|\?)(?P<rest>.*)"
)
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
_DESCRIPTOR = re.compile(r"(?:\d+|AT_FDCWD)<([^>]*)>")
_HANDLE_AND_NAME = re.compile(r'(?:\d+|AT_FDCWD)<([^>]*)>, "((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Call:
    """One system call of a trace."""

    thread: int
    name: str
    nth: int
    """Which call of this name and thread, from 1: what strace's ``when=`` counts."""
    paths: tuple[str, ...]
    result: str
    injected: bool
    line: str

    @property
    def changes(self) -> bool:
        """Whether it changes the file system, makes a change durable, or takes a lock."""
        if self.name in ("open", "openat"):
            return any(flag in self.line for flag in ("O_CREAT", "O_TRUNC", "O_WRONLY", "O_RDWR"))
        return self.name in CHANGING


def missing() -> str:
    """Say why system calls cannot be traced here; empty: they can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace"
        command = ["strace", "-f", "-o", str(trace), "-e", "inject=chdir:error=EIO:when=1", "env", "-C", "/", "true"]
        tried = subprocess.run(command, capture_output=True, text=True, check=False)
        if not trace.exists() or "(INJECTED)" not in trace.read_text(encoding="utf-8", errors="replace"):
            return f"strace cannot trace or inject here: {' '.join(tried.stderr.split())[:200]}"
    return ""


def options(
    trace: Path, calls: str = "all", paths: Sequence[str] = (), inject: str = "", *, whole: bool = False
) -> list[str]:
    """Return strace's arguments: what to record and, by ``inject``, what to do to it.

    Args:
        trace: the file to write.
        calls: which calls, as strace names sets of them.
        paths: only those that these have a part in.
        inject: such as ``write:error=EIO:when=3``; counted for each thread among the calls that are recorded.
        whole: keep paths of descriptors in the trace, which costs time.
    """
    given = ["strace", "-f", "-qq", "-s", "300", "-o", str(trace), "-e", f"trace={calls}", "-e", "signal=none"]
    given += ["-y"] if whole else []
    for path in paths:
        given += ["-P", path]
    return [*given, "-e", f"inject={inject}"] if inject else given


@contextmanager
def attached(process: int, arguments: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Trace a running process that waits for us; the body begins when strace has it, and it is let go at the end."""
    with subprocess.Popen([*arguments, "-p", str(process)], stderr=subprocess.PIPE) as tracer:
        assert tracer.stderr is not None
        while _tracer_of(process) != tracer.pid:
            if tracer.poll() is not None:
                raise RuntimeError(f"strace did not attach: {tracer.stderr.read().decode()}")
            time.sleep(0.0005)
        yield tracer


def _tracer_of(process: int) -> int:
    for line in Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("TracerPid:"):
            return int(line.split()[1])
    return 0


def read(trace: Path) -> list[Call]:
    """Return the calls of a trace in the order in which they began."""
    counts: Counter[tuple[int, str]] = Counter()
    calls: list[Call] = []
    begun: dict[int, int] = {}
    for line in trace.read_text(encoding="utf-8", errors="replace").splitlines():
        if resumed := _RESUMED.match(line):
            at = begun.pop(int(resumed["thread"]), None)
            if at is not None:
                cut = calls[at]
                paths = _paths(cut.name, cut.line + resumed["arguments"])
                injected = "INJECTED" in resumed["rest"]
                calls[at] = Call(cut.thread, cut.name, cut.nth, paths, resumed["result"], injected, cut.line + line)
            continue
        found = _LINE.match(line) or _CUT.match(line)
        if not found:
            continue
        thread, name = int(found["thread"]), found["name"]
        counts[thread, name] += 1
        groups = found.groupdict()
        call = Call(
            thread,
            name,
            counts[thread, name],
            _paths(name, found["arguments"]),
            groups.get("result") or "?",
            "INJECTED" in (groups.get("rest") or ""),
            line,
        )
        if line.endswith("<unfinished ...>"):
            begun[thread] = len(calls)
        calls.append(call)
    return calls


def _paths(name: str, arguments: str) -> tuple[str, ...]:
    """Return the paths in a call's arguments: names joined to the folder they are below, then those of descriptors."""
    if name in _WITH_BYTES:
        return tuple(_DESCRIPTOR.findall(arguments)[:1])
    below = [os.path.normpath(os.path.join(*found)) for found in _HANDLE_AND_NAME.findall(arguments)]  # noqa: PTH118
    whole = [text for text in _TEXT.findall(arguments) if text.startswith("/")]
    return tuple(dict.fromkeys([*below, *whole, *_DESCRIPTOR.findall(arguments)]))
