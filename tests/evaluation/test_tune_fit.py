"""Choosing by some queries and measuring on others, on scores that are made up: no store, exact expectations."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from embedctl.config import FeedbackConfig, FusionConfig, FusionName, RankingConfig, StoreSettings
from embedctl.config.measuring import TuneConfig
from embedctl.config.ranking_changes import changes
from embedctl.evaluation.significance import Difference
from embedctl.evaluation.tuning.fit import BM25, Space, choose, cross_validate, fit
from embedctl.evaluation.tuning.tuning import is_shown

DEFAULT = RankingConfig()
CONVEX = replace(DEFAULT, fusion=FusionConfig("convex"))
DEEP = replace(CONVEX, candidates=1_000)
Score = Callable[[RankingConfig], NDArray[np.float64]]


SPACE = Space(StoreSettings().arms)


def weighted(name: FusionName, dense: float, rrf_k: int = 60) -> FusionConfig:
    return SPACE.weighted(FusionConfig(name, rrf_k), "dense", dense)


def rows(count: int) -> NDArray[np.intp]:
    return np.arange(count)


def noise(ranking: RankingConfig, count: int) -> NDArray[np.float64]:
    """Numbers between 0 and 1 that depend on the ranking only."""
    return np.random.default_rng(zlib.crc32(repr(ranking).encode())).random(count)


def planted(best: RankingConfig, count: int = 40, spread: float = 0.0) -> Score:
    """Scores that fall with the distance from one ranking, on every query alike but for some noise."""

    def score(ranking: RankingConfig) -> NDArray[np.float64]:
        wrong = len(changes(best, ranking)) + len(changes(ranking, best))
        return 0.9 - 0.05 * wrong + spread * (noise(ranking, count) - 0.5)

    return score


@pytest.mark.parametrize(
    "best",
    [
        DEFAULT,
        replace(DEFAULT, fusion=weighted("rrf", 0.7, 20)),
        replace(DEFAULT, fusion=weighted("rrf", 0.0)),
        replace(DEFAULT, fusion=weighted("convex", 0.5), bm25=replace(DEFAULT.bm25, title=2.0, path=0.0)),
        replace(DEFAULT, feedback=FeedbackConfig(rm3=True), candidates=300),
    ],
    ids=lambda best: ", ".join(map(str, changes(DEFAULT, best))) or "default",
)
def test_what_is_best_on_every_query_is_found_from_anywhere(best: RankingConfig) -> None:
    for start in (DEFAULT, DEEP):
        assert fit(planted(best), start, rows(40), SPACE) == best


def test_what_is_better_by_less_than_its_error_is_left_for_the_default() -> None:
    before = np.linspace(0.2, 0.8, 16)
    step = np.where(rows(16) % 2 == 0, 1.0, -1.0)
    error = np.std(step, ddof=1) / 4  # of the mean of 16
    for gain, expected in ((0.9 * error, DEFAULT), (1.1 * error, CONVEX)):
        scores = {DEFAULT: before, CONVEX: before + 0.1 * (step + gain)}
        assert choose([DEFAULT, CONVEX], scores.__getitem__, rows(16), SPACE) == expected
        assert choose([CONVEX, DEFAULT], scores.__getitem__, rows(16), SPACE) == expected


def test_of_equals_the_one_with_fewer_changes_is_taken() -> None:
    scores = {DEFAULT: np.full(8, 0.1), CONVEX: np.full(8, 0.5), DEEP: np.full(8, 0.5)}
    assert choose([DEFAULT, DEEP, CONVEX], scores.__getitem__, rows(8), SPACE) == CONVEX


def test_one_arm_alone_is_simpler_than_another_fusion_and_another_weight_simpler_than_both() -> None:
    ways = [weighted("rrf", 0.6), weighted("rrf", 0.0), FusionConfig("convex"), weighted("convex", 0.7)]
    far = [SPACE.distance(replace(DEFAULT, fusion=fusion), DEFAULT) for fusion in ways]
    assert SPACE.distance(DEFAULT, DEFAULT) == (0, 0)
    assert far == sorted(far)


def test_held_out_queries_take_no_part_in_the_choice() -> None:
    """Rankings are equally good, and each is lucky on some queries: what is fitted looks better than it is."""

    fitted, held_out = [], []
    for chance in range(4):

        def lucky(ranking: RankingConfig, chance: int = chance) -> NDArray[np.float64]:
            return noise(replace(ranking, reranked=1_000 + chance), 200)

        fitted.append(lucky(fit(lucky, DEFAULT, rows(200), SPACE)).mean())
        found, chosen = cross_validate(lucky, DEFAULT, [str(at) for at in range(200)], TuneConfig(), SPACE)
        assert len(set(chosen)) > 1
        held_out.append(found.mean())
    assert np.mean(held_out) < 0.515 < 0.525 < np.mean(fitted)


def test_a_gain_on_every_query_is_one_on_held_out_queries() -> None:
    groups = [str(at) for at in range(30)]
    found, chosen = cross_validate(planted(CONVEX, 30, 0.05), DEFAULT, groups, TuneConfig(), SPACE)
    assert set(chosen) == {CONVEX}
    assert found == pytest.approx(planted(CONVEX, 30, 0.05)(CONVEX))


def test_queries_of_one_text_are_never_on_both_sides() -> None:
    """What is best for one text is worst for the other: only who has seen both stays with the default."""
    groups = [f"text {at % 2}" for at in range(40)]

    def score(ranking: RankingConfig) -> NDArray[np.float64]:
        if ranking == DEFAULT:
            return np.full(40, 0.5)
        favourite = int(ranking.fusion.name == "convex")
        return np.array([float(at % 2 == favourite) for at in range(40)])

    assert cross_validate(score, DEFAULT, groups, TuneConfig(), SPACE)[0] == pytest.approx(np.zeros(40))
    alone, _ = cross_validate(score, DEFAULT, [str(at) for at in range(40)], TuneConfig(), SPACE)
    assert alone.mean() > 0.3


@pytest.mark.parametrize(
    ("gain", "shown"),
    [
        (Difference(0.02, 0.001, 0.04, 0.049, 9, 1, 0), True),
        (Difference(0.02, 0.001, 0.04, 0.05, 9, 1, 0), False),
        (Difference(0.02, 0.0, 0.04, 0.01, 9, 1, 0), False),
        (Difference(-0.02, -0.04, -0.001, 0.01, 9, 1, 0), False),
    ],
)
def test_a_gain_needs_both_an_interval_above_zero_and_a_small_p(gain: Difference, shown: bool) -> None:
    assert is_shown(gain, TuneConfig().significance.alpha) == shown


def test_the_same_scores_give_the_same_result() -> None:
    groups = [str(at) for at in range(25)]
    one, other = (cross_validate(lambda of: noise(of, 25), DEFAULT, groups, TuneConfig(), SPACE) for _ in range(2))
    assert one[1] == other[1]
    assert np.array_equal(one[0], other[0])


def test_every_step_changes_one_thing_and_every_number_has_its_default_among_its_values() -> None:
    for options in SPACE.coordinates():
        kinds = {frozenset(change.name for change in changes(DEFAULT, one)) for one in options(DEFAULT)}
        names = frozenset().union(*kinds)
        assert (
            names <= {"fusion", "bm25 weight", "dense weight", "rrf k"}
            or len(names) == 1
            or names == {"rm3", "rocchio"}
        )
        assert DEFAULT in options(DEFAULT)
    assert {name: getattr(DEFAULT.bm25, name) in values for name, values in BM25.items()} == dict.fromkeys(BM25, True)
