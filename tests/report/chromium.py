"""A headless Chromium behind a pipe: it runs in a process of its own, because it wants the main thread of one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

WINDOW = Path(__file__).with_name("chromium_window.py")
FLAGS = (
    "--disable-gpu --no-sandbox --disable-dev-shm-usage "
    "--run-all-compositor-stages-before-draw --disable-checker-imaging --disable-new-content-rendering-timeout"
)
"""The second line: a frame is shown when all of it is drawn."""
DARK = "--blink-settings=preferredColorScheme=0"


class NoChromiumError(Exception):
    """What has Chromium in it is not installed, or lacks a library of the system."""


class Chromium:
    """One browser with one window."""

    def __init__(self, scheme: str) -> None:
        """Start it; ``scheme`` is what pages hear of the person's preference: ``light`` or ``dark``.

        Raises:
            NoChromiumError: there is none.
        """
        environment = {
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "QTWEBENGINE_DISABLE_SANDBOX": "1",
            "QTWEBENGINE_CHROMIUM_FLAGS": f"{FLAGS} {DARK}" if scheme == "dark" else FLAGS,
        }
        self._process = subprocess.Popen(
            [sys.executable, str(WINDOW)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
            encoding="utf-8",
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            _, told = self._process.communicate()
            last = told.strip().splitlines()[-1]
            if "ImportError" in last or "ModuleNotFoundError" in last:
                raise NoChromiumError(last)
            raise AssertionError(f"the browser ended with {self._process.returncode}: {told[-2_000:]}")

    def __call__(self, command: str, **arguments: Any) -> Any:
        """Do one thing, as the methods of ``chromium_window.Window`` are called, and return what it returns."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([command, arguments]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            _, told = self._process.communicate()
            raise AssertionError(f"the browser ended with {self._process.returncode}: {told[-2_000:]}")
        return json.loads(answer)

    def script(self, code: str) -> Any:
        """Return the value of a JavaScript expression in the page."""
        return self("javascript", code=code)

    def close(self) -> None:
        """End it."""
        self._process.communicate()
