"""Flags that every command takes, and those of every command that writes."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..config import RuntimeConfig
from ..config.setting import setting
from .output import emit_json, note

if TYPE_CHECKING:
    from ..api import Store
    from ..contracts import Reporter
    from ..stages.report import RunReport

ProgressStyle = Literal["auto", "bars", "lines", "tqdm", "none"]


@dataclass(frozen=True, slots=True)
class CommonOptions:
    """Where the store is, and how much is said."""

    store: Path | None = setting(None, "The store's folder.", "DIR", usual="$EMBEDCTL_STORE, or the nearest .embedctl")
    quiet: bool = setting(False, "No progress and no summary; problems are still printed.", "-q --quiet")
    verbose: bool = setting(False, "Print more; a traceback where embedctl has a bug.", "-v --verbose")
    progress: ProgressStyle = setting("auto", "How progress is shown on stderr; auto: bars on a terminal, else lines.")

    def opened(self, runtime: RuntimeConfig | None = None, *, reporter: "Reporter | str | None" = None) -> "Store":
        """Return the store that is there; without a reporter, its progress is shown as the flags say."""
        import embedctl

        return embedctl.open(self.store, reporter=reporter or self.reporter(), runtime=runtime)

    def reporter(self) -> "Reporter":
        """Return the reporter to hand to the store."""
        from ..reporters import make_reporter
        from .screen import is_terminal

        style = self.progress
        if style == "auto":
            style = "none" if self.quiet else "bars" if is_terminal(sys.stderr) else "lines"
        return make_reporter("silent" if style == "none" else style)


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

    def finish(self, report: "RunReport", store: "Store", common: CommonOptions) -> int:
        """Print the report as JSON, or its summary on stderr; return its exit code."""
        from .views.run import render_run

        if self.json:
            emit_json(report.to_json())
        else:
            note(render_run(report, store.path, verbose=common.verbose, quiet=common.quiet))
        return report.exit_code
