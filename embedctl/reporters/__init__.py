"""Reporters: progress and messages while the library works. One file for each kind of display."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..registry import Registry

if TYPE_CHECKING:
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


def make_reporter(name: str) -> Reporter:
    """Return a new reporter: ``silent``, ``lines``, ``bars`` (a terminal, by rich) or ``tqdm`` (scripts, notebooks).

    Raises:
        UsageError: no reporter has that name.
    """
    reporter: Reporter = REPORTERS.load(name)()
    return reporter
