"""Work in a child process: a native library that crashes, hangs or wants too much memory there does no harm here.

A :class:`Child` runs one function of ours, which takes bytes and yields bytes. Requests go down a pipe, answers come up
another, each with its length in front; nothing is pickled, because what a damaged library sends must not run here.

The child is a plain process. It is not forked, because this process has threads of its own (Arrow's, Tantivy's,
torch's). It ends with its parent, however that ends.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import signal
import struct
import subprocess
import sys
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any
from weakref import WeakSet

from ..errors import ParseError, ResourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..config import ChildLimits

_FRAME = struct.Struct("<cQ")
_ITEM, _END, _PROBLEM, _READY = b"+", b".", b"!", b"R"
_LONGEST_PROBLEM = 500
_PR_SET_PDEATHSIG = 1
_SIGKILL, _SIGXCPU = 9, 24
"""By number: Windows has no names for them."""


class CrashedError(Exception):
    """The child ended before it had answered; the message says of what, as a clause about what it worked at."""


class Child:
    """A process that answers one request at a time, started when it is first asked, and again after it has died."""

    def __init__(self, work: str, limits: ChildLimits) -> None:
        """Prepare; ``work`` is the function, as ``package.module:name``."""
        self._work = work
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, request: bytes) -> Iterator[bytes]:
        """Yield what the function yields for ``request``; whoever stops listening ends the process.

        Raises:
            ParseError: the function raised it, or something that it should not have raised.
            CrashedError: the process has died, or wanted more than its limits allow.
            ResourceError: there can be no such process.
        """
        process = self._running()
        done = False
        try:
            try:
                assert process.stdin is not None
                assert process.stdout is not None
                _write(process.stdin, _ITEM, request)
                kind, payload = _read(process.stdout)
                while kind == _ITEM:
                    yield payload
                    kind, payload = _read(process.stdout)
            except (EOFError, OSError) as error:
                raise CrashedError(_cause(self.close(), self._limits)) from error
            done = True
        finally:
            if not done:
                self._kill()
        if kind == _PROBLEM:
            raise ParseError(payload.decode(errors="replace"))

    def close(self) -> int:
        """End the process, if there is one, and return how it ended."""
        process, self._process = self._process, None
        if process is None:
            return 0
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        try:
            return process.wait(timeout=1.0)  # a child that nobody listens to any more ends itself
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self.close()

    def _running(self) -> subprocess.Popen[bytes]:
        # One that was started by a thread which has ended is gone with it: so Linux understands "parent".
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.close()
        process = _start(self._work, self._limits)
        self._process = process
        _children.add(self)
        assert process.stdout is not None
        try:
            ready = _read(process.stdout)[0] == _READY
        except (EOFError, OSError):
            ready = False
        if not ready:
            status = self.close()
            raise ResourceError(f"A process of embedctl's own could not be started: it ended with status {status}.")
        return process


_children: WeakSet[Child] = WeakSet()


@atexit.register
def _end_all() -> None:
    for child in list(_children):
        child.close()


def main(parent: int, work: str, seconds: float, memory_bytes: int) -> None:
    """Answer, in the child, until the parent has no more requests; limits hold from one item to the next."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # interrupting is the parent's business
    _end_with(parent)
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # What a library prints must get neither between the answers nor to a terminal.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    module, _, name = work.partition(":")
    function = getattr(__import__(module, fromlist=[name]), name)
    allow = _limiter(seconds, memory_bytes)
    try:
        _write(answers, _READY, b"")
        while True:
            _, request = _read(requests)
            _write(answers, *_answered(function, request, answers, allow))
    except (EOFError, BrokenPipeError):
        os._exit(0)  # nothing here is worth tidying up, least of all a native library


def _answered(
    function: Callable[[bytes], Iterator[bytes]], request: bytes, answers: IO[bytes], allow: Callable[[], None]
) -> tuple[bytes, bytes]:
    """Send what the function yields; return the last frame."""
    try:
        allow()
        for item in function(request):
            _write(answers, _ITEM, item)
            allow()
    except ParseError as error:
        return _PROBLEM, error.message.encode(errors="replace")
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - the parent tells of it
        return _PROBLEM, f"{type(error).__name__}: {error}"[:_LONGEST_PROBLEM].encode(errors="replace")
    return _END, b""


def _limiter(seconds: float, memory_bytes: int) -> Callable[[], None]:
    """Limit this process, and return what gives it the same processor time once more; nothing on Windows."""
    try:
        import resource
    except ImportError:
        return lambda: None
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Memory of its own, not mapped libraries; macOS knows only address space, and keeps no limit on it.
    kind = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS
    _lower(resource, kind, _own_memory() + memory_bytes)

    def allow() -> None:
        spent = resource.getrusage(resource.RUSAGE_SELF)
        _lower(resource, resource.RLIMIT_CPU, int(spent.ru_utime + spent.ru_stime + seconds) + 1)

    return allow


def _lower(resource: Any, kind: int, most: int) -> None:
    hard = resource.getrlimit(kind)[1]
    with suppress(OSError, ValueError):
        resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _own_memory() -> int:
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - pathlib is not imported here
            return int(file.read().split()[5]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _end_with(parent: int) -> None:
    """End this process when its parent ends; elsewhere than on Linux it ends when it next looks for a request."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL)
    if os.name == "posix" and os.getppid() != parent:
        os._exit(1)


def _start(work: str, limits: ChildLimits) -> subprocess.Popen[bytes]:
    call = f"main({os.getpid()}, {work!r}, {limits.seconds!r}, {limits.memory_bytes!r})"
    program = (
        f"import sys; sys.path[:] = {sys.path!r}; sys.dont_write_bytecode = True; from {__name__} import main; {call}"
    )
    try:
        return subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system"},  # the others reserve what they may never use
            process_group=0 if os.name == "posix" else None,
        )
    except OSError as error:
        raise ResourceError(f"A process of embedctl's own could not be started: {error.strerror or error}.") from error


def _write(stream: IO[bytes], kind: bytes, payload: bytes) -> None:
    stream.write(_FRAME.pack(kind, len(payload)))
    stream.write(payload)
    stream.flush()


def _read(stream: IO[bytes]) -> tuple[bytes, bytes]:
    """Return the next frame.

    Raises:
        EOFError: there is no other side any more.
    """
    head = stream.read(_FRAME.size)
    if len(head) < _FRAME.size:
        raise EOFError
    kind, length = _FRAME.unpack(head)
    payload = stream.read(length)
    if len(payload) < length:
        raise EOFError
    return kind, payload


def _cause(status: int, limits: ChildLimits) -> str:
    """Say in words what the exit status of a dead child means for what it was working at."""
    if status == -_SIGXCPU:
        return f"it takes more than {limits.seconds:g} seconds of processor time"
    if status in (1, -_SIGKILL):
        return f"it needs more than {limits.memory_bytes / 10**9:.3g} GB of memory"
    if status < 0:
        return f"it crashes the library that reads it ({signal.Signals(-status).name})"
    return f"the library that reads it ended the process (exit status {status})"
