"""Choosing a ranking by scores of judged queries, and what that is worth on queries it was not chosen by.

Everything here is arithmetic on one function, ``score``: from a ranking to its score on each query.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...config import RankingConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from ...config.measuring import TuneConfig
    from .space import Space

    Scores = NDArray[np.float64]
    Rows = NDArray[np.intp]
    Score = Callable[[RankingConfig], Scores]
    """Gives float64 ``(queries,)``; asked for the same ranking again, it gives the same scores."""

_PASSES = 2
"""Through all coordinates; the second mends what an early coordinate took before a later one had moved."""


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
