"""Child processes for native libraries: one that crashes, hangs or wants too much memory does no harm here.

A :class:`Child` runs one function of ours, which takes bytes and returns or yields bytes, in the :mod:`.sandbox`.
Requests go down a pipe, answers come up another (:mod:`.wire`); nothing is pickled, because a pickle from a damaged
library could run code here. The child is a plain process that runs :mod:`.worker`: not forked, because this process has
threads of its own (Arrow's, Tantivy's, torch's), and not ``multiprocessing``'s, which imports the caller's main module
once more. It ends with its parent, however that ends.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from io import BufferedReader, FileIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from ..errors import ParseError, ResourceError
from . import wire

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .wire import Task

START_SECONDS = 60.0
"""Time limit for a process to become ready."""
NONSENSE = "its parser gave an answer that makes no sense"

_PIPE_BYTES = 1 << 20
_MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024
_NEARLY = 0.7
"""Of the memory that a task may take; a native library that got so far and crashed, crashed for want of the rest."""
_GIVES_UP, _GAVE_UP_AT = (signal.SIGILL, signal.SIGTRAP, signal.SIGABRT), 0.3
"""Signals by which libraries end when they get no memory, often asking for twice as much as they have."""
_HINT = "Free some memory, or raise the limit on processes (ulimit -u)."


class CrashedError(Exception):
    """The child ended before it had answered; the message is the cause, as a clause about the file."""


class _Death(NamedTuple):
    status: int = 0
    peak_bytes: int = 0
    """Largest resident set of the process; 0 where that of its parent was larger."""


class Child:
    """A process that answers tasks in order: started by the first request, and again after it has ended."""

    def __init__(self, work: str) -> None:
        """Prepare; ``work`` is the function, as ``package.module:name``."""
        self._work = work
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: BufferedReader[_Pipe] | None = None
        self._inherited = 0
        self._stopped = False

    @property
    def pid(self) -> int | None:
        """Number of the process; ``None`` while there is none."""
        process = self._process
        return process.pid if process else None

    def ask(self, task: Task) -> Iterator[bytes]:
        """Send one task and yield the items of its answer, see :meth:`send` and :meth:`answers`."""
        self.send([task])
        yield from self.answers(task)

    def send(self, tasks: Sequence[Task]) -> None:
        """Hand over tasks; read the :meth:`answers` to each of them, in order, before the next request.

        Raises:
            ResourceError: no process could be started.
        """
        try:
            wire.write_tasks(self._requests(), tasks)
        except OSError:  # it ended while it had nothing to do
            self.close()
            wire.write_tasks(self._requests(), tasks)

    def answers(self, task: Task) -> Iterator[bytes]:
        """Yield the items of the answer to the next task; a caller that stops early ends the process.

        Raises:
            ParseError: the task failed.
            CrashedError: the process has ended, or was ended because the task took more than its limits allow. The
                tasks behind this one are lost.
        """
        problem, kind = None, b""
        try:
            while kind not in (wire.END, wire.LAST):
                kind, payload = self._frame(task.answer_bytes, task.seconds if task.by_clock else None)
                if kind == wire.ITEM and problem is None:
                    yield payload
                elif kind == wire.PROBLEM and problem is None:
                    problem = payload
                elif kind not in (wire.END, wire.LAST):
                    raise wire.InvalidAnswerError("order")
        except wire.InvalidAnswerError as error:
            raise CrashedError(NONSENSE) from error
        except TimeoutError as error:
            raise CrashedError(_too_long(task)) from error
        except (EOFError, OSError) as error:
            raise CrashedError(_cause(self.close(), task)) from error
        finally:
            if kind != wire.END:
                self.close()
        if problem is not None:
            reason = problem.decode(errors="replace")  # printed on terminals
            raise ParseError(" ".join("".join(each if each.isprintable() else " " for each in reason).split()))

    def stop(self) -> None:
        """Kill the process and start no other; a thread that waits for its answer finds it dead."""
        with self._lock:
            self._stopped = True
            if self._process is not None and self._process.returncode is None:
                os.kill(self._process.pid, signal.SIGKILL)

    def close(self) -> _Death:
        """End the process, if there is one, and return how it ended."""
        with self._lock:
            process, self._process = self._process, None
            if process is None:
                return _Death()
            for stream in (process.stdin, self._answers):
                if stream is not None:
                    with suppress(OSError):
                        stream.close()
            if process.returncode is not None:
                return _Death(process.returncode)
            os.kill(process.pid, signal.SIGKILL)  # changes nothing if it has ended by itself
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            peak = usage.ru_maxrss * _MAXRSS_BYTES
            return _Death(process.returncode, peak if peak > self._inherited else 0)

    def _requests(self) -> IO[bytes]:
        """Return where the tasks of a running process go to."""
        # A process that was started by a thread which has ended is gone with it: so Linux understands "parent".
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._start()
        assert self._process is not None
        assert self._process.stdin is not None
        return self._process.stdin

    def _start(self) -> None:
        with self._lock:
            if self._stopped:
                raise CrashedError("stopped")
            # A new process counts as having been as large as the one that started it.
            self._inherited = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAXRSS_BYTES
            self._process, self._answers = _start(self._work)
        try:
            ready = self._frame(0, START_SECONDS)[0] == wire.READY
        except (EOFError, OSError, wire.InvalidAnswerError):
            ready = False
        if not ready:
            status = self.close().status
            raise ResourceError(f"A process for parsing could not be started: it ended with status {status}.", _HINT)

    def _frame(self, most: int, seconds: float | None) -> tuple[bytes, bytes]:
        assert self._answers is not None
        self._answers.raw.deadline = None if seconds is None else time.monotonic() + seconds
        return wire.read_frame(self._answers, max(most, 4 * wire.LONGEST_PROBLEM))


class _Pipe(FileIO):
    """The reading end of a pipe; raises TimeoutError at its deadline."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor)
        self.deadline: float | None = None
        """Of the monotonic clock."""
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)

    def readinto(self, buffer: Any, /) -> int | None:
        if self.deadline is not None and not self._poll.poll(max(0.0, self.deadline - time.monotonic()) * 1000):
            raise TimeoutError
        return super().readinto(buffer)


