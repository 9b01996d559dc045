"""How every command that writes ends: the report as JSON, or its summary on stderr."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .output import emit_json, note

if TYPE_CHECKING:
    from ..api import Store
    from ..stages.report import RunReport
    from .common_options import CommonOptions, WriteOptions


def finish(report: RunReport, store: Store, write: WriteOptions, common: CommonOptions) -> int:
    """Show the report and return its exit code."""
    from .views.run import render_run

    if write.json:
        emit_json(report.to_json())
    else:
        note(render_run(report, store.path, verbose=common.verbose, quiet=common.quiet))
    return report.exit_code
