"""``status``: what the store holds and what is pending."""

import sys
from typing import Annotated, Literal

from .common_options import CommonOptions
from .output import emit, emit_json, note
from .parameters import option

Listed = Literal["indexed", "skipped", "failed", "all"]


def status(
    check: Annotated[
        bool, option("--check", help="Also look at the sources and count what a refresh would find.")
    ] = False,
    files: Annotated[
        Listed | None, option(help="List the input files with this outcome instead, and the reason.")
    ] = None,
    json: Annotated[bool, option("--json", help="Print one JSON object.")] = False,
    *,
    common: CommonOptions,
) -> int:
    """Print what the store holds and what is pending.

    Settings, sources, counts, what waits for which stage, size and the last run.
    """
    import embedctl

    from .screen import Screen
    from .views.status import render_files, render_status

    state = embedctl.open(common.store).status(check=check, files=files)
    if json:
        emit_json(state)
    elif files:
        emit(render_files(state["listed"], Screen(sys.stdout)))
        if not state["listed"]:
            note(f"embedctl: No file is listed as {files}." if files != "all" else "embedctl: No files yet.")
    else:
        emit(render_status(state, Screen(sys.stdout)))
    return 0
