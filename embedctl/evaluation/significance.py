"""Confidence intervals of a mean over queries, and tests of the difference between two settings.

Queries are a sample of the questions that people ask; another sample would give another mean.

- Interval of a mean: percentile bootstrap over queries (Efron and Tibshirani 1993, chapter 13; for retrieval, Sakai,
  SIGIR 2006).
- Difference of two settings on the same queries: the paired randomization test (Smucker, Allan and Carterette, CIKM
  2007), two-sided. With up to ``log2(resamples)`` queries all of the ``2**n`` ways to swap the settings are looked at,
  so that p is exact, else random ones.
- Many settings against one: Holm's correction (Scandinavian Journal of Statistics, 1979).

The seed is fixed: the same values give the same figures.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..config.measuring import SignificanceConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .metrics import Values

_AT_ONCE = 4_000_000
"""Numbers drawn at a time: 32 MB."""
_SAME = 1e-12
"""Values nearer than this are equal: they were summed in another order."""
_POWER = 1.959964 + 0.841621
"""Quantiles of the normal distribution for 5%, two-sided, and a power of 80%."""


class Interval(NamedTuple):
    """A mean and how far it may be off."""

    mean: float
    low: float | None
    """``None``: one query has no interval."""
    high: float | None


class Difference(NamedTuple):
    """Change on the same queries from one setting to another; above 0 is a gain."""

    mean: float
    low: float | None
    """``None``: one query has no interval."""
    high: float | None
    p: float
    """Probability of a mean as far from 0 or farther, if the settings were equal; two-sided."""
    wins: int
    """Queries that gained."""
    losses: int
    ties: int


def mean_interval(values: Values, config: SignificanceConfig | None = None) -> Interval:
    """Return the mean of float64 ``(queries,)`` and its bootstrap interval."""
    settings = config or SignificanceConfig()
    if not len(values):
        return Interval(0.0, None, None)
    mean = float(np.mean(values))
    if len(values) == 1:
        return Interval(mean, None, None)
    if float(np.ptp(values)) <= _SAME:
        return Interval(mean, mean, mean)
    from scipy.stats import bootstrap

    result = bootstrap(
        (values,),
        np.mean,
        n_resamples=settings.resamples,
        batch=max(1, _AT_ONCE // len(values)),
        confidence_level=settings.confidence,
        method="percentile",
        rng=np.random.default_rng(settings.seed),
    ).confidence_interval
    return Interval(mean, float(result.low), float(result.high))


def difference(before: Values, after: Values, config: SignificanceConfig | None = None) -> Difference:
    """Return how ``after`` differs from ``before``, both float64 ``(queries,)`` over the same queries in one order."""
    settings = config or SignificanceConfig()
    change = np.where(np.abs(after - before) <= _SAME, 0.0, after - before)
    mean, low, high = mean_interval(change, settings)
    wins, losses = int(np.count_nonzero(change > 0)), int(np.count_nonzero(change < 0))
    return Difference(mean, low, high, _randomization(change, settings), wins, losses, len(change) - wins - losses)


def _randomization(change: Values, settings: SignificanceConfig) -> float:
    differing = change[change != 0]  # swapping equal values changes nothing
    if len(differing) < 2:  # of one, both ways are as far from 0
        return 1.0
    from scipy.stats import permutation_test

    result = permutation_test(
        (differing,),
        lambda values, axis: np.mean(values, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=settings.resamples,
        batch=max(1, _AT_ONCE // len(differing)),
        alternative="two-sided",
        rng=np.random.default_rng(settings.seed),
    )
    return min(1.0, float(result.pvalue))


def holm(values: Sequence[float]) -> list[float]:
    """Return p values corrected for their number, in their order: each at least what it was, at most 1."""
    order = np.argsort(values, kind="stable")
    corrected = np.empty(len(values))
    corrected[order] = np.minimum(np.maximum.accumulate(np.arange(len(values), 0, -1) * np.sort(values)), 1.0)
    return corrected.tolist()


def detectable(change: Values) -> float | None:
    """Return the least mean difference that as many queries would show four times out of five at 5%.

    ``(1.96 + 0.84) * standard deviation of the differences / sqrt(queries)``; ``None`` for fewer than two queries, by
    ``change``, float64 ``(queries,)``: what two settings differ by.
    """
    if len(change) < 2:
        return None
    return _POWER * float(np.std(change, ddof=1)) / math.sqrt(len(change))
