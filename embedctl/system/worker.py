"""The child's side of :mod:`.child_process`: take tasks, answer them inside the sandbox."""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from typing import IO, TYPE_CHECKING

from ..errors import ParseError
from .sandbox import Sandbox, end_with
from .wire import END, ITEM, LAST, LONGEST_PROBLEM, OUT_OF_MEMORY, PROBLEM, READY, read_tasks, write_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .wire import Task

_TIRED = 0.5
"""A worker that still holds this share of a task's memory ends itself: the next task is to have all of it."""


def main(parent: int, work: str) -> None:
    """Answer requests until the parent has no more; ``work`` is the function, as ``package.module:name``."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers itself
    end_with(parent)
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # Output of a library must neither get between the answers nor reach a terminal.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    os.close(nowhere)
    module, _, name = work.partition(":")
    function = getattr(import_module(module), name)
    sys.dont_write_bytecode = True
    sandbox = Sandbox()
    try:
        write_frame(answers, READY)
        while True:
            for task in read_tasks(requests):
                _answer(function, task, answers, sandbox)
                tired = sandbox.held_bytes() > _TIRED * task.memory_bytes
                write_frame(answers, LAST if tired else END)
                if tired:
                    os._exit(0)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except (EOFError, BrokenPipeError):
        os._exit(0)  # nothing here is worth tidying up, least of all a native library


def _answer(
    function: Callable[[bytes], bytes | Iterator[bytes]], task: Task, answers: IO[bytes], sandbox: Sandbox
) -> None:
    """Send what ``function`` returns or yields, and the reason if it fails; limits hold from one item to the next."""
    try:
        sandbox.allow(task.seconds, task.memory_bytes)
        found = function(task.payload)
        if isinstance(found, bytes):
            write_frame(answers, ITEM, found, flush=False)  # the end of the answer follows at once
            return
        for item in found:
            write_frame(answers, ITEM, item)
            sandbox.allow(task.seconds, task.memory_bytes)
    except ParseError as error:
        write_frame(answers, PROBLEM, _spelled(error.message))
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - reported by the parent
        write_frame(answers, PROBLEM, _spelled(f"{type(error).__name__}: {error}"))


def _spelled(reason: str) -> bytes:
    return reason[:LONGEST_PROBLEM].encode(errors="replace")
