"""Parsing in worker processes: native libraries crash alone there, and Python parsers do not share a lock.

Each worker belongs to one thread here, which hands it a list of tasks and takes its answers one by one. So a worker
that dies is known to have died of the first task that it did not answer: that task gets a problem for an answer, the
ones behind it a new worker. One more thread looks at the clock.
"""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .process import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from ..config import ReadLimits
    from .reading import ReadResult, ReadTask

_TICK = 0.05
"""Seconds between looks at the clock: by so much may a file take longer than it may."""


@dataclass(slots=True, eq=False)
class Parsing:
    """A file that is being parsed; :meth:`ParserPool.take` returns what became of it."""

    task: ReadTask
    result: Future[ReadResult] = field(default_factory=Future)
    weight: int = 0
    """Characters of the text, from its being there until it is taken."""


class ParserPool:
    """Worker processes that read and parse files; use it as a context manager, which leaves no process behind.

    A worker is started when there is more to do than those that there are will do in no time. Texts that nobody has
    taken are kept up to a limit; beyond it the workers wait.
    """

    def __init__(self, processes: int, limits: ReadLimits) -> None:
        self._most, self._limits = processes, limits
        self._batches: queue.SimpleQueue[Sequence[Parsing] | None] = queue.SimpleQueue()
        self._workers: list[_Worker] = []
        self._backlog = 0
        """Bytes of the files without an answer, with what each counts for beside its size."""
        self._changed = threading.Condition()
        self._untaken = 0
        self._awaited: Parsing | None = None
        self._closed = threading.Event()
        self._clock: threading.Thread | None = None

    def __enter__(self) -> ParserPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every worker, busy or not."""
        self._closed.set()
        with self._changed:
            self._changed.notify_all()
        for worker in self._workers:
            worker.stop()
            self._batches.put(None)
        for worker in self._workers:
            worker.thread.join()
        if self._clock is not None:
            self._clock.join()

    def submit(self, tasks: Sequence[ReadTask]) -> list[Parsing]:
        """Have these files parsed, in this order and by one worker."""
        batch = [Parsing(task) for task in tasks]
        with self._changed:
            idle = self._backlog < len(self._workers) * self._limits.worker_after_bytes
            self._backlog += sum(map(self._cost, batch))
        self._batches.put(batch)
        if not idle and len(self._workers) < self._most:
            self._workers.append(_Worker(self))
            if self._clock is None:
                self._clock = threading.Thread(target=self._watch, name="parser clock", daemon=True)
                self._clock.start()
        return batch

    def take(self, parsing: Parsing) -> ReadResult:
        """Wait for what becomes of a file and return it; take files in the order in which they were submitted.

        Raises:
            ResourceError: no worker could be started.
        """
        if not parsing.result.done():
            with self._changed:
                self._awaited = parsing
                self._changed.notify_all()
        try:
            return parsing.result.result()
        finally:
            if parsing.weight:
                with self._changed:
                    crowded = self._untaken > self._limits.ahead_bytes
                    self._untaken -= parsing.weight
                    parsing.weight = 0
                    if crowded:
                        self._changed.notify_all()

    @property
    def untaken(self) -> int:
        """Characters of the texts that nobody has taken yet."""
        return self._untaken

    def _cost(self, parsing: Parsing) -> int:
        return parsing.task.size + self._limits.file_bytes

    def _settle(self, parsing: Parsing, result: ReadResult) -> None:
        with self._changed:
            parsing.weight = len(result.document.text) if result.document else 0
            self._untaken += parsing.weight
            self._backlog -= self._cost(parsing)
        parsing.result.set_result(result)

    def _wait_for_room(self, parsing: Parsing) -> None:
        """Wait while too much has been parsed that nobody has taken, unless this is what somebody waits for."""
        if self._untaken > self._limits.ahead_bytes:
            with self._changed:
                self._changed.wait_for(
                    lambda: (
                        self._untaken <= self._limits.ahead_bytes or self._awaited is parsing or self._closed.is_set()
                    )
                )

    def _watch(self) -> None:
        while not self._closed.wait(_TICK):
            for worker in self._workers:
                worker.check_clock()


class _Worker:
    """One worker process after another, and the thread that talks to them."""

    def __init__(self, pool: ParserPool) -> None:
        self._pool = pool
        self._process: WorkerProcess | None = None
        self._starting = threading.Lock()
        self._stopping = False
        self.thread = threading.Thread(target=self._serve, name="parser pool", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """Kill the process; the thread ends with its batch."""
        with self._starting:
            self._stopping = True
            if self._process is not None:
                self._process.kill()

    def check_clock(self) -> None:
        """End the process when the file that it parses has had its time."""
        if process := self._process:
            process.check_clock()

    def _serve(self) -> None:
        while (batch := self._pool._batches.get()) is not None:
            try:
                while batch and not self._stopping:
                    batch = self._work(batch)
            except Exception as error:  # noqa: BLE001 - raised where the answer is awaited
                for parsing in batch:
                    if not parsing.result.done() and not self._stopping:
                        parsing.result.set_exception(error)
            for parsing in batch:
                parsing.result.cancel()
        if self._process is not None:
            self._process.bury()

    def _work(self, batch: Sequence[Parsing]) -> Sequence[Parsing]:
        """Have a batch parsed; return what is left of it when the worker ends."""
        process = self._running()
        if process is None:
            return batch
        try:
            process.ask([parsing.task for parsing in batch])
        except OSError:  # it ended while it had nothing to do: nobody's fault
            process.bury()
            self._process = None
            return batch
        for done, parsing in enumerate(batch, 1):
            self._pool._wait_for_room(parsing)
            answer = process.answer(parsing.task)
            if answer.last:
                process.bury()
                self._process = None
                if self._stopping:
                    return batch[done - 1 :]
            self._pool._settle(parsing, answer.result)
            if answer.last:
                return batch[done:]
        return ()

    def _running(self) -> WorkerProcess | None:
        """Return the process, started if need be; ``None`` when the pool is being closed."""
        with self._starting:
            if self._stopping:
                return None
            if self._process is None:
                self._process = WorkerProcess()
            return self._process
