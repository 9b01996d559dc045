"""Ctrl-C, SIGTERM and a terminal that is closed: the first one ends a run in order, a second one at once."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

from ..errors import EXIT_INTERRUPTED

if TYPE_CHECKING:
    from types import FrameType

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
_ONE_WISH_S = 0.5
"""Signals that come so soon after the first are the same wish: wrappers pass on what the terminal sent already."""
_SHOW_CURSOR = b"\x1b[?25h"


def settle() -> None:
    """Ignore signals from now on: all is done and told, and only the interpreter is still to be taken apart."""
    for name in _NAMES:
        if number := getattr(signal, name, None):
            signal.signal(number, signal.SIG_IGN)


class Interrupts:
    """What the signals of one run do.

    The first raises ``KeyboardInterrupt``: the part in hand is finished or dropped, and temporary files are removed.
    While that goes on, the store is still locked; so a second one is not raised into it, but ends the process as
    ``kill -9`` would, which a store survives at any moment.
    """

    def __init__(self) -> None:
        self.met = False
        """Whether there was one."""
        self._since = 0.0

    def listen(self) -> None:
        """Take the signals that are not ignored, as SIGHUP is under ``nohup`` and SIGINT in background jobs."""
        for name in _NAMES:
            number = getattr(signal, name, None)  # Windows lacks SIGHUP
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._take)

    def _take(self, _number: int, _frame: FrameType | None) -> None:
        if not self.met:
            self.met, self._since = True, time.monotonic()
            raise KeyboardInterrupt
        if time.monotonic() - self._since > _ONE_WISH_S:
            if os.isatty(2):
                os.write(2, _SHOW_CURSOR)  # a progress bar hid it
            os._exit(EXIT_INTERRUPTED)
