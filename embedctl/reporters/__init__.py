"""Reporters: progress and messages while the library works. One file for each kind of display."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..contracts import Reporter

REPORTERS = Registry(
    "reporter",
    {
        "silent": "embedctl.reporters.silent:SilentReporter",
        "lines": "embedctl.reporters.lines:LinesReporter",
        "bars": "embedctl.reporters.bars:BarsReporter",
        "tqdm": "embedctl.reporters.tqdm:TqdmReporter",
    },
)


class Bar:
    """Progress of one stage on a bar that another library draws."""

    def __init__(self, move: Callable[[int], object]) -> None:
        self._move = move

    def advance(self, units: int = 1) -> None:
        """Move the bar."""
        self._move(units)


def make_reporter(name: str) -> Reporter:
    """Return a new reporter: ``silent``, ``lines``, ``bars`` (a terminal, by rich) or ``tqdm`` (scripts, notebooks).

    Raises:
        UsageError: no reporter has that name.
    """
    reporter: Reporter = REPORTERS.load(name)()
    return reporter