def _start(work: str) -> tuple[subprocess.Popen[bytes], BufferedReader[_Pipe]]:
    # Without site-packages' start-up files and the environment's settings: the paths are those found here, and that of
    # embedctl, which may have been found by a hook that only the start-up files install.
    paths = [*sys.path, str(Path(__file__).parents[2])]
    call = f"from {__package__}.worker import main; main({os.getpid()}, {work!r})"
    options = ["-I", "-S", *(["-B"] if sys.dont_write_bytecode else [])]
    try:
        process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, *options, "-c", f"import sys; sys.path[:] = {paths!r}; {call}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system"},  # the others reserve what they may never use
            process_group=0,  # Ctrl-C goes to the foreground group; a worker may not even have begun to ignore it
        )
    except OSError as error:
        raise ResourceError(f"A process for parsing could not be started: {error.strerror or error}.", _HINT) from error
    assert process.stdout is not None
    with process.stdout:
        answers = BufferedReader(_Pipe(os.dup(process.stdout.fileno())), _PIPE_BYTES)
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):  # the user's share of memory for pipes may be used up
            fcntl.fcntl(answers, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return process, answers


def _cause(death: _Death, task: Task) -> str:
    """Return what the end of a child means for the file that it was parsing."""
    number = -death.status
    if number == signal.SIGXCPU:
        return _too_long(task)
    if number == signal.SIGKILL:
        return "the process that parsed it was killed, perhaps because the memory ran out"
    share = _GAVE_UP_AT if number in _GIVES_UP else _NEARLY
    if death.status == wire.OUT_OF_MEMORY or (number > 0 and death.peak_bytes > share * task.memory_bytes):
        unit, name = (10**9, "GB") if task.memory_bytes >= 10**9 else (10**6, "MB")
        return f"it needs more than {task.memory_bytes / unit:.3g} {name} to parse"
    if number > 0:
        known = number in set(signal.Signals)
        return f"its parser crashed ({signal.Signals(number).name if known else f'signal {number}'})"
    return f"its parser ended the process (exit status {death.status})"


def _too_long(task: Task) -> str:
    return f"parsing it took longer than {task.seconds:g} s"
