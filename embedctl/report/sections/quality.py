"""Quality of the answers: each arm and each fusion, with intervals; the queries that fail; and raw scores of hits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...query.pipeline import score_name
from ..blocks import Chart, Datum, PageSection, Table
from ..vega import bars, base, coloured, formatted, histogram, nominal, quantity

if TYPE_CHECKING:
    from ...evaluation.significance import Difference, Interval
    from ..blocks import Spec
    from ..quality import Quality, ScoreGroups, Scores

_ROW_HEIGHT = 30
_MARGIN = 0.02
_TICKS = 8
_ROLES = ("in use", "one arm", "fusion")
_PERCENTILES = (5, 25, 50, 75, 95)
_TITLES = {
    "bm25": ("Scores of BM25", "BM25 score, without unit"),
    "dense": ("Scores of the dense arm", "cosine similarity"),
}
"""Title and axis of the arms that every store begins with."""

NO_QUERIES = (
    "No queries were given, so nothing is said about quality. Name yours with --queries and --qrels, or have some made "
    "from the corpus with --synthetic."
)


def quality_section(quality: Quality | None) -> PageSection:
    """Return the chart and the table of every setting, or the sentence that says how to get them."""
    if quality is None:
        return PageSection("quality", "Quality", (NO_QUERIES,))
    sentences = [
        (
            f"Measured on {quality.about}. Bars are {quality.confidence:.0%} intervals of the mean over queries. All "
            "settings are asked the same, so that two whose bars overlap may still differ: p is the probability of a "
            "change as large by chance (paired randomization test, corrected for all that are compared)."
        )
    ]
    if quality.found.synthetic:
        sentences.append(
            "These queries are synthetic: made from documents of the corpus, which each of them is to find again. They "
            "tell settings apart, not how well people's own questions are answered."
        )
    blocks = (settings_chart(quality), _table(quality))
    return PageSection("quality", "Quality", (*sentences, *quality.found.notes), blocks)


def worst_section(quality: Quality | None) -> PageSection | None:
    """Return the queries that the setting in use answers worst; ``None``: there are no queries."""
    if quality is None:
        return None
    metric = quality.metrics[0]
    if not quality.worst:
        return PageSection("worst", "Worst queries", (f"Every query has a {metric} of 1.",))
    name = quality.in_use.setting.name
    sentence = f'Those with the lowest {metric} under "{name}", what was found first, and what was wanted.'
    rows = [(one.text, f"{one.value:.3f}", "\n".join(one.found), "\n".join(one.wanted)) for one in quality.worst]
    table = Table("Worst queries", ("query", metric, "found", "wanted"), rows, {1})
    return PageSection("worst", "Worst queries", (sentence,), (table,))


def settings_chart(quality: Quality) -> Chart:
    """Return the mean and interval of every setting; a switch chooses the metric."""
    rows: list[Datum] = [
        {
            "setting": row.setting.name,
            "role": row.role,
            "metric": metric,
            "mean": round(one.mean, 4),
            "low": round(one.mean if one.low is None else one.low, 4),
            "high": round(one.mean if one.high is None else one.high, 4),
        }
        for row in quality.settings
        for metric, one in zip(quality.metrics, row.estimates, strict=True)
    ]
    in_use, best = quality.in_use, quality.best
    summary = f"{quality.metrics[0]} of {in_use.setting.name}, which is in use: {_line(in_use.estimates[0])}."
    if best is not in_use:
        summary += f" The highest mean has {best.setting.name}: {_line(best.estimates[0])}."
    variants = {metric: _spec(quality, metric, rows) for metric in quality.metrics}
    return Chart("settings", "Quality of each setting", summary, variants, rows, choice="Metric")


def scores_section(scores: Scores | None, bins: int) -> PageSection | None:
    """Return a chart for each arm; ``None``: there are no queries."""
    if scores is None:
        return None
    charts = [score_chart(arm, groups, bins) for arm, groups in scores.arms.items()]
    sentence = (
        "Where the groups lie apart, --min-bm25 or --min-cosine can leave out what does not answer; where they "
        "overlap, no threshold can. Each group adds up to "
        f"100%; these are the first hits of {scores.queries:,} queries."
    )
    return PageSection("scores", "Scores", (sentence,), tuple(chart for chart in charts if chart is not None))


def score_chart(arm: str, groups: ScoreGroups, bins: int) -> Chart | None:
    """Return the distributions of the scores of an arm's hits; ``None``: there is no score."""
    groups = {name: values for name, values in groups.items() if len(values)}
    if not groups:
        return None
    title, axis = _TITLES.get(arm, (f"Scores of the arm {arm}", "raw score"))
    rows = histogram(groups, bins)
    medians = [f"{np.median(values):.3f} ({name}, {len(values):,})" for name, values in groups.items()]
    summary = f"Medians: {'; '.join(medians)}."
    cells: list[tuple[str | int, ...]] = [
        (name, len(values), *(f"{value:.3f}" for value in np.percentile(values, _PERCENTILES)))
        for name, values in groups.items()
    ]
    names = ("group", "hits", *(f"{at} %" for at in _PERCENTILES))
    table = Table(f"{title}: percentiles", names, cells, range(1, len(names)), folded=True)
    spec = bars(f"{title}: {summary}", axis, list(groups), by_share=True)
    return Chart(f"scores-{score_name(arm)}", title, summary, {"": spec}, rows, table, small=True)


def _spec(quality: Quality, metric: str, rows: list[Datum]) -> Spec:
    mine = [row for row in rows if row["metric"] == metric]
    low = max(0.0, min(row["low"] for row in mine) - _MARGIN)
    high = min(1.0, max(row["high"] for row in mine) + _MARGIN)
    roles = [role for role in _ROLES if any(row["role"] == role for row in mine)]
    x = {**quantity("", f"mean {metric}", domain=[low, high], nice=False), "axis": {"tickCount": _TICKS}}
    return {
        **base(f"{metric} of each setting with its interval", _ROW_HEIGHT * len(quality.settings)),
        "transform": [{"filter": {"field": "metric", "equal": metric}}],
        "encoding": {
            "y": nominal("setting", title=None, sort=[row.setting.name for row in quality.settings]),
            "color": coloured("role", roles),
            "tooltip": [nominal("setting"), *formatted(".4f", "mean", "low", "high")],
        },
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 2},
                "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1},
                "encoding": {"x": {**x, "field": "mean"}},
            },
        ],
    }


def _table(quality: Quality) -> Table:
    timed = any(row.setting.latency is not None for row in quality.settings)
    columns = ["setting", *quality.metrics, f"change of {quality.metrics[0]}", "p", *(["ms a query"] if timed else [])]
    rows = []
    for row in quality.settings:
        setting = row.setting
        cells = [f"{setting.name} (in use)" if setting.in_use else setting.name]
        cells += [_told(one) for one in row.estimates]
        cells += ["" if setting.versus is None else _told(setting.versus, "+.3f"), _p(setting.p_holm)]
        if timed:
            cells.append("" if setting.latency is None else f"{setting.latency.median:.1f}")
        rows.append(cells)
    caption = "Means, their intervals, and changes against the setting in use"
    return Table(caption, columns, rows, range(1, len(columns)))


def _told(one: Interval | Difference, form: str = ".3f") -> str:
    mean, *ends = (format(round(value, 3) + 0.0, form) for value in (one.mean, one.low, one.high) if value is not None)
    return f"{mean}\n{' to '.join(ends)}" if ends else mean


def _line(one: Interval) -> str:
    return _told(one).replace("\n", ", from ")


def _p(value: float | None) -> str:
    if value is None:
        return ""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
