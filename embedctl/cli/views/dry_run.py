"""What a run would do: a line for each file, and totals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...plural import counted
from ...records import Outcome
from ..screen import one_line
from ..units import time_text

if TYPE_CHECKING:
    from ...stages.preflight import Preflight

WIDEST_PATH = 60


def render_dry_run(plan: Preflight, verbose: bool = False) -> str:
    """Return the list and the totals; unchanged files are only counted unless ``verbose``."""
    files = [entry for entry in plan.files if verbose or entry["outcome"] != Outcome.UNCHANGED.value]
    width = min(WIDEST_PATH, max((len(entry["path"]) for entry in files), default=0))
    lines = [
        f"{entry['outcome']:<9}  {one_line(entry['path']):<{width}}  {one_line(entry['reason'])}".rstrip()
        for entry in files
    ]
    if files:
        lines.append("")
    outcomes = [f"{kind.value} {plan.outcomes[kind.value]:,}" for kind in Outcome if plan.outcomes[kind.value]]
    lines.append(", ".join(outcomes) or "no files")
    amounts = [counted(plan.documents, "document"), counted(plan.chunks, "chunk"), counted(plan.tokens, "token")]
    estimate = f"; about {time_text(plan.seconds)} to embed, by {plan.basis}" if plan.tokens else ""
    lines.append(f"to do: {', '.join(amounts)}{estimate}")
    lines.append("dry run: nothing was written")
    return "\n".join(lines) + "\n"
