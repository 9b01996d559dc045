"""Parsing in worker processes: native libraries crash alone there, and Python parsers do not share a lock.

Workers are plain child processes that run :mod:`.worker` and speak pickles over pipes. They are not forked, because
this process has threads of its own (Arrow's, Tantivy's, torch's), and not ``multiprocessing``'s, which imports the
caller's main module once more in every worker.

Each worker belongs to one thread here, which hands it a list of tasks and takes its answers one by one. So a worker
that dies is known to have died of the first task that it did not answer: that task gets a problem for an answer, the
ones behind it a new worker.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..errors import ParseError, ResourceError
from .reading import ReadResult, ReadTask
from .worker import READY, Bug

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

_KILLED = 9
"""Without its name in ``signal``, which Windows lacks."""

Batch = list[tuple[ReadTask, "Future[ReadResult]"]]


class ParserPool:
    """Worker processes that read and parse files; use it as a context manager, which leaves no process behind."""

    def __init__(self, processes: int) -> None:
        self._batches: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
        self._workers = [_Worker(self._batches) for _ in range(processes)]

    def __enter__(self) -> ParserPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every worker, busy or not."""
        for worker in self._workers:
            worker.stop()
        for _ in self._workers:
            self._batches.put(None)
        for worker in self._workers:
            worker.thread.join()

    def submit(self, tasks: Sequence[ReadTask]) -> list[Future[ReadResult]]:
        """Have these files parsed, in this order and by one worker; return the answers to come.

        A future raises ``ResourceError`` where no worker could be started, ``RuntimeError`` for a bug in a parser.
        """
        batch: Batch = [(task, Future()) for task in tasks]
        self._batches.put(batch)
        return [future for _, future in batch]


class _Worker:
    """One worker process after another, and the thread that talks to them."""

    def __init__(self, batches: queue.SimpleQueue[Batch | None]) -> None:
        self._batches = batches
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = False
        self._starting = threading.Lock()
        self.thread = threading.Thread(target=self._serve, name="parser pool", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """Kill the process; the thread ends with its batch."""
        with self._starting:
            self._stopping = True
            if self._process is not None:
                self._process.kill()

    def _serve(self) -> None:
        while (batch := self._batches.get()) is not None:
            try:
                while batch and not self._stopping:
                    batch = self._work(batch)
            except Exception as error:  # noqa: BLE001 - raised where the answer is awaited
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
            for _, future in batch:
                future.cancel()
        self._bury()

    def _work(self, batch: Batch) -> Batch:
        """Have a batch parsed; return what is left of it when the worker dies."""
        process = self._running()
        if process is None:
            return batch
        assert process.stdin is not None
        assert process.stdout is not None
        done = 0
        try:
            pickle.dump([task for task, _ in batch], process.stdin, pickle.HIGHEST_PROTOCOL)
            process.stdin.flush()
            for _, future in batch:
                answer = pickle.load(process.stdout)  # noqa: S301 - from our own child
                done += 1
                _settle(future, answer)
        except (EOFError, OSError, pickle.UnpicklingError):
            status = self._bury()
            if not self._stopping:
                batch[done][1].set_result(ReadResult(None, problem=ParseError(_cause_of_death(status))))
                done += 1
        return batch[done:]

    def _running(self) -> subprocess.Popen[bytes] | None:
        """Return the process, started if need be; ``None`` when the pool is being closed."""
        if self._process is None:
            with self._starting:
                if self._stopping:
                    return None
                self._process = _start()
            self._greet(self._process)
        return self._process

    def _greet(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        try:
            greeting: Any = pickle.load(process.stdout)  # noqa: S301 - from our own child
        except (EOFError, OSError, pickle.UnpicklingError):
            greeting = None
        if greeting != READY and not self._stopping:
            raise ResourceError(
                f"A process for parsing could not be started: it ended with status {self._bury()}.",
                "Parse in this process with --threads 1.",
            )

    def _bury(self) -> int:
        """End and forget the process; return its exit status."""
        process, self._process = self._process, None
        if process is None:
            return 0
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        try:
            return process.wait(timeout=1.0 if not self._stopping else 0.0)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()


def _start() -> subprocess.Popen[bytes]:
    program = f"import sys; sys.path[:] = {sys.path!r}; from embedctl.parsers.worker import main; main({os.getpid()})"
    try:
        return subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Ctrl-C in a terminal goes to its whole foreground group; a worker may not even have begun to ignore it.
            process_group=0 if os.name == "posix" else None,
        )
    except OSError as error:
        raise ResourceError(
            f"A process for parsing could not be started: {error.strerror or error}.",
            "Parse in this process with --threads 1.",
        ) from error


def _settle(future: Future[ReadResult], answer: ReadResult | Bug) -> None:
    if isinstance(answer, Bug):
        error = RuntimeError(answer.message)
        error.add_note(answer.traceback)
        future.set_exception(error)
    else:
        future.set_result(answer)


def _cause_of_death(status: int) -> str:
    """Say in words what the exit status of a dead worker means for the file that it was parsing."""
    if status == -_KILLED:
        return "the process that parsed it was killed, perhaps because the memory ran out"
    if status < 0:
        return f"its parser crashed ({signal.Signals(-status).name})"
    return f"its parser ended the process (exit status {status})"
