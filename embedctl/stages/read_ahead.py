"""Files in the order of the walk, parsed ahead of their turn by worker processes where that pays."""

from __future__ import annotations

from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..config import ReadLimits
from ..encoders.processors import processors
from ..parsers.pool import ParserPool
from ..parsers.reading import ReadResult, ReadTask, is_costly, read_and_parse
from ..records import FileEntry
from .decide import Action, Met, content_known

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Future
    from types import TracebackType


@dataclass(slots=True)
class _Waiting:
    met: Met
    task: ReadTask | None = None
    answer: Future[ReadResult] | None = None
    """``None`` while it has not been handed to a worker."""
    counted: bool = False
    """It is among the bytes that are ahead."""


class ReadAhead:
    """Reads and parses files; use it as a context manager, which leaves no process behind.

    Text formats are parsed here when their turn comes: that takes less time than sending the text. Workers are
    started once a run has met enough of the others.
    """

    def __init__(self, threads: int = 0, limits: ReadLimits | None = None) -> None:
        """Prepare; ``threads`` is how many workers there may be, 0: one a processor, 1: none."""
        self._workers = threads or processors()
        self._limits = limits or ReadLimits()
        self._stack = ExitStack()
        self._pool: ParserPool | None = None
        self._cost = 0
        """Bytes of all files so far that are worth a worker."""
        self._queue: deque[_Waiting] = deque()
        self._batch: list[_Waiting] = []
        """Files of the queue that are still to be handed to a worker."""
        self._ahead_bytes = 0

    def __enter__(self) -> ReadAhead:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the workers."""
        self._stack.close()

    def results(self, entries: Iterable[Met]) -> Iterator[tuple[Met, ReadResult | None]]:
        """Yield every entry in order, those that are files to be read with what was read."""
        for met in entries:
            task = _task(met)
            if task is None and not self._queue:
                yield met, None
                continue
            self._enqueue(met, task)
            while self._queue and self._is_due(self._queue[0]):
                yield self._next()
        while self._queue:
            yield self._next()

    def _enqueue(self, met: Met, task: ReadTask | None) -> None:
        waiting = _Waiting(met, task)
        self._queue.append(waiting)
        if task is None or self._workers == 1 or not is_costly(task.path):
            return
        self._cost += task.size + self._limits.file_bytes
        self._ahead_bytes += task.size
        waiting.counted = True
        self._batch.append(waiting)
        if self._cost < self._limits.pool_after_bytes:
            return
        size = sum(each.task.size for each in self._batch if each.task)
        if len(self._batch) >= self._limits.batch_files or size >= self._limits.batch_bytes:
            self._hand_over()

    def _hand_over(self) -> None:
        if self._pool is None:
            self._pool = self._stack.enter_context(ParserPool(self._workers))
        for start in range(0, len(self._batch), self._limits.batch_files):
            batch = self._batch[start : start + self._limits.batch_files]
            answers = self._pool.submit([each.task for each in batch if each.task])
            for each, answer in zip(batch, answers, strict=True):
                each.answer = answer
        self._batch = []

    def _is_due(self, head: _Waiting) -> bool:
        """Say whether it is the head's turn: it waits for nobody, or more waits behind it than should."""
        idle = head.answer.done() if head.answer else not self._batch or head is not self._batch[0]
        limits = self._limits
        return idle or self._ahead_bytes > limits.ahead_bytes or len(self._queue) > limits.ahead_files

    def _next(self) -> tuple[Met, ReadResult | None]:
        waiting = self._queue.popleft()
        if waiting.task is None:
            return waiting.met, None
        if self._batch and waiting is self._batch[0]:
            if self._pool is None:
                self._batch.pop(0)
            else:
                self._hand_over()
        if waiting.counted:
            self._ahead_bytes -= waiting.task.size
        return waiting.met, read_and_parse(waiting.task) if waiting.answer is None else waiting.answer.result()


def _task(met: Met) -> ReadTask | None:
    if met.action is not Action.READ_FILE or not isinstance(met.entry, FileEntry):
        return None
    entry = met.entry
    return ReadTask(entry.path, entry.absolute, entry.size, content_known(met.known))
