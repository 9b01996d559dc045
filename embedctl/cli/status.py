"""``status``: what the store holds and what is pending."""

import sys
from dataclasses import dataclass
from typing import Literal

from ..config.setting import setting
from .common_options import CommonOptions, JsonOptions
from .output import emit, emit_json, note

EXAMPLES = ("embedctl status", "embedctl status --check --json | jq .stale", "embedctl status --files failed")

Listed = Literal["indexed", "noted", "skipped", "failed", "all"]


@dataclass(frozen=True, slots=True)
class StatusOptions(JsonOptions):
    """How much of the state is printed."""

    check: bool = setting(False, "Also look at the sources and count what a refresh would find.")
    files: Listed | None = setting(None, "List the input files with this outcome instead, and the reason.")


def status(output: StatusOptions, common: CommonOptions) -> int:
    """Print what the store holds and what is pending.

    Settings, sources, counts, what waits for which stage, size and the last run.
    """
    from .screen import Screen
    from .views.status import render_files, render_status

    state = common.opened(reporter="silent").status(check=output.check, files=output.files)
    if output.json:
        emit_json(state)
    elif output.files:
        emit(render_files(state["listed"], Screen(sys.stdout)))
        if not state["listed"]:
            note(f"embedctl: {'No files yet' if output.files == 'all' else f'No file is listed as {output.files}'}.")
    else:
        emit(render_status(state, Screen(sys.stdout)))
    return 0
