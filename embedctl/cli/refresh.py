"""``--refresh`` of the commands that ask: bring the index up to date first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .output import note

if TYPE_CHECKING:
    from ..api import Store
    from .query_options import RefreshOptions


def refreshed(store: Store, options: RefreshOptions, quiet: bool) -> None:
    """Refresh the index where that was asked for; report changes, and inputs that failed, on stderr."""
    from .views.run import outcomes

    if not options.refresh:
        return
    report = store.index(wait=options.wait)
    if report.failed or (report.changed and not quiet):
        why = ' ("embedctl status --files failed" says why)' if report.failed else ""
        note(f"embedctl: Refreshed: {outcomes(report)}{why}.")
