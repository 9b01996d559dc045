"""Each fusion by hand, what each of them promises, and an independent implementation beside it."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace
from fractions import Fraction
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from two_arms import ARMS, gather, weighted

from embedctl.config import FUSIONS, ArmSettings, FusionConfig, FusionName
from embedctl.contracts import Ranking
from embedctl.query import fusion as fusions
from embedctl.query.document_fusion import Candidates, fuse
from embedctl.query.fusion import Evidence, fused_scores

NAMES: tuple[FusionName, ...] = get_args(FusionName)
COMPLETING = tuple(name for name in NAMES if FUSIONS[name].completes)
BY_SCORE = tuple(name for name in NAMES if name not in ("rrf", "round-robin", "absolute"))
"""Fusions that scale scores by those of the list or of the candidates."""
LEAST = (0.0, -1.0)
MOST = (25.0, 1.0)
"""As if BM25 could give 25 at most."""

Lists = tuple[dict[int, float], dict[int, float]]
"""Of BM25 and of the dense arm: label -> score."""


def evidence(ranks: list[float], scores: list[float], least: float = 0.0, weight: float = 1.0) -> Evidence:
    """What an arm says of candidates whose scores it proposed itself."""
    own = [score for rank, score in zip(ranks, scores, strict=True) if math.isfinite(rank)]
    return Evidence(np.array(ranks), np.array(scores), np.array(own), least, weight=weight)


NOT, NAN = math.inf, math.nan
BM25 = evidence([1, 2, 3, NOT], [8.0, 6.0, 4.0, NAN], least=0.0)
DENSE = evidence([2, NOT, 1, 3], [0.4, NAN, 0.6, 0.2], least=-1.0)


def by_hand(name: FusionName, weights: tuple[float, float] = (1.0, 1.0)) -> list[float]:
    arms = [replace(arm, weight=weight) for arm, weight in zip((BM25, DENSE), weights, strict=True)]
    return [round(score, 9) for score in fused_scores(arms, FusionConfig(name)).tolist()]


def rounded(*scores: float) -> list[float]:
    return [round(score, 9) for score in scores]


def test_reciprocal_rank() -> None:
    assert by_hand("rrf") == rounded(1 / 61 + 1 / 62, 1 / 62, 1 / 63 + 1 / 61, 1 / 63)
    assert by_hand("rrf", (1.0, 3.0)) == rounded(1 / 61 + 3 / 62, 1 / 62, 1 / 63 + 3 / 61, 3 / 63)


def test_min_max_sums() -> None:
    assert by_hand("combsum") == rounded(1.0 + 0.5, 0.5, 0.0 + 1.0, 0.0)
    assert by_hand("combsum", (1.0, 3.0)) == rounded(1.0 + 1.5, 0.5, 0.0 + 3.0, 0.0)
    assert by_hand("combmnz") == rounded(2 * 1.5, 0.5, 2 * 1.0, 0.0)


def test_distribution_based() -> None:
    by_bm25 = {score: (score - (6.0 - 3 * 2.0)) / (6 * 2.0) for score in (8.0, 6.0, 4.0)}  # mean 6, deviation 2
    by_dense = {score: (score - (0.4 - 3 * 0.2)) / (6 * 0.2) for score in (0.4, 0.6, 0.2)}
    expected = rounded(by_bm25[8.0] + by_dense[0.4], by_bm25[6.0], by_bm25[4.0] + by_dense[0.6], by_dense[0.2])
    assert by_hand("dbsf") == expected


def test_round_robin_takes_each_where_it_stands_highest() -> None:
    assert by_hand("round-robin") == rounded(1.0, 1 / 2, 1.0, 1 / 3)
    assert by_hand("round-robin", (2.0, 1.0)) == rounded(2.0, 2 / 2, 1.0, 1 / 3)


def test_convex_combinations() -> None:
    bm25_scores, dense_scores = np.array([8.0, 6.0, 4.0, 2.0]), np.array([0.4, -0.2, 0.6, 0.2])  # all are known
    bm25 = Evidence(BM25.ranks, bm25_scores, bm25_scores, 0.0, 10.0, 0.2)
    dense = Evidence(DENSE.ranks, dense_scores, dense_scores, -1.0, 1.0, 0.8)

    def mean(of_bm25: list[float], of_dense: list[float]) -> list[float]:
        return [0.2 * one + 0.8 * other for one, other in zip(of_bm25, of_dense, strict=True)]

    arms = [bm25, dense]
    expected = mean([1, 6 / 8, 4 / 8, 2 / 8], [1.4 / 1.6, 0.8 / 1.6, 1, 1.2 / 1.6])
    assert fusions.convex(arms) == pytest.approx(expected)
    expected = mean([1, 4 / 6, 2 / 6, 0], [0.6 / 0.8, 0, 1, 0.4 / 0.8])
    assert fusions.convex_min_max(arms) == pytest.approx(expected)
    expected = mean([0.8, 0.6, 0.4, 0.2], [1.4 / 2, 0.8 / 2, 1.6 / 2, 1.2 / 2])
    assert fusions.absolute(arms) == pytest.approx(expected)


def test_absolute_says_how_little_was_found() -> None:
    """A query of which BM25 found a tenth: the dense arm decides, where the others take BM25's best for good."""
    bm25, dense = {1: 2.0, 2: 1.0}, {3: 0.6, 1: 0.3, 2: 0.0}
    assert list(fused((bm25, dense), FusionConfig("absolute"), ({}, {}))) == [3, 1, 2]
    assert list(fused((bm25, dense), FusionConfig("convex"), ({}, {}))) == [1, 3, 2]


