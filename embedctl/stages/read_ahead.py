"""Files in the order of the walk, parsed ahead of their turn by worker processes."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from ..config import ReadLimits
from ..parsers.pool import ParserPool
from ..system.resources import processors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..parsers.pool import Parsing
    from ..parsers.reading import ReadResult, ReadTask


Item = TypeVar("Item")


@dataclass(slots=True, eq=False)
class _Waiting(Generic[Item]):
    item: Item
    task: ReadTask | None = None
    """``None``: there is nothing to parse, only an order to keep."""
    parsing: Parsing | None = None
    """``None`` while it has not been handed to a worker."""


class ReadAhead(Generic[Item]):
    """Reads and parses files, or parts of them, each for an item of the caller; close it to end its processes.

    Every file is parsed by a worker, in small runs, too. The first one is started when the first file is met that needs
    it, so that it is ready when the walk has gone on.
    """

    def __init__(self, threads: int = 0) -> None:
        """Prepare; ``threads`` is how many workers there may be, 0: one a processor."""
        self._limits = ReadLimits()
        self._pool = ParserPool(threads or processors(), self._limits)
        self._queue: deque[_Waiting[Item]] = deque()
        self._batch: list[_Waiting[Item]] = []
        """Files of the queue that are still to be handed to a worker."""
        self._batch_bytes = 0
        self._started = False
        self._ahead_bytes = 0
        """Bytes of the files in the queue."""

    def close(self) -> None:
        """End the workers."""
        self._pool.__exit__(None, None, None)

    def results(self, items: Iterable[tuple[Item, ReadTask | None]]) -> Iterator[tuple[Item, ReadResult | None]]:
        """Yield every item in order, those with a task with what was read."""
        for item, task in items:
            if task is None and not self._queue:
                yield item, None
                continue
            self._queue.append(waiting := _Waiting(item, task))
            if task is not None:
                self._batch.append(waiting)
                self._batch_bytes += task.size
                self._ahead_bytes += task.size
                if not self._started or self._is_full():
                    self._hand_over()
            while self._queue and self._is_due(self._queue[0]):
                yield self._next()
        while self._queue:
            yield self._next()

    def _is_full(self) -> bool:
        return len(self._batch) >= self._limits.batch_files or self._batch_bytes >= self._limits.batch_bytes

    def _hand_over(self) -> None:
        self._started = True
        tasks = [each.task for each in self._batch if each.task]
        for each, parsing in zip(self._batch, self._pool.submit(tasks), strict=True):
            each.parsing = parsing
        self._batch, self._batch_bytes = [], 0

    def _is_due(self, head: _Waiting[Item]) -> bool:
        """Say whether it is the head's turn: it waits for nobody, or more waits behind it than should."""
        limits = self._limits
        idle = head.task is None or (head.parsing is not None and head.parsing.result.done())
        return idle or self._ahead_bytes > limits.ahead_bytes or len(self._queue) > limits.ahead_files

    def _next(self) -> tuple[Item, ReadResult | None]:
        waiting = self._queue.popleft()
        if waiting.task is None:
            return waiting.item, None
        if self._batch and (waiting.parsing is None or not waiting.parsing.result.done()):
            self._hand_over()  # there is time for it now
        self._ahead_bytes -= waiting.task.size
        assert waiting.parsing is not None
        return waiting.item, self._pool.take(waiting.parsing)
