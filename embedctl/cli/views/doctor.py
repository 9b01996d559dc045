"""What a look at a store found: one line when all is well, else each finding with what it means and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...plural import counted
from ..screen import harmless
from ..styled import StyledText, beside
from ..units import size_text, time_text

if TYPE_CHECKING:
    from ...doctor.findings import DoctorReport, Finding
    from ..screen import Screen

LISTED = 20
"""Findings and lost documents that are shown; the JSON has all."""
_LABEL = 9
_STYLES = {"damage": "bold red", "warning": "bold", "note": "dim"}
"""By severity, the gravest first."""


def render_doctor(report: DoctorReport, screen: Screen, verbose: bool = False, quiet: bool = False) -> str:
    """Return the summary and the findings, the gravest first; ``verbose`` lists the checks, too.

    ``quiet``: nothing of a store that is sound.
    """
    shown = [one for one in report.findings if not (one.repaired or (quiet and one.severity == "note"))]
    shown.sort(key=lambda one: list(_STYLES).index(one.severity))
    lines: list[StyledText] = []
    for one in shown[:LISTED]:
        lines += _finding(one, screen.width)
    if len(shown) > LISTED:
        lines.append(StyledText(f"and {len(shown) - LISTED:,} more: --json lists them"))
    if report.done and not quiet:
        lines.append(StyledText("would be done:" if report.repair == "plan" else "done:", "bold"))
        lines += [line for told in report.done for line in _indented(told, screen.width, 2)]
    if report.lost:
        lines.append(StyledText("lost, and not in their sources any more:", "bold red"))
        lines += [StyledText(f"  {harmless(name)}") for name in report.lost[:LISTED]]
        if len(report.lost) > LISTED:
            lines.append(StyledText(f"  and {len(report.lost) - LISTED:,} more: --json lists them"))
    if verbose:
        lines += [StyledText(f"{one.ms:>9,.1f} ms  {one.name}: {harmless(one.detail)}", "dim") for one in report.checks]
    if not quiet or report.exit_code:
        lines.append(_verdict(report))
    return screen.render(lines)


def _finding(one: Finding, width: int) -> list[StyledText]:
    head = StyledText(f"{one.severity:<{_LABEL}}", _STYLES[one.severity]).append(
        harmless(one.file or one.kind), "magenta"
    )
    lines = [head, *_indented(one.message, width, _LABEL)]
    if one.remedy:
        lines.append(StyledText(" " * _LABEL).append(harmless(one.remedy), "bold"))
    return lines


def _indented(text: str, width: int, by: int) -> list[StyledText]:
    lines = StyledText(harmless(text)).wrapped(max(width - by, 20))
    return beside(StyledText(" " * by), lines)


def _verdict(report: DoctorReport) -> StyledText:
    left = len(report.damage)
    repaired = sum(one.repaired and one.severity == "damage" for one in report.findings)
    took = f" ({time_text(report.seconds)})"
    if left:
        told = f"{counted(repaired, 'piece')} of damage repaired, " if repaired else ""
        hint = "" if report.repair == "done" else ' "embedctl doctor --repair" repairs what it can.'
        return StyledText(f"Store is damaged: {told}{counted(left, 'finding')} left{took}.", "bold red").append(hint)
    how = "is sound"
    if report.repair == "done" and repaired:
        how = f"is sound again, {counted(repaired, 'finding')} repaired{_vectors(report)}"
    counts = report.counts
    told = ", ".join(counted(counts.get(name, 0), name.removesuffix("s")) for name in ("parts", "chunks", "files"))
    recall = _recall(report)
    return StyledText(f"Store {how}: {told}, {size_text(counts.get('bytes', 0))}{recall}{took}.", "green")


def _vectors(report: DoctorReport) -> str:
    told = [f"{report.counts[name]:,} {name}" for name in ("salvaged", "reused", "embedded") if report.counts.get(name)]
    return f" (vectors: {', '.join(told)})" if told else ""


def _recall(report: DoctorReport) -> str:
    if report.recall is None:
        return ""
    values = ((name, report.recall[name]) for name in ("hnsw", "binary"))
    told = [f"{name} {value:.3f}" for name, value in values if value is not None]
    return f"; recall@10 {', '.join(told)}" if told else ""
