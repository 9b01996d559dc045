"""The contract of a stage, and the outcome of a task of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..store.manifest import Manifest

Task = TypeVar("Task")
Given = TypeVar("Given")
Made = TypeVar("Made")


class Change(NamedTuple):
    """The next snapshot, and the files that it names for the first time."""

    manifest: Manifest
    files: Sequence[Path]


class Stage(Protocol[Task, Given, Made]):
    """One step of the pipeline, task by task; a task is a part, or a few neighbouring ones."""

    def todo(self, manifest: Manifest) -> Sequence[Task]:
        """Return what lacks the output of this stage, in the order of the parts."""

    def read(self, task: Task) -> Given:
        """Return what the work needs from disk; may run in another thread, ahead of the work."""

    def work(self, given: Given) -> Made:
        """Return the output; nothing is written."""

    def fold(self, manifest: Manifest, made: Made) -> Change:
        """Write the output and enter it in a manifest; may run in another thread, behind the work.

        ``manifest`` is the current one: everything before has been committed.
        """
