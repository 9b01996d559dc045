"""What the place that text goes to can show: its width, and whether it has colours."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from .styled import Text

PIPED_WIDTH = 100
WIDEST = 120

_CONTROLS = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"} | {0x7F: 0x2421}
_CONTROLS |= dict.fromkeys(range(0x80, 0xA0), 0xFFFD) | {ord("\r"): ord(" ")}


def is_terminal(stream: TextIO) -> bool:
    """Return whether a person who can see moving text reads ``stream``."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def has_colour(stream: TextIO) -> bool:
    """Return whether to colour ``stream``: on a terminal, unless ``NO_COLOR`` is set; always with ``FORCE_COLOR``."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or is_terminal(stream)


def harmless(text: str) -> str:
    """Return ``text``, as long as it was, with visible control characters: no document may steer the terminal."""
    return text.translate(_CONTROLS)


class Screen:
    """Turns styled text into a string, as fits the stream that it will be written to."""

    def __init__(self, stream: TextIO) -> None:
        self.terminal = is_terminal(stream)
        self.width = min(WIDEST, shutil.get_terminal_size().columns) if self.terminal else PIPED_WIDTH
        self._colour = has_colour(stream)

    def render(self, lines: list[Text]) -> str:
        """Return ``lines`` with their styles, each as long as it is."""
        return "".join(f"{line.rendered(self._colour)}\n" for line in lines)