def test_absolute_must_know_what_is_possible() -> None:
    arms = ranking({1: 2.0}), ranking({1: 0.5})
    with pytest.raises(ValueError, match="highest score"):
        fuse(gather(arms, lambda labels: labels), FusionConfig("absolute"))


def test_only_the_ratio_of_weights_matters_to_a_mean() -> None:
    for name in COMPLETING:
        assert by_hand(name, (2.0, 6.0)) == by_hand(name, (0.25, 0.75))


# Through what fuses candidates, one chunk a document.


def candidates(lists: Lists, known: Lists | None = None) -> Candidates:
    """What both arms say; ``known``: scores of what they did not propose."""
    arms = [ranking(of_arm) for of_arm in lists]
    lookups = [lambda labels, of=of: np.array([of.get(label, NAN) for label in labels.tolist()]) for of in known or ()]
    return gather(arms, lambda labels: labels, lookups or None, MOST)


def ranking(scores: dict[int, float]) -> Ranking:
    ordered = sorted(scores, key=lambda label: (-scores[label], label))
    return Ranking(np.array(ordered, dtype=np.uint64), np.array([scores[label] for label in ordered], dtype=np.float32))


def fused(lists: Lists, config: FusionConfig, known: Lists | None = None) -> dict[int, float]:
    found = fuse(candidates(lists, known), config).ranking
    return dict(zip(found.labels.tolist(), found.scores.tolist(), strict=True))


bm25_lists = st.dictionaries(st.integers(0, 40), st.integers(1, 40).map(lambda n: n / 2), max_size=20)
dense_lists = st.dictionaries(st.integers(0, 40), st.integers(-8, 8).map(lambda n: n / 8), max_size=20)
lists = st.tuples(bm25_lists, dense_lists)
known = st.tuples(
    st.dictionaries(st.integers(0, 40), st.integers(1, 40).map(lambda n: n / 4)),
    st.dictionaries(st.integers(0, 40), st.integers(-8, 8).map(lambda n: n / 8)),
)
configs = st.builds(FusionConfig, st.sampled_from(NAMES), st.integers(0, 100))


@given(lists, known, configs)
def test_everything_that_an_arm_proposes_gets_a_number_and_a_place(
    lists: Lists, known: Lists, config: FusionConfig
) -> None:
    for given_scores in (None, known):
        found = fuse(candidates(lists, given_scores), config)
        assert sorted(found.ranking.labels.tolist()) == sorted(lists[0].keys() | lists[1].keys())
        assert np.isfinite(found.ranking.scores).all()
        pairs = list(zip((-found.ranking.scores).tolist(), found.ranking.labels.tolist(), strict=True))
        assert pairs == sorted(pairs)


