"""Choosing a ranking by scores of judged queries, and what that is worth on queries it was not chosen by.

The choice is arithmetic on one function, ``score``: from a ranking to its score on each query.

The space is small on purpose: every further value is another chance to be lucky on the queries at hand. It is walked
one coordinate at a time, all others held: the fusion with a few weights, then its weights and its constant more finely,
each number of BM25, feedback, and how many candidates each arm proposes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ...config import FUSIONS, FeedbackConfig, FusionConfig, RankingConfig
from ...config.ranking_changes import shares

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from ...config import ArmSettings
    from ...config.measuring import TuneConfig

    Scores = NDArray[np.float64]
    Rows = NDArray[np.intp]
    Score = Callable[[RankingConfig], Scores]
    """Gives float64 ``(queries,)``; asked for the same ranking again, it gives the same scores."""

_PASSES = 2
"""Through all coordinates; the second mends what an early coordinate took before a later one had moved."""
COARSE_SHARES = (0.2, 0.5, 0.8)
"""Of the dense arm in the sum of both weights, where fusions are compared; each is tried with its own weights, too."""
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
RRF_CONSTANTS = (5, 20, 60, 200)
CANDIDATES = (30, 100, 300, 1_000)
BM25: dict[str, tuple[float, ...]] = {
    "title": (0.0, 0.25, 0.5, 1.0, 2.0),
    "path": (0.0, 0.25, 0.5, 1.0),
    "delta": (0.0, 0.3, 0.6, 1.0),
}
"""Weights of fields, of which only the ratio to the body's matters, and the lower bound of BM25+, which does what a
smaller ``b`` does. ``k1`` and ``b`` themselves are constants of Tantivy."""


@dataclass(frozen=True, slots=True)
class Space:
    """The rankings of some arms."""

    arms: tuple[ArmSettings, ...]

    def coordinates(self) -> Iterator[Callable[[RankingConfig], list[RankingConfig]]]:
        """Yield a function for each coordinate: from a ranking to those that differ from it there, and nowhere else."""
        yield _feedback
        yield self._fusions
        for arm in self.arms[1:]:  # the share of the first one is what they leave
            yield partial(self._shares, arm=arm.name)
        yield self._constants
        for name, values in BM25.items():
            yield partial(self._bm25, name=name, values=values)
        yield _depths

    def distance(self, ranking: RankingConfig, start: RankingConfig) -> tuple[int, float]:
        """Return how far ``ranking`` is from ``start``: in how many parameters, and by how much in all of them.

        Another fusion is farther than any other weight of the same one; dropping an arm is a weight, too.
        """
        usual = start.fusion if ranking.fusion.name == start.fusion.name else FusionConfig(ranking.fusion.name)
        numbers: list[tuple[float, float]] = [
            (float(ranking.fusion.name != start.fusion.name), 0.0),
            *zip(shares(ranking.fusion, self.arms)[1:], shares(usual, self.arms)[1:], strict=True),
            (_log(ranking.candidates), _log(start.candidates)),
        ]
        if ranking.fusion.name == "rrf":
            numbers.append((_log(ranking.fusion.rrf_k), _log(start.fusion.rrf_k)))
        for part, of_start in ((ranking.bm25, start.bm25), (ranking.feedback, start.feedback)):
            numbers += ((float(getattr(part, one.name)), float(getattr(of_start, one.name))) for one in fields(part))
        steps = [abs(one - other) for one, other in numbers if one != other]
        return len(steps), sum(steps)

    def weighted(self, fusion: FusionConfig, arm: str, share: float) -> FusionConfig:
        """Return a fusion in which ``arm`` has this share of the weights; the others share the rest as they do now."""
        names = [one.name for one in self.arms]
        now = dict(zip(names, shares(fusion, self.arms), strict=True))
        if now[arm] == share:
            return fusion
        rest = sum(now.values()) - now[arm]
        of_rest = {name: now[name] / rest if rest else 1 / (len(names) - 1) for name in names if name != arm}
        weights = {name: round((1.0 - share) * part, 6) for name, part in of_rest.items()} | {arm: share}
        return replace(fusion, weights=tuple(sorted(weights.items())))

    def _fusions(self, ranking: RankingConfig) -> list[RankingConfig]:
        found: dict[FusionConfig, None] = {}
        for name, record in FUSIONS.items():
            plain = FusionConfig(name)
            found[plain] = None
            for arm in self.arms[1:] if record.weighted else ():
                found |= {self.weighted(plain, arm.name, share): None for share in COARSE_SHARES}
        for arm in self.arms:  # alone, whatever the fusion
            found[self.weighted(FusionConfig(), arm.name, 1.0)] = None
        return [replace(ranking, fusion=fusion) for fusion in found]

    def _shares(self, ranking: RankingConfig, arm: str) -> list[RankingConfig]:
        tried = SHARES if ranking.fusion.record.weighted else ()
        plain = FusionConfig(ranking.fusion.name, ranking.fusion.rrf_k) if len(self.arms) == 2 else ranking.fusion
        return [replace(ranking, fusion=self.weighted(plain, arm, share)) for share in tried]

    def _constants(self, ranking: RankingConfig) -> list[RankingConfig]:
        if ranking.fusion.name != "rrf" or max(shares(ranking.fusion, self.arms)) == 1.0:
            return []
        return [replace(ranking, fusion=replace(ranking.fusion, rrf_k=constant)) for constant in RRF_CONSTANTS]

    def _bm25(self, ranking: RankingConfig, name: str, values: tuple[float, ...]) -> list[RankingConfig]:
        weights = zip(self.arms, shares(ranking.fusion, self.arms), strict=True)
        if not any(share for arm, share in weights if arm.kind == "bm25"):  # it has no say
            return []
        changed: list[dict[str, Any]] = [{name: value} for value in values]
        return [replace(ranking, bm25=replace(ranking.bm25, **one)) for one in changed]


def _feedback(ranking: RankingConfig) -> list[RankingConfig]:
    return [
        replace(ranking, feedback=FeedbackConfig(rm3, rocchio)) for rm3 in (False, True) for rocchio in (False, True)
    ]


def _depths(ranking: RankingConfig) -> list[RankingConfig]:
    return [replace(ranking, candidates=count) for count in CANDIDATES]


def _log(count: int) -> float:
    return math.log2(max(count, 1))


def fit(score: Score, start: RankingConfig, rows: Rows, space: Space) -> RankingConfig:
    """Return the ranking to take by the queries in ``rows``: coordinate descent from ``start``.

    In each coordinate, :func:`choose` decides. ``start`` is always among what is chosen from.
    """
    found = start
    for _ in range(_PASSES):
        before = found
        for options in space.coordinates():
            found = choose([found, *options(found)], score, rows, space)
        if found == before:
            break
    return found


def choose(options: Sequence[RankingConfig], score: Score, rows: Rows, space: Space) -> RankingConfig:
    """Return the simplest of those that are as good as the best, by the one-standard-error rule.

    Breiman, Friedman, Olshen and Stone, "Classification and Regression Trees", 1984, section 3.4.3: of all that come
    within one standard error of the best, take the simplest. Here the error is that of the mean difference to the best
    on the same queries, and the simplest is nearest to the default ranking; among equals the first option is taken.
    """
    scores = np.stack([score(option)[rows] for option in options])
    best = int(scores.mean(axis=1).argmax())
    behind = scores[best] - scores
    error = behind.std(axis=1, ddof=1) / np.sqrt(len(rows)) if len(rows) > 1 else np.zeros(len(options))
    near = np.flatnonzero(behind.mean(axis=1) <= error + 1e-12)
    default = RankingConfig()

    def order(at: int) -> tuple[int, float, int]:
        parameters, steps = space.distance(options[at], default)
        return parameters, round(steps, 6), at

    return options[min(near.tolist(), key=order)]


def cross_validate(
    score: Score, start: RankingConfig, groups: Sequence[str], config: TuneConfig, space: Space
) -> tuple[Scores, list[RankingConfig]]:
    """Return what :func:`fit` is worth: in each fold it sees the other folds only.

    The held-out queries take no part in any choice, so that the whole of the search is what is measured, not its
    result (Stone, "Cross-validatory choice and assessment of statistical predictions", 1974).

    ``groups``: one for each query; queries of one group (the same text) are never on both sides.

    Returns:
        float64 ``(queries,)``, the score of each query by the rankings that were chosen without it, mean over the
        repeats; and the ranking that each fold of each repeat chose.
    """
    generator = np.random.default_rng(config.significance.seed)
    total, repeats = np.zeros(len(groups)), config.repeats(len(groups))
    chosen: list[RankingConfig] = []
    for _ in range(repeats):
        fold_of = _folds(groups, config.folds, generator)
        for fold in range(int(fold_of.max()) + 1):
            ranking = fit(score, start, np.flatnonzero(fold_of != fold), space)
            held = np.flatnonzero(fold_of == fold)
            total[held] += score(ranking)[held]
            chosen.append(ranking)
    return total / repeats, chosen


def _folds(groups: Sequence[str], folds: int, generator: np.random.Generator) -> Rows:
    """Return the fold of each query, intp ``(queries,)``: all folds of the same number of groups, give or take one."""
    names = list(dict.fromkeys(groups))
    places = generator.permutation(len(names))
    fold_of = {name: int(place) % min(folds, len(names)) for name, place in zip(names, places, strict=True)}
    return np.array([fold_of[group] for group in groups], dtype=np.intp)
