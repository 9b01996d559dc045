"""Raw scores of hits: how well they separate relevant hits from others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..blocks import Chart, Column, PageSection, Table, Variant
from ..drawing import bars, histogram

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..data import ScoreGroup, Scores

_PERCENTILES = (5, 25, 50, 75, 95)


def scores_section(scores: Scores | None, bins: int) -> PageSection | None:
    """Return a chart for each arm; ``None``: there are no queries."""
    if scores is None:
        return None
    charts = [
        score_chart("scores-bm25", "Scores of BM25", "BM25 score, without unit", scores.bm25, bins),
        score_chart("scores-cosine", "Scores of the dense arm", "cosine similarity", scores.cosine, bins),
    ]
    sentence = (
        "Where the groups lie apart, --min-bm25 or --min-cosine can leave out what does not answer; where they "
        "overlap, no threshold can. Each group adds up to "
        f"100%; these are the first hits of {scores.queries:,} queries."
    )
    return PageSection("scores", "Scores", (sentence,), tuple(chart for chart in charts if chart is not None))


def score_chart(name: str, title: str, axis: str, groups: Sequence[ScoreGroup], bins: int) -> Chart | None:
    """Return the distributions of some groups of scores; ``None``: there is no score."""
    groups = [group for group in groups if len(group.values)]
    if not groups:
        return None
    names = [group.name for group in groups]
    rows = histogram({group.name: group.values for group in groups}, bins)
    medians = [f"{np.median(group.values):.3f} ({group.name}, {len(group.values):,})" for group in groups]
    summary = f"Medians: {'; '.join(medians)}."
    table = Table(
        f"{title}: percentiles",
        (Column("group"), Column("hits", number=True), *(Column(f"{at} %", number=True) for at in _PERCENTILES)),
        tuple(
            (
                group.name,
                f"{len(group.values):,}",
                *(f"{value:.3f}" for value in np.percentile(group.values, _PERCENTILES)),
            )
            for group in groups
        ),
        folded=True,
    )
    spec = bars(f"{title}: {summary}", axis, names, by_share=True)
    return Chart(name, title, summary, (Variant("", spec),), tuple(rows), table, small=True)
