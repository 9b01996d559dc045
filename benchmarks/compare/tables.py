"""What a comparison found, as text and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .rankings import Outcome
    from .speed import Figure

SHOWN = 3
"""Differences that are printed for each setting."""


def ranking_lines(outcomes: Sequence[Outcome], allowed: frozenset[str]) -> Iterator[str]:
    """Yield the table of rankings, first differences below their row."""
    yield f"{'dataset':<16}{'setting':<16}{'identical':>12}{'order':>7}{'scores':>8}{'hits':>8}"
    for outcome in outcomes:
        order = sum(difference.order for difference in outcome.differences)
        identical = f"{outcome.identical}/{outcome.queries}"
        scores = len(outcome.differences) - order
        row = f"{outcome.dataset:<16}{outcome.setting:<16}{identical:>12}{order:>7}{scores:>8}{outcome.hits:>8}"
        yield row + ("" if outcome.passed else "  allowed" if is_allowed(outcome, allowed) else "  DIFFERENT")
        if outcome.failure:
            yield f"    {outcome.failure}"
        for difference in outcome.differences[:SHOWN]:
            yield f"    query {difference.query}, {difference.text}"


def speed_lines(figures: Sequence[Figure]) -> Iterator[str]:
    """Yield the table of times, then that of peak memory; every ratio above 1 means worse."""
    yield f"{'case':<40}{'before':>10}{'after':>10}  {'unit':<10}{'ratio':>7}{'best':>7}{'cpu':>7}"
    for figure in figures:
        if figure.failure:
            yield f"{figure.case:<40}  FAILED: {figure.failure}"
            continue
        before, after = (_short(figure.value(samples)) for samples in (figure.before, figure.after))
        ratios = "".join(f"{each:>7.3f}" for each in (figure.ratio, figure.best_ratio, figure.cpu_ratio))
        yield f"{figure.case:<40}{before:>10}{after:>10}  {figure.unit:<10}{ratios}  {figure.verdict}".rstrip()
    for figure in figures:
        if not figure.failure:
            before, after = (f"{megabytes:.0f}" for megabytes in figure.peak_mb)
            yield f"{'peak, ' + figure.case:<40}{before:>10}{after:>10}  {'MB':<10}{figure.peak_ratio:>7.3f}"


def is_allowed(outcome: Outcome, allowed: frozenset[str]) -> bool:
    """Tell whether a setting may differ: it is named alone, or behind its dataset and a slash."""
    return bool({outcome.setting, f"{outcome.dataset}/{outcome.setting}"} & allowed)


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as JSON's types."""
    return {**asdict(outcome), "identical": outcome.identical}


def figure_json(figure: Figure) -> dict[str, Any]:
    """Return a figure as JSON's types: every sample, and what follows from them."""
    if figure.failure:
        return {"case": figure.case, "failure": figure.failure}
    peak_before, peak_after = figure.peak_mb
    return {
        **asdict(figure),
        "unit": figure.unit,
        "median_before": figure.value(figure.before),
        "median_after": figure.value(figure.after),
        "ratio": figure.ratio,
        "best_ratio": figure.best_ratio,
        "cpu_ratio": figure.cpu_ratio,
        "peak_mb_before": peak_before,
        "peak_mb_after": peak_after,
        "verdict": figure.verdict,
    }


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3f}"
