"""Child processes for one kind of work, kept for the next task: starting one takes longer than reading a small file."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from .child_process import Child

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .wire import Task


class ChildPool:
    """Any number of children that run one function; each is lent to one caller at a time."""

    def __init__(self, work: str) -> None:
        """Prepare; ``work`` is the function, as ``package.module:name``."""
        self._work = work
        self._idle: list[Child] = []
        self._lent: set[Child] = set()

    def ask(self, task: Task) -> Iterator[bytes]:
        """Yield the items of the answer to ``task``; errors as for :meth:`.Child.ask`."""
        with self.lend() as child:
            yield from child.ask(task)

    @contextmanager
    def lend(self) -> Iterator[Child]:
        """Lend a child, an idle one if there is one, while the body runs."""
        child = self._idle.pop() if self._idle else Child(self._work)
        self._lent.add(child)
        try:
            yield child
        finally:
            self._lent.discard(child)
            self._idle.append(child)

    @contextmanager
    def ended_afterwards(self) -> Iterator[None]:
        """End the idle processes when the body ends: nothing stays behind."""
        try:
            yield
        finally:
            while self._idle:
                self._idle.pop().close()

    def stop(self) -> None:
        """Kill the children that are lent, for good."""
        for child in list(self._lent):
            child.stop()

    def pids(self) -> list[int]:
        """Return the numbers of the processes that run now."""
        return [pid for child in (*self._lent, *self._idle) if (pid := child.pid) is not None]
