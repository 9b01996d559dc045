"""What a run of the benchmarks leaves behind as one JSON file: rows, failures, and the machine they come from."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from .machine import Machine

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Row:
    """One figure."""

    measurement: str
    """Name of the measurement, as ``--only`` takes it."""
    case: str
    """What was done: ``hybrid, one process a query``."""
    engine: str
    """Who did it: ``embedctl``, ``LanceDB`` ..."""
    metric: str
    """What the figure is: ``p50``, ``peak memory``; the same case has the same metrics for every engine."""
    value: float
    unit: str
    """``s``, ``ms``, ``MB``, ``chunks/s`` ...; empty for ratios and measures without a dimension."""
    chunks: int | None = None
    """Size of what was searched or made, in chunks."""
    x: float | None = None
    """Place on the axis of a sweep, such as ``ef``; rows with it are drawn, not tabled."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A measurement that gave no figures, and why."""

    measurement: str
    reason: str
    """A finished sentence."""
    failed: bool
    """``False``: it was skipped because something that it needs is not there."""
    chunks: int | None = None


@dataclass(frozen=True, slots=True)
class Results:
    """One run."""

    machine: Machine
    arguments: dict[str, Any]
    """What the run was asked for: sizes, data, repeats."""
    rows: tuple[Row, ...] = ()
    gaps: tuple[Gap, ...] = field(default=())

    @property
    def failed(self) -> bool:
        """Whether a measurement failed."""
        return any(gap.failed for gap in self.gaps)

    def figure(self, metric: str, **wanted: object) -> float:
        """Return the one value with this metric and these fields; NaN where there is none."""
        found = [row.value for row in self.rows if row.metric == metric and _agrees(row, wanted)]
        return found[0] if found else math.nan

    def to_json(self) -> str:
        """Return the text of the results file."""
        return json.dumps({"schema_version": SCHEMA_VERSION, **asdict(self)}, indent=1, allow_nan=False) + "\n"


def read_results(path: Path) -> Results:
    """Read a results file.

    Raises:
        ValueError: another version wrote it.
    """
    from .machine import Machine

    raw = json.loads(path.read_text(encoding="utf-8"))
    if raw["schema_version"] != SCHEMA_VERSION:
        raise ValueError(f"{path} has version {raw['schema_version']}; this reads version {SCHEMA_VERSION}.")
    return Results(
        machine=Machine(**raw["machine"]),
        arguments=raw["arguments"],
        rows=tuple(Row(**row) for row in raw["rows"]),
        gaps=tuple(Gap(**gap) for gap in raw["gaps"]),
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that at least ``percent`` of the values do not exceed (nearest rank).

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("There is no percentile of nothing.")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def latency_rows(row: Row, seconds: Iterable[float]) -> list[Row]:
    """Return p50 and p95 of latencies in milliseconds, other fields as in ``row``."""
    from dataclasses import replace

    spent = [1e3 * value for value in seconds]
    return [
        replace(row, metric=f"p{percent}", value=round(percentile(spent, percent), 4), unit="ms")
        for percent in (50, 95)
    ]


def _agrees(row: Row, wanted: dict[str, object]) -> bool:
    return all(getattr(row, name) == value for name, value in wanted.items())


def digits(value: float) -> str:
    """Return a number to three significant digits; whole, with commas, from 100 on; five places near 1."""
    if not math.isfinite(value):
        return "-"
    if 0.99 <= value < 0.999995:
        return f"{value:.5f}".rstrip("0")
    if abs(value) >= 99.95:
        return f"{value:,.0f}"
    if not value:
        return "0"
    value = float(f"{value:.3g}")
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"