@given(lists, known, st.sampled_from(NAMES), st.sampled_from([0.5, 1.0, 3.0]), st.sampled_from([0.5, 1.0, 2.0]))
def test_the_order_of_the_arms_says_nothing(
    lists: Lists, known: Lists, name: FusionName, bm25_weight: float, dense_weight: float
) -> None:
    found = candidates(lists, known)
    arms = [
        Evidence(ranks, given := np.nan_to_num(scores, nan=least), given, least, most, weight)
        for ranks, scores, least, most, weight in zip(
            found.ranks, found.scores, LEAST, MOST, (bm25_weight, dense_weight), strict=True
        )
    ]
    one, other = (fused_scores(order, FusionConfig(name)) for order in (arms, arms[::-1]))
    np.testing.assert_array_equal(one.astype(np.float32), other.astype(np.float32))


@given(lists, known, configs)
def test_what_is_better_in_both_arms_is_never_below(lists: Lists, known: Lists, config: FusionConfig) -> None:
    given_scores = candidates(lists, known)
    found = fuse(given_scores, config)
    fused_score = dict(zip(found.ranking.labels.tolist(), found.ranking.scores.tolist(), strict=True))
    told = given_scores.scores if config.name in COMPLETING else tuple(-ranks for ranks in given_scores.ranks)
    told = tuple(np.nan_to_num(values, nan=least) for values, least in zip(told, LEAST, strict=True))
    rows = list(enumerate(given_scores.labels.tolist()))
    for row, label in rows:
        for other, beside in rows:
            if all(values[row] >= values[other] for values in told):
                assert fused_score[label] >= fused_score[beside]


@given(lists, st.sampled_from(BY_SCORE), st.sampled_from([0.25, 2.0, 8.0]), st.sampled_from([0.0, 16.0]))
def test_scales_of_scores_say_nothing(lists: Lists, name: FusionName, factor: float, shift: float) -> None:
    """BM25 may be scaled in every fusion, and shifted where the least possible score does not count."""
    shift = 0.0 if name in COMPLETING else shift  # of what was not proposed the score would have to shift, too
    scaled = {label: factor * score + shift for label, score in lists[0].items()}
    config = FusionConfig(name)
    assert fused((scaled, lists[1]), config) == pytest.approx(fused(lists, config), abs=1e-6)


@given(lists, st.sampled_from(["rrf", "round-robin"]))
def test_fusions_by_rank_look_at_ranks_only(lists: Lists, name: FusionName) -> None:
    squeezed = tuple(
        {label: round(score / 64, 9) + at for label, score in of_arm.items()} for at, of_arm in enumerate(lists)
    )
    assert fused((squeezed[0], squeezed[1]), FusionConfig(name)) == fused(lists, FusionConfig(name))


@given(lists, known, st.integers(1, 25), configs)
def test_candidates_are_cut_as_if_less_had_been_asked_for(
    lists: Lists, known: Lists, depth: int, config: FusionConfig
) -> None:
    full = tuple({**more, **listed} for more, listed in zip(known, lists, strict=True))
    shorter = tuple(dict(list(one_ranking(of_arm).items())[:depth]) for of_arm in lists)
    cut = fuse(candidates(lists, (full[0], full[1])).upto(depth), config)
    asked = fuse(candidates((shorter[0], shorter[1]), (full[0], full[1])), config)
    assert cut.ranking.labels.tolist() == asked.ranking.labels.tolist()
    np.testing.assert_array_equal(cut.ranking.scores, asked.ranking.scores)
    for one, other in zip(cut.ranks, asked.ranks, strict=True):
        np.testing.assert_array_equal(one, other)


def one_ranking(scores: dict[int, float]) -> dict[int, float]:
    return {label: scores[label] for label in ranking(scores).labels.tolist()}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("weights", [(1.0, 0.0), (0.0, 1.0)])
def test_an_arm_without_weight_is_left_out(name: FusionName, weights: tuple[float, float]) -> None:
    lists = {1: 9.0, 2: 5.0, 3: 4.0}, {4: 0.9, 3: 0.8, 5: -0.5}
    found = fuse(candidates(lists, ({4: 1.0, 5: 20.0}, {1: 0.99, 2: 1.0})), weighted(name, *weights))
    assert found.ranking.labels.tolist() == ([1, 2, 3] if weights[0] else [4, 3, 5])
    left_out = found.ranks[1 if weights[0] else 0]
    assert np.isinf(left_out).all()


