"""Recall against latency of the dense plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...plural import counted
from ..blocks import Chart, Datum, PageSection, Table
from ..vega import base, coloured, formatted, nominal, quantity

if TYPE_CHECKING:
    from ...evaluation.ann import AnnPoint, AnnReached, AnnReport
    from ..blocks import Spec

_HEIGHT = 300
_ASKED = {"queries": "queries", "chunks": "sampled chunks"}
_PARAMETERS = {"hnsw": "ef {:,}", "binary": "{:,} compared exactly", "flat": "all"}


def plans_section(found: AnnReport | None) -> PageSection | None:
    """Return the chart and its sentences; ``None``: nothing was measured."""
    if found is None or not found.points:
        return None
    asked = " and ".join(f"{count:,} {_words(found, kind)}" for kind, count in found.asked.items() if count)
    sentence = (
        f"The share of the {found.k} exact nearest of {counted(found.rows, 'chunk')} that each dense plan finds, and "
        f"how long that takes without encoding the query, for {asked}. Dashed: {found.target:.0%}. Vertical bars are "
        "95% intervals of the mean."
    )
    return PageSection("plans", "Dense plans", (sentence, *found.notes), (plans_chart(found),))


def plans_chart(found: AnnReport) -> Chart:
    """Return recall and latency of every plan and setting; a switch chooses the set of queries."""
    rows: list[Datum] = [
        {
            "plan": one.plan,
            "setting": _setting(one),
            "asked": one.asked,
            "recall": round(one.recall, 5),
            "low": round(one.low, 5),
            "high": round(one.high, 5),
            "ms": round(one.median_ms, 4),
            "parameter": one.parameter or 0,
            "use": "current" if _in_use(found, one) else "",
        }
        for one in found.points
    ]
    kinds = list(dict.fromkeys(one.asked for one in found.points))
    title = f"Recall@{found.k} against latency"
    variants = {_words(found, kind): _spec(found, rows, kind) for kind in kinds}
    return Chart("plans-recall", title, _summary(found), variants, rows, _table(found), "Asked for")


def _summary(found: AnnReport) -> str:
    sentences = [
        f"With its current setting, {one.plan} ({_setting(one)}) finds {one.recall:.1%} in {one.median_ms:.2g} ms, "
        f"asked for {_words(found, one.asked)}."
        for one in found.points
        if _in_use(found, one)
    ]
    for one in found.reached:
        asked = _words(found, one.asked)
        if not one.reached:
            sentences.append(f"No setting of {one.plan} that was tried reaches {found.target:.0%} for {asked}.")
        elif one.parameter is not None:
            sentences.append(f"From {_setting(one)} on, {one.plan} reaches {found.target:.0%} for {asked}.")
    return " ".join(sentences)


def _table(found: AnnReport) -> Table:
    names = ("asked for", "plan", "setting", f"recall@{found.k}", "interval", "median ms", "95% of queries, ms", "")
    rows = [
        (
            _words(found, one.asked),
            one.plan,
            _setting(one),
            f"{one.recall:.4f}",
            f"{one.low:.4f} to {one.high:.4f}",
            f"{one.median_ms:.3f}",
            f"{one.p95_ms:.3f}",
            "current" if _in_use(found, one) else "",
        )
        for one in found.points
    ]
    return Table("Every plan and setting", names, rows, range(3, 7), folded=True)


def _spec(found: AnnReport, rows: list[Datum], kind: str) -> Spec:
    mine = [row for row in rows if row["asked"] == kind]
    names = list(dict.fromkeys(row["plan"] for row in rows))
    lowest = min(found.target, *(row["low"] for row in mine))
    domain = [max(0.0, lowest - 0.05 * (1 - lowest)), 1.0]
    x = {**quantity("ms", "milliseconds a query, median", type="log", nice=False, padding=24), "axis": {"format": "~g"}}
    y = quantity("recall", f"recall@{found.k}", domain=domain, nice=False)
    place = {"x": x, "y": y, "color": coloured("plan", names)}
    tooltip = [
        *map(nominal, ("plan", "setting")),
        *formatted(".4f", "recall", "low", "high"),
        *formatted(".3f", "ms"),
        nominal("use", title=""),
    ]
    return {
        **base(f"Recall@{found.k} and milliseconds a query of each dense plan, asked for {_ASKED[kind]}", _HEIGHT),
        "transform": [{"filter": {"field": "asked", "equal": kind}}],
        "layer": [
            {
                "mark": {"type": "rule", "strokeDash": [4, 4]},
                "encoding": {"y": {"datum": found.target, "type": "quantitative", "scale": y["scale"]}},
            },
            {
                "mark": {"type": "rule", "strokeWidth": 1.5},
                "encoding": {**place, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
            },
            {
                "mark": {"type": "line", "strokeWidth": 1.5},
                "encoding": {**place, "order": {"field": "parameter", "type": "quantitative"}},
            },
            {
                "mark": {"type": "point", "filled": True, "opacity": 1, "size": 70},
                "encoding": {**place, "tooltip": tooltip},
            },
            {
                "transform": [{"filter": {"field": "use", "equal": "current"}}],
                "mark": {"type": "text", "align": "center", "dy": 18},
                "encoding": {"x": x, "y": y, "text": nominal("use")},
            },
        ],
    }


def _setting(one: AnnPoint | AnnReached) -> str:
    return _PARAMETERS[one.plan].format(one.parameter)


def _in_use(found: AnnReport, one: AnnPoint) -> bool:
    """Return whether queries of the store are answered so: not by what was made for the measurement alone."""
    return one.current and not (found.built and one.plan != "flat")


def _words(found: AnnReport, kind: str) -> str:
    if kind == "queries":
        return "synthetic queries" if found.queries == "synthetic" else "queries of the file"
    return _ASKED[kind]
