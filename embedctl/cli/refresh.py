"""``--refresh`` of the commands that ask: bring the index up to date first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .output import note

if TYPE_CHECKING:
    from ..api import Store


def refresh(store: Store, wait: float, quiet: bool) -> None:
    """Refresh the index and tell what changed on stderr; inputs that fail are told, and end nothing."""
    from .views.run import outcomes

    report = store.index(wait=wait)
    if report.failed or (report.changed and not quiet):
        why = ' ("embedctl status --files failed" says why)' if report.failed else ""
        note(f"embedctl: Refreshed: {outcomes(report)}{why}.")
