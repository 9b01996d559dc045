"""What dense plans lose and cost: a table for each set of vectors that was asked for, and what reaches the target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...config.measuring import SignificanceConfig
from ..screen import harmless
from ..styled import StyledText, table

if TYPE_CHECKING:
    from ...evaluation.ann import AnnPoint, AnnReached, AnnReport, AskedFor
    from ..screen import Screen

_PARAMETERS = {"flat": "", "binary": "candidates", "hnsw": "ef"}


def render_ann(report: AnnReport, screen: Screen) -> str:
    """Return the tables."""
    told = (
        f"{report.rows:,} chunks, {report.dim} dimensions; each search asks for {report.depth}. "
        f"recall@{report.k}: share of the true {report.k} nearest that are found."
    )
    lines = [line for text in (told, *report.notes) for line in StyledText(harmless(text)).wrapped(screen.width)]
    for asked in dict.fromkeys(point.asked for point in report.points):
        lines += [StyledText(), StyledText(_title(report, asked), "bold"), *_table(report, asked)]
    lines += [StyledText(), *_legend(report, screen.width)]
    return screen.render(lines)


def _title(report: AnnReport, asked: AskedFor) -> str:
    count = f"{report.asked[asked]:,}"
    if asked == "chunks":
        return f"{count} stored vectors with noise added"
    return f"{count} queries" if report.queries == "file" else f"{count} synthetic queries, made from the corpus"


def _table(report: AnnReport, asked: AskedFor) -> list[StyledText]:
    heads = ("plan", f"recall@{report.k}", "95% interval", f"recall@{report.depth}", "ms", "p95")
    rows = [_cells(point) for point in report.points if point.asked == asked]
    told = [StyledText(_told(reached, report)) for reached in report.reached if reached.asked == asked]
    return [*table([heads, *rows], right=True), *told]


def _cells(point: AnnPoint) -> tuple[str, ...]:
    name = f"{point.plan} {_PARAMETERS[point.plan]} {point.parameter:,}" if point.parameter else point.plan
    return (
        f"{name}{' *' if point.current else ''}",
        f"{point.recall:.4f}",
        f"{point.low:.3f}-{point.high:.3f}",
        f"{point.recall_at_depth:.4f}",
        f"{point.median_ms:.2f}",
        f"{point.p95_ms:.2f}",
    )


def _told(reached: AnnReached, report: AnnReport) -> str:
    if not reached.reached:
        return f"{reached.plan}: nothing that was tried reaches {report.target:g}."
    if reached.parameter is None:
        return f"{reached.plan}: reaches {report.target:g}."
    return f"{reached.plan}: reaches {report.target:g} with {_PARAMETERS[reached.plan]} {reached.parameter:,} or more."


def _legend(report: AnnReport, width: int) -> list[StyledText]:
    confidence = SignificanceConfig().confidence
    marked = "what a larger store takes" if report.built else "what queries of this store take"
    told = (
        f"* {marked}. Exact is a scan of the vectors in float32; ms: median of one search at a time, without the "
        f"encoder; the interval ({confidence:.0%}) is over the vectors that were asked for."
    )
    return StyledText(told, "dim").wrapped(width)
