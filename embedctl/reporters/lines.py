"""Progress as plain lines on stderr: for logs, cron and pipes."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

INTERVAL = 5.0
"""Seconds between two lines of one stage."""


class LinesProgress:
    """One stage: a line when it begins, at most one every few seconds, and one at the end."""

    def __init__(self, name: str, total: int | None, unit: str) -> None:
        self._name = name
        self._total = total
        self._unit = unit
        self._done = 0
        self._start = self._told = time.monotonic()

    def advance(self, units: int = 1) -> None:
        """Count, and print a line when the last one is old."""
        self._done += units
        if time.monotonic() - self._told >= INTERVAL:
            self._told = time.monotonic()
            _say(f"{self._name}: {self._amount()}{self._time_left()}")

    def finish(self) -> None:
        """Print the last line, if anything was done."""
        if self._done:
            spent = time.monotonic() - self._start
            _say(f"{self._name}: {self._done:,} {self._unit} in {spent:.1f} s")

    def _amount(self) -> str:
        return f"{self._done:,}{f' of {self._total:,}' if self._total else ''} {self._unit}"

    def _time_left(self) -> str:
        rate = self._done / max(self._told - self._start, 1e-9)
        left = f", {(self._total - self._done) / rate:.0f} s left" if self._total and self._done else ""
        return f", {rate:.1f}/s{left}"


class LinesReporter:
    """Prints stages in whole lines, without control characters."""

    @contextmanager
    def stage(self, name: str, total: int | None, unit: str) -> Iterator[LinesProgress]:
        """Print the beginning and end of a stage that has something to do."""
        if total:
            _say(f"{name}: {total:,} {unit}")
        progress = LinesProgress(name, total, unit)
        yield progress
        progress.finish()

    def message(self, kind: str, text: str) -> None:
        """Print everything but details."""
        if kind != "detail":
            _say(f"{kind}: {text}" if kind == "warning" else text)


def _say(line: str) -> None:
    with suppress(OSError, ValueError):  # the reader of the log has left, or its disk is full: go on working
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
