"""Text in pictures, by RapidOCR on OpenVINO: only where the extra ``ocr`` is installed and the source allows it.

Models come with the package; nothing is downloaded. A worker that has read pictures ends with its file, because the
models hold more memory than a file may take.
"""

from __future__ import annotations

import resource
import sys
import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..config import Ocr

MEMORY_BYTES = 4_000_000_000
"""Memory that models and pictures may take beside what a file may; they hold about 1 GB of it."""
SECONDS = 540.0
"""Time that a file with pictures may take beside the usual."""
INSTALL = "pip install 'embedctl[ocr]'"

_USED = 0.8
"""Share of a file's time after which no further picture is read."""
_THREADS = 2
_SIDE = 960
"""Pixels of the longer side at which lines are looked for; they are read at full size."""


@dataclass(slots=True)
class Permission:
    """Whether pictures of a file may be read, and what came of it."""

    allowed: bool
    seconds: float
    """Limit of the file, of processor time and of the clock."""
    missed: bool = False
    """A picture was met that would have been read, were it allowed."""
    clock: float = field(default_factory=time.monotonic)
    processor: float = field(default_factory=time.process_time)

    def is_used_up(self) -> bool:
        """Return whether so much of the time is gone that the next picture may not come to its end."""
        spent = max(time.monotonic() - self.clock, time.process_time() - self.processor)
        return spent > _USED * self.seconds


class Line(NamedTuple):
    """A line of text in a picture, in pixels from the upper left corner."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    confidence: float
    """0 to 1."""


_PERMISSION: ContextVar[Permission | None] = ContextVar("ocr", default=None)


@contextmanager
def permitting(permission: Permission) -> Iterator[None]:
    """Let parsers see the permission of the file that they read."""
    token = _PERMISSION.set(permission)
    try:
        yield
    finally:
        _PERMISSION.reset(token)


def permission() -> Permission | None:
    """Return the permission of the file that is being read; ``None``: nobody gave any."""
    return _PERMISSION.get()


@cache
def is_installed() -> bool:
    """Return whether the extra is there."""
    from importlib.util import find_spec

    return all(find_spec(name) is not None for name in ("rapidocr", "openvino"))


def is_allowed(mode: Ocr) -> bool:
    """Return whether pictures are read under this setting of a source.

    Raises:
        UsageError: they must be, and the extra is not installed.
    """
    if mode == "on" and not is_installed():
        raise UsageError("--ocr on needs packages that are not installed.", f'Install them with "{INSTALL}".')
    return mode != "off" and is_installed()


def lines(picture: Any) -> list[Line]:
    """Return the lines of text in a picture, as the engine orders them.

    ``picture`` is uint8 ``(height, width, 3)``, blue first.
    """
    found = _engine()(picture)
    if found.boxes is None or not found.txts:
        return []
    read = []
    for text, score, box in zip(found.txts, found.scores, found.boxes, strict=True):
        (left, top), (right, bottom) = box.min(axis=0), box.max(axis=0)
        read.append(Line(text, float(left), float(top), float(right), float(bottom), float(score)))
    return read


@cache
def _engine() -> Any:
    """Return the engine, with the memory that it needs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if soft != resource.RLIM_INFINITY:
        most = soft + MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    telemetry = "openvino_telemetry"
    absent = telemetry not in sys.modules
    if absent:
        sys.modules[telemetry] = None  # type: ignore[assignment] # its import fails then, as if it were not installed
    try:
        from rapidocr import EngineType, RapidOCR

        runtime = EngineType.OPENVINO
        return RapidOCR(
            params={
                "Global.log_level": "critical",
                "Det.engine_type": runtime,
                "Det.limit_side_len": _SIDE,
                "Det.limit_type": "max",
                "Cls.engine_type": runtime,
                "Rec.engine_type": runtime,
                "EngineConfig.openvino.inference_num_threads": _THREADS,
            }
        )
    finally:
        if absent:
            del sys.modules[telemetry]
