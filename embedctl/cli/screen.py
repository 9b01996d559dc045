"""What the place that text goes to can show: its width, and whether it has colours."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from .styled import StyledText

PIPED_WIDTH = 100
WIDEST = 120

_REPLACED, _KEPT = "\ufffd", "\t\n"
_TURNING = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""What turns the direction of the text around it, past the end of its line: one text then looks like another."""
_CONTROLS: dict[int, int | str] = {
    **{code: 0x2400 + code for code in range(0x20) if chr(code) not in _KEPT},
    **dict.fromkeys((*range(0x80, 0xA0), *range(0xDC80, 0xDCA0), *_TURNING), _REPLACED),
    0x7F: 0x2421,
    **dict.fromkeys((ord("\r"), 0x2028, 0x2029), " "),
}


_BREAKS = {ord(character): 0x2400 + ord(character) for character in _KEPT}


def is_terminal(stream: TextIO) -> bool:
    """Return whether a person who can see moving text reads ``stream``."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def has_colour(stream: TextIO) -> bool:
    """Return whether to colour ``stream``: on a terminal, unless ``NO_COLOR`` is set; always with ``FORCE_COLOR``."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or is_terminal(stream)


def harmless(text: str) -> str:
    """Return ``text``, as long as it was, with visible control characters: no document may steer the terminal.

    Marks of direction and joiners, which writing needs, stay.
    """
    return text.translate(_CONTROLS)


def one_line(text: str) -> str:
    """Return ``text``, as long as it was, harmless and without line breaks: names of files may have any character."""
    return harmless(text).translate(_BREAKS)


class Screen:
    """Turns styled text into a string, as fits the stream that it will be written to."""

    def __init__(self, stream: TextIO) -> None:
        import shutil  # not for messages, which are made harmless here, too

        self.terminal = is_terminal(stream)
        self.width = min(WIDEST, shutil.get_terminal_size().columns) if self.terminal else PIPED_WIDTH
        self._colour = has_colour(stream)

    def render(self, lines: list[StyledText]) -> str:
        """Return ``lines`` with their styles, each as long as it is."""
        return "".join(f"{line.rendered(self._colour)}\n" for line in lines)
