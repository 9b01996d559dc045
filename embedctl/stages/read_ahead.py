"""Files in the order of the walk, parsed ahead of their turn by worker processes."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..config import ParserLimits, ReadLimits
from ..parsers.pool import ParserPool
from ..parsers.reading import ReadTask, allowance
from ..records import FileEntry
from ..system.resources import processors
from .decide import Action, Met, content_known

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..parsers.pool import Parsing
    from ..parsers.reading import ReadResult


@dataclass(slots=True, eq=False)
class _Waiting:
    met: Met
    task: ReadTask | None = None
    """``None``: there is nothing to parse, only an order to keep."""
    parsing: Parsing | None = None
    """``None`` while it has not been handed to a worker."""


class ReadAhead:
    """Reads and parses files; close it, so that it leaves no process behind.

    Every file is parsed by a worker, in small runs, too. The first one is started when the first file is met that needs
    it, so that it is ready when the walk has gone on.
    """

    def __init__(self, threads: int = 0) -> None:
        """Prepare; ``threads`` is how many workers there may be, 0: one a processor."""
        self._limits, self._parser = ReadLimits(), ParserLimits()
        self._pool = ParserPool(threads or processors(), self._limits)
        self._queue: deque[_Waiting] = deque()
        self._batch: list[_Waiting] = []
        """Files of the queue that are still to be handed to a worker."""
        self._batch_bytes = 0
        self._started = False
        self._ahead_bytes = 0
        """Bytes of the files in the queue."""

    def close(self) -> None:
        """End the workers."""
        self._pool.__exit__(None, None, None)

    def results(self, entries: Iterable[Met]) -> Iterator[tuple[Met, ReadResult | None]]:
        """Yield every entry in order, those that are files to be read with what was read."""
        for met in entries:
            task = self._task(met)
            if task is None and not self._queue:
                yield met, None
                continue
            self._queue.append(waiting := _Waiting(met, task))
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

    def _task(self, met: Met) -> ReadTask | None:
        if met.action is not Action.READ_FILE or not isinstance(met.entry, FileEntry):
            return None
        entry = met.entry
        rules, limits = met.source.rules, self._parser
        if rules.parse_seconds or rules.parse_bytes:
            seconds, memory = rules.parse_seconds or limits.seconds, rules.parse_bytes or limits.memory_bytes
            limits = replace(limits, seconds=seconds, memory_bytes=memory)
        most = allowance(limits, entry.size)
        return ReadTask(entry.path, entry.absolute, entry.size, most, content_known(met.known))

    def _is_full(self) -> bool:
        return len(self._batch) >= self._limits.batch_files or self._batch_bytes >= self._limits.batch_bytes

    def _hand_over(self) -> None:
        self._started = True
        tasks = [each.task for each in self._batch if each.task]
        for each, parsing in zip(self._batch, self._pool.submit(tasks), strict=True):
            each.parsing = parsing
        self._batch, self._batch_bytes = [], 0

    def _is_due(self, head: _Waiting) -> bool:
        """Say whether it is the head's turn: it waits for nobody, or more waits behind it than should."""
        limits = self._limits
        idle = head.task is None or (head.parsing is not None and head.parsing.result.done())
        return idle or self._ahead_bytes > limits.ahead_bytes or len(self._queue) > limits.ahead_files

    def _next(self) -> tuple[Met, ReadResult | None]:
        waiting = self._queue.popleft()
        if waiting.task is None:
            return waiting.met, None
        if self._batch and (waiting.parsing is None or not waiting.parsing.result.done()):
            self._hand_over()  # there is time for it now
        self._ahead_bytes -= waiting.task.size
        assert waiting.parsing is not None
        return waiting.met, self._pool.take(waiting.parsing)
