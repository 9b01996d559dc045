"""Running a stage over the parts that lack its output; only a runner commits."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..store.writer import Writer
    from .stage import Given, Made, Stage, Task


def run(writer: Writer, stage: Stage[Task, Given, Made]) -> None:
    """Run a stage and commit task by task, in order; a single task needs no threads.

    An error or an interruption keeps what was finished before.
    """
    from . import inline, threads

    tasks = stage.todo(writer.manifest)
    (threads if len(tasks) > 1 else inline).run(writer, stage, tasks)
