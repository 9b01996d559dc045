"""Flags that every command takes, and those of every command that writes."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..config.setting import setting

if TYPE_CHECKING:
    from ..contracts import Reporter

ProgressStyle = Literal["auto", "bars", "lines", "tqdm", "none"]


@dataclass(frozen=True, slots=True)
class CommonOptions:
    """Where the store is, and how much is said."""

    store: Path | None = setting(None, "The store's folder.", "DIR", usual="$EMBEDCTL_STORE, or the nearest .embedctl")
    quiet: bool = setting(False, "No progress and no summary; problems are still printed.", "-q --quiet")
    verbose: bool = setting(False, "Print more; a traceback where embedctl has a bug.", "-v --verbose")
    progress: ProgressStyle = setting("auto", "How progress is shown on stderr; auto: bars on a terminal, else lines.")

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
class JsonOptions:
    """Whether the result is for programs."""

    json: bool = setting(False, "Print one JSON object.")


@dataclass(frozen=True, slots=True)
class WaitOptions:
    """What every command that writes takes."""

    wait: float = setting(0.0, "Wait so long for another writer to finish.", "SECONDS", min=0, panel="Common")


@dataclass(frozen=True, slots=True)
class WriteOptions(WaitOptions):
    """What every command takes that reports its run."""

    json: bool = setting(False, "Print the run's report as JSON on stdout.", panel="Output")
