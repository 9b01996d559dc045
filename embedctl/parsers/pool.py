"""Parsing in worker processes: native libraries crash alone there, and Python parsers do not share a lock.

Each thread here has a child process, hands it a batch of tasks and takes its answers one by one. So a worker that dies
is known to have died of the first task that it did not answer: that task gets a problem for an answer, the ones behind
it a new worker.
"""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..errors import ParseError, UnsupportedError
from ..system.child_process import NONSENSE, CrashedError
from ..system.pool import ChildPool
from .converting import MEDIA_TYPES, UNCONVERTED, NeedsConverterError, converted
from .reading import ReadResult
from .wire import WORK, read_answer, request

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from ..config import ReadLimits
    from ..system.child_process import Child
    from ..system.wire import Task
    from .reading import ReadTask


@dataclass(slots=True, eq=False)
class Parsing:
    """A file that is being parsed; :meth:`ParserPool.take` returns the result."""

    task: ReadTask
    result: Future[ReadResult] = field(default_factory=Future)
    weight: int = 0
    """Characters of a text that is parsed and not yet taken."""


class ParserPool:
    """Worker processes that read and parse files; use it as a context manager, which leaves no process behind.

    Another worker is started when more waits than the present ones will soon have done. Texts that are parsed and not
    yet taken are kept up to a limit; beyond it the workers wait.
    """

    def __init__(self, processes: int, limits: ReadLimits) -> None:
        self._most, self._limits = processes, limits
        self._batches: queue.SimpleQueue[Sequence[Parsing] | None] = queue.SimpleQueue()
        self._children = ChildPool(WORK)
        self._threads: list[threading.Thread] = []
        self._backlog = 0
        """Bytes of the files without an answer, with what each counts for beside its size."""
        self._changed = threading.Condition()
        self._untaken = 0
        self._awaited: Parsing | None = None
        self._closed = False

    def __enter__(self) -> ParserPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every worker, busy or not."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        with self._children.ended_afterwards():
            self._children.stop()
            for _ in self._threads:
                self._batches.put(None)
            for thread in self._threads:
                thread.join()

    def submit(self, tasks: Sequence[ReadTask]) -> list[Parsing]:
        """Have these files parsed, in this order and by one worker."""
        batch = [Parsing(task) for task in tasks]
        with self._changed:
            idle = self._backlog < len(self._threads) * self._limits.worker_after_bytes
            self._backlog += sum(map(self._cost, batch))
        self._batches.put(batch)
        if not idle and len(self._threads) < self._most:
            self._threads.append(threading.Thread(target=self._serve, name="parser pool", daemon=True))
            self._threads[-1].start()
        return batch

    def take(self, parsing: Parsing) -> ReadResult:
        """Wait for the result of a file and return it; take files in the order in which they were submitted.

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
        """Characters of the texts that are parsed and not yet taken."""
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
        """Wait while too much is parsed and not yet taken, unless this file is the one that is awaited."""
        if self._untaken > self._limits.ahead_bytes:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._untaken <= self._limits.ahead_bytes or self._awaited is parsing or self._closed
                )

    def _serve(self) -> None:
        with self._children.lend() as child:
            while (batch := self._batches.get()) is not None:
                try:
                    while batch and not self._closed:
                        batch = self._parse(child, batch)
                except Exception as error:  # noqa: BLE001 - raised where the answer is awaited
                    for parsing in batch:
                        if not parsing.result.done() and not self._closed:
                            parsing.result.set_exception(error)
                for parsing in batch:
                    parsing.result.cancel()

    def _parse(self, child: Child, batch: Sequence[Parsing]) -> Sequence[Parsing]:
        """Have a batch parsed; return what is left of it when the process ends."""
        tasks = [request(parsing.task) for parsing in batch]
        child.send(tasks)
        for done, (parsing, task) in enumerate(zip(batch, tasks, strict=True), 1):
            self._wait_for_room(parsing)
            result = _result(child, parsing.task, task)
            if child.pid is None and self._closed:
                return batch[done - 1 :]
            if isinstance(result.problem, NeedsConverterError):
                result = self._converted(parsing.task, result.problem.kind, result)
            self._settle(parsing, result)
            if child.pid is None:
                return batch[done:]
        return ()

    def _converted(self, task: ReadTask, kind: str, result: ReadResult) -> ReadResult:
        """Have a file converted, and return the result of parsing what comes out, as that of the file."""
        try:
            with (
                converted(task, kind, result.sha256, lambda: not self._closed) as instead,
                self._children.lend() as child,
            ):
                asked = request(instead)
                child.send([asked])
                found = _result(child, instead, asked)
        except UnsupportedError as problem:
            return replace(result, problem=problem, read_by=UNCONVERTED)
        except ParseError as problem:
            return replace(result, problem=problem)
        document = found.document and replace(found.document, media_type=MEDIA_TYPES[kind])
        return replace(result, problem=found.problem, document=document)


def _result(child: Child, task: ReadTask, request: Task) -> ReadResult:
    """Return the answer to the next task, or the cause of its end if the process died of it."""
    try:
        (answer,) = child.answers(request)
        return read_answer(answer, task)
    except ValueError:  # none, several, or not one of ours
        child.close()
        return ReadResult(None, problem=ParseError(NONSENSE))
    except CrashedError as error:
        return ReadResult(None, problem=ParseError(str(error)))
    except ParseError as error:
        return ReadResult(None, problem=error)
