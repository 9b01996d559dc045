"""The process that parses files for :mod:`.pool`: lists of tasks come in, one answer a task goes out.

It imports the parsers and nothing else of embedctl, and shuts itself into a sandbox before it reads a file.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from ..errors import ParseError
from .reading import ReadResult, read_and_parse, too_much_memory
from .sandbox import Sandbox, end_with
from .wire import READY, answer_frame, read_tasks

if TYPE_CHECKING:
    from .reading import ReadTask

_TIRED = 0.5
"""A worker that still holds this share of what a file may take ends itself: the next file is to have it all."""


def main(parent: int) -> None:
    """Answer until there are no more tasks, or nobody is left to answer."""
    # Interrupting is the parent's business: it ends its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with(parent)
    tasks = os.fdopen(0, "rb", closefd=False)
    answers = os.fdopen(os.dup(1), "wb")
    # What a library prints must get neither between the answers nor, with what a file makes it print, to a terminal.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)
    sys.dont_write_bytecode = True
    sandbox = Sandbox()
    try:
        answers.write(READY)
        answers.flush()
        while True:
            for task in read_tasks(tasks):
                header, text, last = _answer(task, sandbox)
                answers.write(header)
                answers.write(text)
                answers.flush()
                if last:
                    os._exit(0)
    except (EOFError, BrokenPipeError):
        os._exit(0)  # the parent is done; nothing here is worth tidying up, least of all a native library


def _answer(task: ReadTask, sandbox: Sandbox) -> tuple[bytes, bytes, bool]:
    most = task.allowance
    sandbox.allow(most.seconds, most.memory_bytes)
    try:
        result = read_and_parse(task)
        last = sandbox.held_bytes() > _TIRED * most.memory_bytes
        return *answer_frame(result, last), last
    except MemoryError:
        pass
    result = ReadResult(None, problem=ParseError(too_much_memory(most.memory_bytes)))
    return *answer_frame(result, True), True
