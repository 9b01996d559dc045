"""Progress by tqdm: for notebooks and scripts."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tqdm.auto import tqdm

if TYPE_CHECKING:
    from collections.abc import Iterator


class TqdmProgress:
    """One stage as one bar."""

    def __init__(self, bar: tqdm[Any]) -> None:
        self._bar = bar

    def advance(self, units: int = 1) -> None:
        """Move the bar."""
        self._bar.update(units)


class TqdmReporter:
    """A bar for each stage that has something to do; a widget in a notebook."""

    @contextmanager
    def stage(self, name: str, total: int | None, unit: str) -> Iterator[TqdmProgress]:
        """Show a bar while the stage runs, and leave it there."""
        with tqdm(total=total, desc=name, unit=f" {unit}", disable=total == 0) as bar:
            yield TqdmProgress(bar)

    def message(self, kind: str, text: str) -> None:
        """Print everything but details above the bars."""
        if kind != "detail":
            tqdm.write(f"{kind}: {text}" if kind == "warning" else text, file=sys.stderr)
