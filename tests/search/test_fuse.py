from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedctl.contracts import Ranking
from embedctl.search.fuse import reciprocal_rank_fusion


def ranking(*labels: int) -> Ranking:
    return Ranking(np.array(labels, dtype=np.uint64), np.linspace(1, 0, len(labels), dtype=np.float32))


def test_the_sum_of_reciprocal_ranks() -> None:
    fused = reciprocal_rank_fusion([ranking(10, 20, 30), ranking(30, 40)], [1.0, 1.0], 60)
    assert fused.labels.tolist() == [30, 10, 20, 40]
    expected = [Fraction(1, 63) + Fraction(1, 61), Fraction(1, 61), Fraction(1, 62), Fraction(1, 62)]
    np.testing.assert_array_equal(fused.scores, np.array([float(score) for score in expected], dtype=np.float32))


def test_weights_scale_an_arm() -> None:
    fused = reciprocal_rank_fusion([ranking(1, 2), ranking(2, 1)], [1.0, 3.0], 0)
    assert fused.labels.tolist() == [2, 1]
    assert fused.scores.tolist() == [3.5, 2.5]


def test_ties_break_by_label() -> None:
    high = (1 << 40) + 1
    fused = reciprocal_rank_fusion([ranking(high, 7), ranking(7, high)], [1.0, 1.0], 60)
    assert fused.labels.tolist() == [7, high]
    assert fused.scores[0] == fused.scores[1]


def test_an_arm_without_weight_or_rows_adds_nothing() -> None:
    alone = reciprocal_rank_fusion([ranking(5, 3)], [1.0], 60)
    for others in ([ranking(9, 3)], [ranking()]):
        fused = reciprocal_rank_fusion([ranking(5, 3), *others], [1.0, 0.0], 60)
        assert fused.labels.tolist() == alone.labels.tolist() == [5, 3]
        assert fused.scores.tolist() == alone.scores.tolist()
    for nothing in (reciprocal_rank_fusion([], [], 60), reciprocal_rank_fusion([ranking()], [1.0], 60)):
        assert not len(nothing.labels)


def test_every_arm_needs_a_weight() -> None:
    with pytest.raises(ValueError):
        reciprocal_rank_fusion([ranking(1)], [1.0, 1.0], 60)


@given(
    st.lists(st.lists(st.integers(0, 2**64 - 1), unique=True, max_size=30), min_size=1, max_size=4),
    st.integers(0, 100),
)
def test_against_exact_arithmetic(arms: list[list[int]], k: int) -> None:
    exact: dict[int, Fraction] = {}
    for arm in arms:
        for rank, label in enumerate(arm, start=1):
            exact[label] = exact.get(label, Fraction(0)) + Fraction(1, k + rank)
    fused = reciprocal_rank_fusion([ranking(*arm) for arm in arms], [1.0] * len(arms), k)
    assert sorted(fused.labels.tolist()) == sorted(exact)
    np.testing.assert_allclose(fused.scores, [float(exact[label]) for label in fused.labels.tolist()], rtol=1e-6)
    pairs = list(zip((-fused.scores).tolist(), fused.labels.tolist(), strict=True))
    assert pairs == sorted(pairs)
