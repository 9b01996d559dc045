"""The reporter that shows nothing: the library's default."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class SilentProgress:
    """Progress that is not shown."""

    def advance(self, units: int = 1) -> None:
        """Do nothing."""


class SilentReporter:
    """Shows nothing."""

    @contextmanager
    def stage(self, name: str, total: int | None, unit: str) -> Iterator[SilentProgress]:  # noqa: ARG002
        """Return progress that is not shown."""
        yield SilentProgress()

    def message(self, kind: str, text: str) -> None:
        """Do nothing."""
