"""Flags that every command takes, and those of every command that writes."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from .parameters import option

if TYPE_CHECKING:
    from ..contracts import Reporter

ProgressStyle = Literal["auto", "bars", "lines", "tqdm", "none"]


@dataclass(frozen=True, slots=True)
class CommonOptions:
    """Where the store is, and how much is said."""

    store: Annotated[
        Path | None,
        option(
            metavar="DIR",
            help="The store's folder. Default: $EMBEDCTL_STORE, or the nearest .embedctl.",
        ),
    ] = None
    quiet: Annotated[bool, option("--quiet", "-q", help="No progress and no summary; problems are still told.")] = False
    verbose: Annotated[bool, option("--verbose", "-v", help="Tell more; a traceback where embedctl has a bug.")] = False
    progress: Annotated[
        ProgressStyle, option(help="How progress is shown on stderr; auto: bars on a terminal, else lines.")
    ] = "auto"

    def reporter(self) -> "Reporter":
        """Return the reporter to hand to the store."""
        from ..reporters import make_reporter
        from .screen import is_terminal

        style = self.progress
        if style == "auto":
            style = "none" if self.quiet else "bars" if is_terminal(sys.stderr) else "lines"
        return make_reporter("silent" if style == "none" else style)

    def teller(self) -> str:
        """Return the name of the reporter of a command that shows no progress but may have something to say."""
        return "silent" if self.quiet else "lines"


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """What every command that writes takes."""

    wait: Annotated[
        float, option(min=0.0, metavar="SECONDS", help="Wait so long for another writer to finish.", show_default=False)
    ] = 0.0
    json: Annotated[bool, option("--json", help="Print the run's report as JSON on stdout.")] = False
