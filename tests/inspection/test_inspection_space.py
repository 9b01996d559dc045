"""Isotropy and dimension: the formulas by hand, by another way, and on clouds whose shape is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import linalg, stats
from scipy.spatial import distance

from embedctl.inspection.spectrum import (
    components_for,
    dimension,
    isoscore,
    isotropy,
    mean_cosine,
    participation_ratio,
    variances,
)

RNG = np.random.default_rng(7)


def cloud(count: int, scales: np.ndarray, seed: int = 0) -> np.ndarray:
    """Normal points whose standard deviation along each axis is one of ``scales``."""
    return (np.random.default_rng(seed).standard_normal((count, len(scales))) * scales).astype(np.float32)


def test_isoscore_by_hand() -> None:
    # Scaled to length √2, (3, 1) is (3, 1)·√2/√10. Its squared distance to (1, 1) is 4 - 2·4·√2/√10 = 4 - 8/√5; the
    # squared defect is that over 2(2 - √2). So 2 - defect²(2 - √2) = 4/√5, its square over 4 is 0.8: (2·0.8 - 1)/1.
    assert isoscore(np.array([3.0, 1.0])) == pytest.approx(0.6, abs=1e-12)


@pytest.mark.parametrize("dim", [2, 3, 16, 384])
def test_the_known_ends_of_isoscore(dim: int) -> None:
    assert isoscore(np.ones(dim)) == pytest.approx(1.0, abs=1e-9)
    assert isoscore(np.eye(dim)[0]) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("used", [1, 5, 10, 19])
def test_isoscore_grows_linearly_with_the_dimensions_that_are_used(used: int) -> None:
    """Rudman et al., Section 4: of ``k`` dimensions of ``n`` that are used evenly it is ``(k - 1) / (n - 1)``."""
    spectrum = np.r_[np.full(used, 2.5), np.zeros(20 - used)]
    assert isoscore(spectrum) == pytest.approx((used - 1) / 19, abs=1e-9)


def test_isoscore_is_the_participation_ratio_on_another_scale() -> None:
    for dim in (2, 10, 384):
        spectrum = np.sort(RNG.gamma(0.5, size=dim))[::-1]
        assert isoscore(spectrum) == pytest.approx((participation_ratio(spectrum) - 1) / (dim - 1), abs=1e-9)


def test_isoscore_of_clouds() -> None:
    even = cloud(20_000, np.ones(8))
    assert isoscore(variances(even)) > 0.999
    assert isoscore(variances(cloud(2_000, np.r_[1, np.zeros(7)]))) == pytest.approx(0, abs=1e-6)
    turned = even @ stats.ortho_group.rvs(8, random_state=3).astype(np.float32)
    assert isoscore(variances(turned)) == pytest.approx(isoscore(variances(even)), abs=1e-5)
    assert isoscore(variances(5 * even + 3)) == pytest.approx(isoscore(variances(even)), abs=1e-5)


def test_variances_are_those_of_a_singular_value_decomposition() -> None:
    points = cloud(300, RNG.uniform(0.1, 2, 12), seed=4)
    values = linalg.svdvals((points - points.mean(axis=0)).astype(np.float64))
    assert variances(points) == pytest.approx(values**2 / 299, rel=1e-5)


def test_participation_ratio_and_components_by_hand() -> None:
    spectrum = np.array([6.0, 3.0, 1.0, 0.0])
    assert participation_ratio(spectrum) == pytest.approx(100 / 46)
    assert [components_for(spectrum, share) for share in (0.5, 0.6, 0.61, 0.9, 0.95, 1.0)] == [1, 1, 2, 2, 3, 3]


def test_mean_cosine_is_the_mean_over_all_pairs() -> None:
    points = cloud(200, np.ones(5)) + np.float32(0.5)
    units = points / np.linalg.norm(points, axis=1, keepdims=True)
    pairs = 1 - distance.pdist(units, "cosine")
    found = mean_cosine(units.sum(axis=0, dtype=np.float64), float((units**2).sum()), len(units))
    assert found == pytest.approx(pairs.mean(), abs=1e-6)


def unit(points: np.ndarray) -> np.ndarray:
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def topic_of(points: np.ndarray):
    total, squares = points.sum(axis=0, dtype=np.float64), float((points**2).sum())
    return isotropy(variances(points), len(points), mean_cosine(total, squares, len(points)))


def test_one_direction_that_differs_lowers_isoscore_and_one_that_does_not_raises_cosines() -> None:
    even = cloud(4_000, np.ones(32))
    axis = np.eye(32, dtype=np.float32)[0]
    usual = topic_of(unit(even))
    assert usual.verdict == "good"
    assert usual.figure("isoscore").value > 0.95
    assert usual.figure("mean_cosine").value == pytest.approx(0, abs=0.01)

    weights = np.random.default_rng(5).standard_normal((4_000, 1)).astype(np.float32)
    dominated = topic_of(unit(even + 30 * weights * axis))
    assert dominated.verdict == "bad"
    assert dominated.figure("isoscore").value < 0.1
    assert dominated.figure("first_component").value > 0.5
    assert "--model" in dominated.advice

    shifted = topic_of(unit(even + 12 * axis))  # the same for all: a mean, which IsoScore does not count
    assert shifted.figure("isoscore").value > 0.9
    assert shifted.figure("mean_cosine").value > 0.7
    assert shifted.verdict == "look"
    assert "--min-cosine" in shifted.advice


def test_dimension_says_what_a_projection_would_keep() -> None:
    topic = dimension(variances(cloud(3_000, np.r_[np.ones(10), np.full(22, 1e-3)])), 3_000)
    assert [topic.figure(f"components_{share}").value for share in (90, 95, 99)] == [9, 10, 10]
    assert topic.figure("participation_ratio").value == pytest.approx(10, abs=0.1)
    assert topic.verdict == "good"
    assert "10 of the 32 dimensions" in topic.advice
    collapsed = dimension(variances(cloud(3_000, np.r_[1, np.full(31, 1e-3)])), 3_000)
    assert collapsed.verdict == "bad"


def test_what_is_too_little_is_not_judged() -> None:
    few = cloud(20, np.ones(32))
    assert isotropy(variances(few), 20, 0.0).figure("isoscore").verdict is None
    assert dimension(variances(few), 20).verdict is None
    same = np.ones((50, 32), np.float32)
    assert isotropy(variances(same), 50, 1.0).figures == dimension(variances(same), 50).figures == ()
