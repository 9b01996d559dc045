"""The process that parses files for :mod:`.pool`: pickled lists of tasks come in, one pickled answer a task goes out.

It imports the parsers and nothing else of embedctl.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import ParseError
from .reading import ReadResult, read_and_parse

if TYPE_CHECKING:
    from .reading import ReadTask

READY = "ready"
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Bug:
    """A parser raised what no parser should; the traceback is for the parent to show."""

    message: str
    traceback: str


def main(parent: int) -> None:
    """Answer until there are no more tasks, or nobody is left to answer."""
    # Interrupting is the parent's business: it ends its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with(parent)
    tasks = os.fdopen(0, "rb", closefd=False)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between the answers
    try:
        pickle.dump(READY, answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()
        while True:
            for task in pickle.load(tasks):  # noqa: S301 - from our own parent
                pickle.dump(_answer(task), answers, pickle.HIGHEST_PROTOCOL)
                answers.flush()
    except (EOFError, BrokenPipeError):
        os._exit(0)  # the parent is done; nothing here is worth tidying up, least of all a native library


def _answer(task: ReadTask) -> ReadResult | Bug:
    try:
        return read_and_parse(task)
    except MemoryError:
        return ReadResult(None, problem=ParseError("there is not enough memory to read it"))
    except Exception as error:  # noqa: BLE001 - it goes on in the parent, which knows how to show it
        import traceback

        return Bug(f"{type(error).__name__}: {error}", "".join(traceback.format_exception(error)))


def _die_with(parent: int) -> None:
    """End this process when its parent ends, however that ends and whatever a native library is doing here.

    Only Linux can do that; elsewhere a worker ends when it next looks for tasks.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.name == "posix" and os.getppid() != parent:
        os._exit(1)
