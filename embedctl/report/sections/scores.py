"""Raw scores of hits: how well they separate relevant hits from others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...query.pipeline import score_name
from ..blocks import Chart, PageSection, Table
from ..vega import bars, histogram

if TYPE_CHECKING:
    from ..quality import ScoreGroups, Scores

_PERCENTILES = (5, 25, 50, 75, 95)
_TITLES = {
    "bm25": ("Scores of BM25", "BM25 score, without unit"),
    "dense": ("Scores of the dense arm", "cosine similarity"),
}
"""Title and axis of the arms that every store begins with."""


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
