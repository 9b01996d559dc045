"""The entry point, and the one place where exceptions become messages and exit codes.

The codes are a promise, see ``docs/cli.md``: 0 ok, 1 a bug, 2 usage, 3 done but some inputs failed, 4 damaged,
5 model or settings mismatch, 6 resources, 10 no store, 11 locked, 130 interrupted.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn, cast

from ..errors import EXIT_BUG, EXIT_INTERRUPTED, EXIT_OK, EmbedctlError, ResourceError, shortage
from .output import ReaderLeftError, complain, note, prepare

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM = "embedctl"
TRACEBACK_ENVIRONMENT = "EMBEDCTL_TRACEBACK"
WRITERS = frozenset({"index", "ingest", "chunk", "embed", "forget"})

_ROOM = "Make room and run the same command again; what was committed stays."
_RIGHTS = "Check who may read and write there."
_SHORTAGES = {
    errno.ENOSPC: ("The disk is full", _ROOM),
    errno.EDQUOT: ("The disk quota is used up", _ROOM),
    errno.ENOMEM: ("The memory is used up", _ROOM),
    errno.EMFILE: ("Too many files are open", "Raise the limit with ulimit -n."),
    errno.ENFILE: ("Too many files are open on this machine", "Close other programs."),
    errno.EACCES: ("Permission denied", _RIGHTS),
    errno.EPERM: ("Permission denied", _RIGHTS),
    errno.EROFS: ("The file system is read-only", "Put the store elsewhere with --store."),
    errno.EIO: ("The disk cannot be read or written", "Check it, then run the same command again."),
}


def run(arguments: Sequence[str]) -> int:
    """Run the command that ``arguments`` (without the program's name) ask for, and return the exit code."""
    prepare()
    try:
        signal.signal(signal.SIGTERM, _interrupt)
        code = _main(list(arguments))
    except ReaderLeftError:
        return EXIT_OK
    except KeyboardInterrupt:
        code = EXIT_INTERRUPTED
    except EmbedctlError as error:
        complain(error.message, error.hint)
        return error.exit_code
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - the last resort, also for panics of Rust libraries
        return _unexpected(error, arguments)
    if code == EXIT_INTERRUPTED:
        kept = " What was committed stays; run the same command again to go on."
        note(f"\nembedctl: Interrupted.{kept if WRITERS.intersection(arguments[:1]) else ''}")
    return code


def _main(arguments: list[str]) -> int:
    import typer

    from .app import app
    from .texts import texts_last

    # Click's UsageError, which typer carries along but does not export.
    usage_error = cast("type[Exception]", typer.BadParameter.__mro__[1])
    command = typer.main.get_command(app)
    if arguments[:1] == ["query"]:
        parameters = command.commands["query"].params  # type: ignore[attr-defined]
        options = [option for option in parameters if option.param_type_name == "option"]
        spellings = [name for option in options for name in (*option.opts, *option.secondary_opts)]
        with_value = [name for option in options if not option.is_flag for name in option.opts]
        arguments = ["query", *texts_last(arguments[1:], spellings, with_value)]
    try:
        code = command.main(arguments, prog_name=PROGRAM, standalone_mode=False)
    except typer.Abort:
        return EXIT_INTERRUPTED
    except usage_error as error:
        return _usage(error, arguments)
    return code or EXIT_OK


def _usage(error: BaseException, arguments: list[str]) -> int:
    """Explain a command line that could not be read."""
    context = getattr(error, "ctx", None)
    message = error.format_message().replace("Value error, ", "")  # type: ignore[attr-defined]
    if not arguments or message.startswith("Usage:"):
        note(message)
        return 2
    path = context.command_path if context else PROGRAM
    hint = f'See "{path} --help".'
    if path == f"{PROGRAM} query" and hasattr(error, "option_name"):
        hint = f'Put "--" before a query that begins with "-": {path} -- {error.option_name} ... {hint}'
    complain(message if message.endswith((".", "?", ")")) else f"{message}.", hint)
    return 2


def _unexpected(error: BaseException, arguments: Sequence[str]) -> int:
    """Tell shortage from bug: both end the run, only a bug is ours."""
    if os.environ.get(TRACEBACK_ENVIRONMENT) or {"-v", "--verbose"}.intersection(arguments):
        import traceback

        note("".join(traceback.format_exception(error)).rstrip())
    number = shortage(error)
    if number is not None:
        message, hint = _SHORTAGES[number]
        place = getattr(error, "filename", None)
        complain(f"{message}{f': {place}' if place else ''}.", hint)
        return ResourceError.exit_code
    text = " ".join(str(error).split())
    complain(
        f"Unexpected {type(error).__name__}{f': {text}' if text else ''}.",
        f"This is a bug in embedctl; run again with {TRACEBACK_ENVIRONMENT}=1 to see where, and report it.",
    )
    return EXIT_BUG


def _interrupt(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


def main() -> NoReturn:
    """Run the process's own command line and leave with its exit code."""
    sys.exit(run(sys.argv[1:]))
