"""One step after the other, in the caller's thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..store.writer import Writer
    from .stage import Given, Made, Stage, Task


def run(writer: Writer, stage: Stage[Task, Given, Made], tasks: Sequence[Task]) -> None:
    """Do the tasks and commit each."""
    for task in tasks:
        writer.commit(*stage.fold(writer.manifest, stage.work(stage.read(task))))
