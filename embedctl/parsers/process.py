"""One worker process, seen from its parent: started, asked, watched and buried.

A plain child process that runs :mod:`.worker`. It is not forked, because this process has threads of its own (Arrow's,
Tantivy's, torch's), and not ``multiprocessing``'s, which imports the caller's main module once more in every worker and
speaks pickles, which could run code here.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import ParseError, ResourceError
from .reading import ReadResult, too_much_memory
from .wire import READY, InvalidAnswerError, ReadAnswer, read_answer, write_tasks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .reading import ReadTask

START_SECONDS = 60.0
"""A worker that is not ready by then will never be."""

_PIPE_BYTES = 1 << 20
_F_SETPIPE_SZ = 1031
_KILLED = 9
"""Without its name in ``signal``, which Windows lacks."""
_CPU_LIMIT = 24
_MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024
_NEARLY = 0.7
"""Of the memory that a file may take; a native library that got so far and crashed, crashed for want of the rest."""
_GIVES_UP, _GAVE_UP_AT = frozenset((4, 5, 6)), 0.3
"""SIGILL, SIGTRAP, SIGABRT: how libraries end when they are given no memory, often asking for twice what they have."""
_HINT = "Free some memory, or raise the limit on processes (ulimit -u)."


class _Death(NamedTuple):
    status: int
    peak_bytes: int
    """Largest resident set of the process; 0 where the system does not tell."""


class WorkerProcess:
    """A worker process; start a new one for the tasks behind the one that it died of."""

    def __init__(self) -> None:
        """Start it.

        Raises:
            ResourceError: there can be no more processes.
        """
        self._clock = threading.Lock()
        self._deadline: float | None = None
        self._overdue = False
        # A new process counts as having been as large as the one that started it.
        self._inherited = _peak_bytes()
        self._process = _start()
        self.pid = self._process.pid
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._tasks, self._answers = self._process.stdin, self._process.stdout
        self._greeted = False

    def ask(self, tasks: Sequence[ReadTask]) -> None:
        """Hand over tasks, to be answered in their order.

        Raises:
            ResourceError: it ended before it could do anything.
            OSError: it has ended since.
        """
        if not self._greeted:
            self._watch(START_SECONDS)
            greeting = self._answers.read(len(READY))
            self._watch(None)
            if greeting != READY:
                status = self.bury().status
                raise ResourceError(
                    f"A process for parsing could not be started: it ended with status {status}.", _HINT
                )
            self._greeted = True
        write_tasks(self._tasks, tasks)

    def answer(self, task: ReadTask) -> ReadAnswer:
        """Return the answer to the next task, or what became of the process in place of it: its ``last`` one.

        Call :meth:`bury` after the last answer.
        """
        self._watch(task.allowance.seconds)
        try:
            answer = read_answer(self._answers, task)
        except InvalidAnswerError:
            self.kill()
            self.bury()
            return ReadAnswer(
                ReadResult(None, problem=ParseError("its parser gave an answer that makes no sense")), True
            )
        except (EOFError, OSError):
            self._watch(None)
            return ReadAnswer(ReadResult(None, problem=ParseError(self._cause(self.bury(), task))), True)
        self._watch(None)
        return answer

    def kill(self) -> None:
        """End it at once; whoever waits for its answer finds it dead."""
        with suppress(OSError):
            self._process.kill()

    def check_clock(self) -> None:
        """End it when its time is up."""
        with self._clock:
            if self._deadline is not None and time.monotonic() > self._deadline:
                self._overdue, self._deadline = True, None
                self.kill()

    def bury(self) -> _Death:
        """End it, politely where it still waits for tasks, and return how it ended."""
        for stream in (self._tasks, self._answers):
            with suppress(OSError):
                stream.close()
        self._watch(1.0)
        if os.name != "posix" or self._process.returncode is not None:
            return _Death(self._process.wait(), 0)
        try:
            _, status, usage = os.wait4(self.pid, 0)
        except ChildProcessError:  # whoever killed it has looked first, and found it dead
            return _Death(self._process.wait(), 0)
        finally:
            self._watch(None)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        peak = usage.ru_maxrss * _MAXRSS_BYTES
        return _Death(self._process.returncode, peak if peak > self._inherited else 0)

    def _watch(self, seconds: float | None) -> None:
        with self._clock:
            self._deadline = None if seconds is None else time.monotonic() + seconds

    def _cause(self, death: _Death, task: ReadTask) -> str:
        """Say in words what the end of a worker means for the file that it was parsing."""
        most = task.allowance
        if self._overdue or death.status == -_CPU_LIMIT:
            return f"parsing it took longer than {most.seconds:g} s"
        if death.status == -_KILLED:
            return "the process that parsed it was killed, perhaps because the memory ran out"
        share = _GAVE_UP_AT if -death.status in _GIVES_UP else _NEARLY
        if death.status < 0 and death.peak_bytes > share * most.memory_bytes:
            return too_much_memory(most.memory_bytes)
        if death.status < 0:
            return f"its parser crashed ({_signal_name(-death.status)})"
        return f"its parser ended the process (exit status {death.status})"


def _peak_bytes() -> int:
    if os.name != "posix":
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAXRSS_BYTES


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _start() -> subprocess.Popen[bytes]:
    # Without site-packages' start-up files and the environment's settings: the paths are those found here, and that of
    # embedctl, which may have been found by a hook that only the start-up files install.
    paths = [*sys.path, str(Path(__file__).parents[2])]
    program = f"import sys; sys.path[:] = {paths!r}; from embedctl.parsers.worker import main; main({os.getpid()})"
    try:
        process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-I", "-S", *(["-B"] if sys.dont_write_bytecode else []), "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=_PIPE_BYTES,
            # Ctrl-C in a terminal goes to its whole foreground group; a worker may not even have begun to ignore it.
            process_group=0 if os.name == "posix" else None,
        )
    except OSError as error:
        raise ResourceError(f"A process for parsing could not be started: {error.strerror or error}.", _HINT) from error
    if sys.platform == "linux":
        import fcntl

        assert process.stdout is not None
        with suppress(OSError):  # the user's share of memory for pipes may be used up
            fcntl.fcntl(process.stdout.fileno(), _F_SETPIPE_SZ, _PIPE_BYTES)
    return process
