"""The wire between a child process and its parent: bytes with their length in front, nothing that could run code.

::

    request   "?" length, then for each task: seconds, memory, length, payload
    answer    "R" once, when the child can take requests; then for each task: "+" length, item (any number of them),
              "!" length, reason (where the task failed), and "." or, where the process ends itself, "$"

The parent believes nothing: a hostile file may have taken over the child that reads it. No frame is longer than the
task allows.
"""

from __future__ import annotations

import errno
import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import IO

REQUEST, READY, ITEM, PROBLEM, END, LAST = b"?", b"R", b"+", b"!", b".", b"$"
LONGEST_PROBLEM = 500
"""Characters of the reason why a task failed."""
OUT_OF_MEMORY = errno.ENOMEM
"""Exit status of a child whose task needs more memory than it may have."""

_FRAME = struct.Struct(">cQ")
_TASK = struct.Struct(">dQQ")


class InvalidAnswerError(ValueError):
    """A child sent something that is not an answer."""


class Task(NamedTuple):
    """One piece of work for a child process, and its limits."""

    payload: bytes
    seconds: float
    """Processor time for each item of the answer."""
    memory_bytes: int
    answer_bytes: int = 1 << 26
    """Longest item."""
    by_clock: bool = False
    """``seconds`` are wall-clock time, too: end a process that hangs without using the processor."""


def write_frame(stream: IO[bytes], kind: bytes, payload: bytes = b"", *, flush: bool = True) -> None:
    """Write one frame."""
    stream.write(_FRAME.pack(kind, len(payload)))
    stream.write(payload)
    if flush:
        stream.flush()


def read_frame(stream: IO[bytes], most: int) -> tuple[bytes, bytes]:
    """Return kind and payload of the next frame.

    Raises:
        EOFError: the other side has ended.
        InvalidAnswerError: the payload is longer than ``most`` bytes.
    """
    kind, length = _FRAME.unpack(_exactly(stream, _FRAME.size))
    if length > most:
        raise InvalidAnswerError("length")
    return kind, _exactly(stream, length)


def write_tasks(stream: IO[bytes], tasks: Iterable[Task]) -> None:
    """Write a request: the child reads all of it before it answers, so that neither side waits for the other."""
    packed = (_TASK.pack(task.seconds, task.memory_bytes, len(task.payload)) + task.payload for task in tasks)
    write_frame(stream, REQUEST, b"".join(packed))


def read_tasks(stream: IO[bytes]) -> list[Task]:
    """Return the tasks of the next request, in the child, or raise ``EOFError`` when there are no more."""
    _, data = read_frame(stream, 1 << 62)
    tasks, at = [], 0
    while at < len(data):
        seconds, memory_bytes, length = _TASK.unpack_from(data, at)
        at += _TASK.size + length
        tasks.append(Task(data[at - length : at], seconds, memory_bytes))
    return tasks


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data
