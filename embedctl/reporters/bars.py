"""Progress as bars on a terminal, by rich."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from . import Bar

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Count(ProgressColumn):
    """``1,204/5,000 chunks``, or what is done where the total is unknown."""

    def render(self, task: Task) -> Text:
        total = "" if task.total is None else f"/{int(task.total):,}"
        return Text(f"{int(task.completed):,}{total} {task.fields['unit']}")


class _Rate(ProgressColumn):
    """Units a second, once that is known."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s" if speed >= 10 else f"{speed:.1f}/s", "cyan")


class BarsReporter:
    """One bar at a time on stderr, gone when its stage is done."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, markup=False)

    @contextmanager
    def stage(self, name: str, total: int | None, unit: str) -> Iterator[Bar]:
        """Show a bar while the stage runs; one without anything to do stays invisible."""
        columns = (TextColumn("{task.description:<8}"), BarColumn(), _Count(), _Rate(), TimeRemainingColumn())
        with Progress(*columns, console=self._console, transient=True, disable=total == 0) as progress:
            yield Bar(partial(progress.advance, progress.add_task(name, total=total, unit=unit)))

    def message(self, kind: str, text: str) -> None:
        """Print everything but details above the bar."""
        if kind != "detail":
            self._console.print(text, style="yellow" if kind == "warning" else "")