@pytest.mark.parametrize("name", NAMES)
def test_an_arm_that_found_nothing_leaves_the_order_of_the_other(name: FusionName) -> None:
    assert list(fused(({7: 3.0, 5: 2.0, 6: 2.0}, {}), FusionConfig(name), ({}, {}))) == [7, 5, 6]
    assert list(fused(({}, {7: -0.1, 5: -0.2, 6: -0.2}), FusionConfig(name), ({}, {}))) == [7, 5, 6]
    assert fused(({}, {}), FusionConfig(name), ({}, {})) == {}


@pytest.mark.parametrize("name", NAMES)
def test_equal_scores_and_single_candidates_divide_nothing_by_zero(name: FusionName) -> None:
    single = fused(({1: 2.0}, {2: 0.5}), weighted(name, 1.0, 1.0))
    assert sorted(single) == [1, 2]
    assert np.isfinite(list(single.values())).all()
    alike = {3: 1.5, 1: 1.5, 2: 1.5}, {3: -1.0, 1: -1.0, 2: -1.0}
    config = weighted(name, 1.0, 1.0, 0)
    assert list(fused(alike, config, ({}, {}))) == [1, 2, 3]
    assert np.isfinite(list(fused(alike, config).values())).all()


def test_every_fusion_has_weights_of_its_own() -> None:
    assert set(FUSIONS) == set(NAMES)
    assert FusionConfig("convex").weights_of(ARMS) == (0.2, 0.8)
    assert FusionConfig("convex", 60, (("dense", 0.5),)).weights_of(ARMS) == (0.2, 0.5)
    assert FusionConfig("rrf").weights_of(ARMS) == (1.0, 1.0)


def test_arms_of_one_kind_share_its_weight() -> None:
    three = (*ARMS, ArmSettings("hash", "dense", "hash"))
    assert FusionConfig("convex").weights_of(three) == (0.2, 0.4, 0.4)
    assert FusionConfig("rrf").weights_of(three) == (1.0, 1.0, 1.0)
    assert FusionConfig("absolute", 60, (("hash", 2.0),)).weights_of(three) == (0.35, 0.325, 2.0)


# An independent implementation, in exact or plain arithmetic, a list at a time.


def oracle(lists: Lists, known: Lists, name: FusionName) -> dict[int, float]:
    labels = lists[0].keys() | lists[1].keys()
    total = dict.fromkeys(labels, 0.0)
    weights = FusionConfig(name).weights_of(ARMS)
    for listed, more, weight, least, most in zip(lists, known, weights, LEAST, MOST, strict=True):
        if name in COMPLETING:
            scores = {label: listed.get(label, more.get(label, least)) for label in labels}
            low = min(scores.values(), default=0) if name == "convex-minmax" else least
            high = most if name == "absolute" else max(scores.values(), default=0)
            gains = {label: (score - low) / (high - low) if high > low else 0 for label, score in scores.items()}
            weight /= sum(weights)
        elif name == "rrf":
            gains = {label: float(Fraction(1, 60 + rank)) for rank, label in enumerate(one_ranking(listed), 1)}
        elif name == "round-robin":
            gains = {label: 1 / rank for rank, label in enumerate(one_ranking(listed), 1)}
        elif name == "dbsf":
            spread = statistics.stdev(listed.values()) if len(listed) > 1 else 0
            mean = statistics.fmean(listed.values()) if listed else 0
            gains = {label: (of - mean + 3 * spread) / (6 * spread) if spread else 0.5 for label, of in listed.items()}
        else:
            low, high = min(listed.values(), default=0), max(listed.values(), default=0)
            gains = {label: (of - low) / (high - low) if high > low else 1 for label, of in listed.items()}
        for label, gain in gains.items():
            best = max(total[label], weight * gain)
            total[label] = best if name == "round-robin" else total[label] + weight * gain
    if name == "combmnz":
        return {label: score * ((label in lists[0]) + (label in lists[1])) for label, score in total.items()}
    return total


@given(lists, known, st.sampled_from(NAMES))
def test_against_an_independent_implementation(lists: Lists, known: Lists, name: FusionName) -> None:
    more = known if name in COMPLETING else None
    assert fused(lists, FusionConfig(name), more) == pytest.approx(oracle(lists, known, name), abs=1e-5)
