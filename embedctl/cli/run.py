"""The entry point, and the one place where exceptions become messages and exit codes.

The codes are a promise, see ``docs/cli.md``: 0 ok, 1 a bug, 2 usage, 3 done but some inputs failed, 4 damaged,
5 model or settings mismatch, 6 resources, 10 no store, 11 locked, 130 interrupted.

Ctrl-C, SIGTERM and a terminal that is closed: the first one ends a run in order, a second one at once.
"""

from __future__ import annotations

import errno
import gc
import os
import signal
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from ..errors import EXIT_BUG, EXIT_INTERRUPTED, EXIT_OK, SHORTAGES, EmbedctlError, ResourceError, UsageError, shortage
from .output import ReaderLeftError, complain, note, prepare

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from typer import TyperException

PROGRAM = "embedctl"
TRACEBACK_ENVIRONMENT = "EMBEDCTL_TRACEBACK"
GARBAGE_AFTER = 50_000
"""Objects made before the first search for cycles: importing modules makes no garbage, and being searched takes 5 %."""
WRITERS = frozenset({"index", "ingest", "chunk", "embed", "distill", "forget", "doctor"})
READERS = frozenset({"query", "status", "show"})

_MISNAMED = {
    errno.ENAMETOOLONG: "A name is too long",
    errno.ELOOP: "Symbolic links lead in a circle",
    errno.ENOTDIR: "What should be a folder is a file",
}
_LONGEST_PATH = 200
"""Characters of a path that a message quotes."""
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
_ONE_WISH_S = 0.5
"""Signals that come so soon after the first are the same wish: wrappers pass on what the terminal sent already."""
_SHOW_CURSOR = b"\x1b[?25h"


def run(arguments: Sequence[str]) -> int:
    """Run the command that ``arguments`` (without the program's name) ask for, and return the exit code."""
    prepare()
    interrupts = _Interrupts()
    try:
        interrupts.listen()
        code = _main(list(arguments))
    except ReaderLeftError:
        return EXIT_OK
    except KeyboardInterrupt:
        code = EXIT_INTERRUPTED
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - the last resort, also for panics of Rust libraries
        if not interrupts.met:
            return _failed(error, arguments)
        code = EXIT_INTERRUPTED  # libraries make other errors of an interruption
    if code == EXIT_INTERRUPTED:
        kept = " What was committed stays; run the same command again to go on."
        note(f"\nembedctl: Interrupted.{kept if WRITERS.intersection(arguments[:1]) else ''}")
    return code


def _main(arguments: list[str]) -> int:
    import typer

    from .app import app, built

    if arguments[:1] == ["query"]:
        from .grouped import spellings, texts_last

        arguments = ["query", *texts_last(arguments[1:], *spellings(built("query")))]
    try:
        code = app.main(arguments, prog_name=PROGRAM, standalone_mode=False)
    except typer.Abort:
        return EXIT_INTERRUPTED
    except typer.TyperException as error:
        return _usage(error, arguments)
    return code or EXIT_OK


def _usage(error: TyperException, arguments: list[str]) -> int:
    """Explain a command line that could not be read."""
    context = getattr(error, "ctx", None)
    message = error.format_message()
    if not arguments or message.startswith("Usage:"):
        note(message)
        return 2
    path = context.command_path if context else PROGRAM
    hint = f'See "{path} --help".'
    if path == f"{PROGRAM} query" and hasattr(error, "option_name"):
        hint = f'Put "--" before a query that begins with "-": {path} -- {error.option_name} ... {hint}'
    complain(message if message.endswith((".", "?", ")")) else f"{message}.", hint)
    return 2


def _failed(error: BaseException, arguments: Sequence[str]) -> int:
    """Tell what ended the run; return the exit code."""
    if isinstance(error, OSError) and error.errno in _MISNAMED:
        place = str(error.filename or "")
        error = UsageError(f"{_MISNAMED[error.errno]}: {place[:_LONGEST_PATH]}.", "Name another path.")
    if not isinstance(error, EmbedctlError):
        return _unexpected(error, arguments)
    complain(error.message, error.hint)
    return error.exit_code


def _unexpected(error: BaseException, arguments: Sequence[str]) -> int:
    """Tell shortage from bug: both end the run, only a bug is ours."""
    if os.environ.get(TRACEBACK_ENVIRONMENT) or {"-v", "--verbose"}.intersection(arguments):
        import traceback

        note("".join(traceback.format_exception(error)).rstrip())
    number = shortage(error)
    if number is not None:
        message, hint = SHORTAGES[number]
        place = getattr(error, "filename", None)
        complain(f"{message}{f': {place}' if place else ''}.", hint)
        return ResourceError.exit_code
    text = " ".join(str(error).split())
    complain(
        f"Unexpected {type(error).__name__}{f': {text}' if text else ''}.",
        f"This is a bug in embedctl; run again with {TRACEBACK_ENVIRONMENT}=1 to see where, and report it.",
    )
    return EXIT_BUG


def _settle() -> None:
    """Ignore signals from now on: all is done and told, and only the interpreter is still to be taken apart."""
    for name in _SIGNALS:
        if number := getattr(signal, name, None):
            signal.signal(number, signal.SIG_IGN)


class _Interrupts:
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
        for name in _SIGNALS:
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


def main() -> NoReturn:
    """Run the process's own command line and leave with its exit code.

    A command that only reads leaves at once: nothing of its is unwritten, and taking libraries of models apart can take
    longer than the query did.
    """
    gc.set_threshold(GARBAGE_AFTER)
    only_reads = not sys.argv[1:] or sys.argv[1] in READERS or sys.argv[1].startswith("-")
    if only_reads:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy is quicker to import without a pool that nobody uses
    code = run(sys.argv[1:])
    _settle()
    if only_reads and sys.gettrace() is None and sys.getprofile() is None:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):  # what could not be written has been told
                stream.flush()
        os._exit(code)
    sys.exit(code)
