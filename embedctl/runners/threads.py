"""Three tasks at a time: the next one is read, one is worked on, the one before is written and committed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from ..store.manifest import Manifest
    from ..store.writer import Writer
    from .stage import Change, Given, Made, Stage, Task


class WriteBehind:
    """Commits in order, one at a time, while the caller goes on.

    Use it as a context manager, which waits for the commit that is under way: that belongs to what an interrupted run
    leaves.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._thread = ThreadPoolExecutor(1, "write behind")
        self._commit: Future[None] | None = None

    def __enter__(self) -> WriteBehind:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Wait, and raise what became of the last commit unless something else has failed."""
        self._thread.shutdown()
        if kind is None:
            self.wait()

    def put(self, fold: Callable[[Manifest], Change | None]) -> None:
        """Wait for the commit before; then fold into the manifest and commit in the background.

        Raises:
            OSError, EmbedctlError: the commit before has failed.
        """
        self.wait()
        self._commit = self._thread.submit(self._publish, fold)

    def wait(self) -> None:
        """Wait for the commit that is under way, and raise what became of it."""
        before, self._commit = self._commit, None
        if before is not None:
            before.result()

    def _publish(self, fold: Callable[[Manifest], Change | None]) -> None:
        if change := fold(self._writer.manifest):
            self._writer.commit(*change)


def run(writer: Writer, stage: Stage[Task, Given, Made], tasks: Sequence[Task]) -> None:
    """Do the tasks; what is read ahead and written behind is one task each, which bounds the memory."""
    waiting = iter(tasks)
    with WriteBehind(writer) as behind, ThreadPoolExecutor(1, "read ahead") as reader:

        def ahead() -> Future[Given] | None:
            return next((reader.submit(stage.read, task) for task in waiting), None)

        following = ahead()
        while following is not None:
            given = following.result()
            following = ahead()
            behind.put(partial(stage.fold, made=stage.work(given)))
