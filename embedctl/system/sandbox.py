"""The sandbox of a child process: limited time and memory, no writing, no programs, no network.

Limits of the operating system, and on Linux a filter over system calls. Where a system lacks one of them, work goes on
without it: the parent's own limits hold everywhere.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

FILES = 64
"""Open files at once: the one that is read, and the libraries that read it."""

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_FILTER = 2

# seccomp's view of a system call: its number, the processor, where it was called, its six arguments.
_NUMBER, _PROCESSOR, _ARGUMENTS = 0, 4, 16
_LOAD, _SAME, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS = 1, 38
_X32 = 0x40000000
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CLONE_THREAD = 0x10000


class _Processor(NamedTuple):
    """Numbers of Linux's system calls on one kind of processor."""

    audit: int
    denied: tuple[int, ...]
    """Sockets, other processes, programs, and changes of a file system."""
    missing: tuple[int, ...]
    """``openat2``, ``clone3``, ``io_uring_setup``: their arguments cannot be seen, and the C library has others."""
    opens: tuple[tuple[int, int], ...]
    """Number, and position of the argument with the flags."""
    clone: int
    signals: int
    """``tgkill``, by which a process ends itself."""


# Order: sockets; fork, exec; other processes' memory and signals; shared memory; files; namespaces, keys, the kernel.
# fmt: off
_PROCESSORS = {
    "x86_64": _Processor(
        0xC000003E,
        (
            41, 42, 43, 49, 53, 288, 57, 58, 59, 322, 101, 310, 311, 438, 440, 424, 62, 200, 129, 297, 29, 64, 68, 319,
            85, 87, 263, 82, 264, 316, 83, 258, 84, 86, 265, 88, 266, 133, 259, 90, 91, 268, 452, 92, 93, 94, 260, 76,
            132, 235, 261, 280, 188, 189, 190, 197, 165, 161, 272, 308, 248, 250, 321, 298, 323,
        ),
        (437, 435, 425),
        ((2, 1), (257, 2)),
        56,
        234,
    ),
    "aarch64": _Processor(
        0xC00000B7,
        (
            198, 199, 200, 202, 203, 242, 221, 281, 117, 270, 271, 438, 440, 424, 129, 130, 138, 240, 194, 190, 186,
            279, 35, 38, 276, 34, 37, 36, 33, 52, 53, 452, 54, 55, 45, 88, 5, 6, 7, 14, 40, 51, 97, 268, 217, 219, 280,
            241, 282,
        ),
        (437, 435, 425),
        ((56, 2),),
        220,
        131,
    ),
}
# fmt: on


def end_with(parent: int) -> None:
    """End this process when its parent ends, however that ends, even inside a native library.

    Only Linux can do that; elsewhere a child ends when it next looks for tasks.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


class Sandbox:
    """The limits of this process, from its creation to the end of the process."""

    def __init__(self) -> None:
        for kind, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_NOFILE, FILES)):
            resource.setrlimit(kind, (most, most))
        self._statm: int | None = None
        with suppress(OSError):  # only Linux has it, and not where /proc is hidden
            self._statm = os.open("/proc/self/statm", os.O_RDONLY)
        self._base = self._own_memory()
        if sys.platform == "linux":
            _filter_calls()

    def allow(self, seconds: float, memory_bytes: int) -> None:
        """Set the limits of the next task: processor time, and memory beyond what the process started with."""
        spent = resource.getrusage(resource.RUSAGE_SELF)
        _lower(resource.RLIMIT_CPU, int(spent.ru_utime + spent.ru_stime + seconds) + 1)
        if self._statm is not None:
            _lower(resource.RLIMIT_DATA, self._base + memory_bytes)  # its own, not mapped libraries

    def held_bytes(self) -> int:
        """Return how much more memory this process holds than at its start; 0 where the system does not tell."""
        return self._own_memory() - self._base

    def _own_memory(self) -> int:
        """Return the bytes that the limit on memory counts."""
        return 0 if self._statm is None else int(os.pread(self._statm, 256, 0).split()[5]) * os.sysconf("SC_PAGE_SIZE")


def _lower(kind: int, most: int) -> None:
    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _filter_calls() -> None:
    """Have the kernel refuse what no parser needs; best effort, for some containers do not allow it."""
    processor = _PROCESSORS.get(os.uname().machine)
    if processor is None or sys.maxsize < 2**32:
        return
    program = b"".join(_program(processor, os.getpid()))
    code = ctypes.create_string_buffer(program, len(program))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))

    about = Program(len(program) // 8, ctypes.addressof(code))
    control = ctypes.CDLL(None).prctl
    if control(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        control(_PR_SET_SECCOMP, _FILTER, ctypes.byref(about), 0, 0)


def _program(processor: _Processor, pid: int) -> Iterable[bytes]:
    """Yield the instructions of the filter; each jump goes over the one return behind it."""
    yield _step(_LOAD, _PROCESSOR)
    yield _step(_SAME, processor.audit, 1, 0)
    yield _step(_RETURN, _KILL)
    yield _step(_LOAD, _NUMBER)
    yield _step(_AT_LEAST, _X32, 0, 1)
    yield _step(_RETURN, _KILL)
    for number in processor.denied:
        yield from _when(number, _step(_RETURN, _ERROR | _EPERM))
    for number in processor.missing:
        yield from _when(number, _step(_RETURN, _ERROR | _ENOSYS))
    for number, argument in processor.opens:
        yield from _when(number, *_unless(argument, _ANY_BIT, _WRITING, allowed=False))
    yield from _when(processor.clone, *_unless(0, _ANY_BIT, _CLONE_THREAD, allowed=True))
    yield from _when(processor.signals, *_unless(0, _SAME, pid, allowed=True))
    yield _step(_RETURN, _ALLOW)


def _when(number: int, *steps: bytes) -> Iterable[bytes]:
    yield _step(_SAME, number, 0, len(steps))
    yield from steps


def _unless(argument: int, test: int, operand: int, *, allowed: bool) -> tuple[bytes, ...]:
    """Return steps that end the program by whether an argument passes a test."""
    verdicts = (_ALLOW, _ERROR | _EPERM) if allowed else (_ERROR | _EPERM, _ALLOW)
    return (
        _step(_LOAD, _ARGUMENTS + 8 * argument),  # the lower half, both processors being little-endian
        _step(test, operand, 0, 1),
        *(_step(_RETURN, verdict) for verdict in verdicts),
    )


def _step(code: int, operand: int, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("<HBBI", code, then, otherwise, operand)
