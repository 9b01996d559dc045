"""Measures of one ranking against judgements, each as trec_eval computes it.

All take ``gains``, the grades of the hits, best first, float64 ``(n,)``, 0 without a judgement; ``judged``, all grades
of the query in any order; and ``k``, the depth, ``None`` for the whole ranking. A grade above 0 is relevant, one below
counts as 0. Where nothing is relevant every measure is 0.

=============  ================================================================  =========================
name           value                                                             trec_eval
=============  ================================================================  =========================
``ndcg``       ``DCG / ideal DCG``, ``DCG = sum of grade / log2(rank + 1)``      ``ndcg_cut``, ``ndcg``
``recall``     relevant found / relevant                                         ``recall``
``precision``  relevant found / k                                                ``P``
``mrr``        1 / rank of the first relevant one; 0 without                     ``recip_rank``
``map``        sum of precision at the rank of each relevant one / relevant      ``map``, ``map_cut``
``success``    1 if anything relevant was found, else 0                          ``success``
=============  ================================================================  =========================

nDCG with linear gain: Järvelin and Kekäläinen, TOIS 2002; the others: Buckley and Voorhees, TREC, 2005, chapter 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..errors import UsageError
from ..registry import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Values = NDArray[np.float64]
    Measure = Callable[[Values, Values, int | None], float]


def ndcg(gains: Values, judged: Values, k: int | None) -> float:
    """Return the normalized discounted cumulative gain."""
    ideal = np.sort(judged)[::-1]
    best = _dcg(ideal, k)
    return _dcg(gains, k) / best if best else 0.0


def recall(gains: Values, judged: Values, k: int | None) -> float:
    """Return the share of relevant items that were found."""
    return _share(int(np.count_nonzero(gains[:k] > 0)), int(np.count_nonzero(judged > 0)))


def precision(gains: Values, _judged: Values, k: int | None) -> float:
    """Return the share of relevant items among ``k`` places; empty places count as irrelevant."""
    return _share(int(np.count_nonzero(gains[:k] > 0)), len(gains) if k is None else k)


def reciprocal_rank(gains: Values, _judged: Values, k: int | None) -> float:
    """Return one divided by the rank of the first relevant item."""
    found = np.flatnonzero(gains[:k] > 0)
    return 1.0 / (int(found[0]) + 1) if len(found) else 0.0


def average_precision(gains: Values, judged: Values, k: int | None) -> float:
    """Return the mean of precision at the rank of each relevant item; 0 for items that were not found."""
    relevant = int(np.count_nonzero(judged > 0))
    ranks = np.flatnonzero(gains[:k] > 0) + 1
    return float(np.sum(np.arange(1, len(ranks) + 1) / ranks)) / relevant if relevant else 0.0


def success(gains: Values, _judged: Values, k: int | None) -> float:
    """Return 1 if a relevant item was found."""
    return float(bool(np.any(gains[:k] > 0)))


def _dcg(gains: Values, k: int | None) -> float:
    top = np.maximum(gains[:k], 0.0)
    return float(np.sum(top / np.log2(np.arange(len(top)) + 2.0)))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


MEASURES: dict[str, Measure] = {
    "ndcg": ndcg,
    "recall": recall,
    "precision": precision,
    "mrr": reciprocal_rank,
    "map": average_precision,
    "success": success,
}
SHORT = {"p": "precision", "rr": "mrr", "ap": "map", "r": "recall"}
"""Other names that people know them by."""
WHOLE = ("ndcg", "mrr", "map")
"""Metrics that need no cutoff."""


class Metric(NamedTuple):
    """A measure and how deep it looks; as text ``ndcg@10``."""

    measure: str
    """A name of ``MEASURES``."""
    k: int | None
    """``None``: the whole ranking."""

    def __str__(self) -> str:
        return self.measure if self.k is None else f"{self.measure}@{self.k}"

    def of(self, gains: Values, judged: Values) -> float:
        """Return the value for one query; see the module for the arguments."""
        return MEASURES[self.measure](gains, judged, self.k)


def parse_metric(name: str) -> Metric:
    """Return the metric of a name such as ``ndcg@10``, ``recall@100`` or ``map``, in any case.

    Raises:
        UsageError: no such measure, or not a depth from 1 on.
    """
    head, at, depth = name.strip().lower().partition("@")
    measure = SHORT.get(head, head)
    hint = f"Measures are {', '.join(MEASURES)}; write them as ndcg@10, or map for the whole ranking."
    if measure not in MEASURES:
        raise UsageError(f'There is no measure "{name}".{nearest(measure, MEASURES)}', hint)
    if not at:
        if measure not in WHOLE:
            raise UsageError(f'"{name}" does not say how deep to look.', f"Write {measure}@10, or another number.")
        return Metric(measure, None)
    if not depth.isdecimal() or not 1 <= int(depth) <= 1_000_000:
        raise UsageError(f'"{name}" does not look to a depth from 1 to 1,000,000.', hint)
    return Metric(measure, int(depth))


def parse_metrics(names: Iterable[str]) -> tuple[Metric, ...]:
    """Return the metrics of ``names``, each once, in their order.

    Raises:
        UsageError: as :func:`parse_metric`.
    """
    return tuple(dict.fromkeys(parse_metric(name) for name in names))


def depth_of(metrics: Iterable[Metric], least: int) -> int:
    """Return how deep a ranking must go for all ``metrics``, and at least ``least``."""
    return max(least, *(metric.k or 0 for metric in metrics))


def query_values(metrics: Sequence[Metric], ranking: Sequence[str], grades: Mapping[str, int]) -> tuple[float, ...]:
    """Return the value of each metric for one query; ``ranking``: ids, best first, none twice; ``grades``: by id."""
    gains = np.fromiter((grades.get(name, 0) for name in ranking), dtype=np.float64, count=len(ranking))
    judged = np.fromiter(grades.values(), dtype=np.float64, count=len(grades))
    return tuple(metric.of(gains, judged) for metric in metrics)


def run_values(
    metrics: Sequence[Metric], rankings: Mapping[str, Sequence[str]], judged: Mapping[str, Mapping[str, int]]
) -> Values:
    """Return float64 ``(len(judged), len(metrics))``: a row for each judged query, in the order of ``judged``.

    A query without a ranking counts with 0, as ``trec_eval -c`` counts it.
    """
    rows = [query_values(metrics, rankings.get(query, ()), grades) for query, grades in judged.items()]
    return np.asarray(rows, dtype=np.float64).reshape(len(judged), len(metrics))
