"""The reporter that shows nothing: the library's default."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class SilentReporter:
    """Shows neither messages nor progress."""

    @contextmanager
    def stage(self, name: str, total: int | None, unit: str) -> Iterator[SilentReporter]:  # noqa: ARG002
        """Return the progress that is not shown."""
        yield self

    def advance(self, units: int = 1) -> None:
        """Do nothing."""

    def message(self, kind: str, text: str) -> None:
        """Do nothing."""
