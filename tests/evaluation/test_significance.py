"""Intervals and tests of differences: against exact counts, and on samples too small to say anything."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.stats import ttest_rel

from embedctl.config.measuring import SignificanceConfig
from embedctl.evaluation.significance import detectable, difference, holm, mean_interval

FEW = SignificanceConfig(resamples=2_000)


def exact_p(change: list[float]) -> float:
    sums = [abs(float(np.dot(signs, change))) for signs in product((1, -1), repeat=len(change))]
    return sum(one >= abs(sum(change)) - 1e-12 for one in sums) / len(sums)


@pytest.mark.parametrize("change", [[0.3], [0.3, -0.1], [0.2, 0.1, 0.4, -0.1, 0.3, 0.0, 0.25], [0.5, -0.5]])
def test_few_queries_are_tested_exactly(change: list[float]) -> None:
    before = np.full(len(change), 0.4)
    assert difference(before, before + change, FEW).p == pytest.approx(exact_p(change))


def test_many_queries_are_tested_by_chance_and_always_alike() -> None:
    random = np.random.default_rng(1)
    before = random.random(80)
    after = before + random.normal(0.02, 0.1, 80)
    one, again = difference(before, after, FEW), difference(before, after, FEW)
    assert one == again
    assert one.p == pytest.approx(float(ttest_rel(before, after).pvalue), abs=0.03)  # near, for so many


def test_a_clear_gain_is_told_and_equal_settings_are_not() -> None:
    before = np.linspace(0.1, 0.6, 40)
    gain = difference(before, before + 0.1 + 0.01 * np.cos(np.arange(40)), FEW)
    assert gain.p < 0.001
    assert gain.low is not None
    assert gain.high is not None
    assert gain.low < gain.mean < gain.high
    assert (gain.wins, gain.losses, gain.ties) == (40, 0, 0)
    same = difference(before, before.copy(), FEW)
    assert (same.mean, same.low, same.high, same.p, same.ties) == (0.0, 0.0, 0.0, 1.0, 40)


@pytest.mark.parametrize("count", [1, 2])
def test_one_and_two_queries_say_what_they_can(count: int) -> None:
    before, after = np.full(count, 0.5), np.full(count, 0.75)
    told = difference(before, after, FEW)
    assert told.mean == 0.25
    assert (told.low is None) == (count == 1)
    assert told.p == pytest.approx({1: 1.0, 2: 0.5}[count])
    assert detectable(after - before) == (None if count == 1 else 0.0)


def test_an_interval_covers_the_mean_of_the_population_as_often_as_it_says() -> None:
    random = np.random.default_rng(7)
    config = SignificanceConfig(resamples=500)
    told = [mean_interval(random.beta(0.5, 0.5, 60), config) for _ in range(200)]
    covered = sum(one.low <= 0.5 <= one.high for one in told if one.low is not None and one.high is not None)
    assert 0.89 <= covered / 200 <= 0.99


def test_tests_without_a_difference_are_wrong_as_often_as_they_say() -> None:
    random = np.random.default_rng(3)
    config = SignificanceConfig(resamples=500)
    wrong = sum(difference(np.zeros(40), random.normal(0, 0.1, 40), config).p < 0.05 for _ in range(200))
    assert wrong / 200 <= 0.10


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
