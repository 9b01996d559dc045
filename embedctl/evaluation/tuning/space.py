"""Which rankings ``tune`` looks at, and which of two is the simpler one.

The space is small on purpose: every further value is another chance to be lucky on the queries at hand. It is walked
one coordinate at a time, all others held: the fusion with a few weights, then its weights and its constant more finely,
each number of BM25, feedback, and how many candidates each arm proposes.
"""

from __future__ import annotations

import math
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from ...config import FUSION_WEIGHTS, FeedbackConfig, FusionConfig
from ...config.ranking_changes import dense_share

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ...config import FusionName, RankingConfig

COARSE_SHARES = (0.2, 0.5, 0.8)
"""Of the dense arm in the sum of both weights, where fusions are compared; each is tried with its own weights, too."""
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
RRF_CONSTANTS = (5, 20, 60, 200)
UNWEIGHTED: frozenset[FusionName] = frozenset(("round-robin",))
"""Fusions in which arms take turns, so that weights between on and off mean little."""
CANDIDATES = (30, 100, 300, 1_000)
BM25: dict[str, tuple[float, ...]] = {
    "title": (0.0, 0.25, 0.5, 1.0, 2.0),
    "path": (0.0, 0.25, 0.5, 1.0),
    "delta": (0.0, 0.3, 0.6, 1.0),
}
"""Weights of fields, of which only the ratio to the body's matters, and the lower bound of BM25+, which does what a
smaller ``b`` does. ``k1`` and ``b`` themselves are constants of Tantivy."""


def coordinates() -> Iterator[Callable[[RankingConfig], list[RankingConfig]]]:
    """Yield one function for each coordinate: from a ranking to those that differ from it there, and nowhere else."""
    yield _feedback
    yield _fusions
    yield _shares
    yield _constants
    for name, values in BM25.items():
        yield _bm25(name, values)
    yield _depths


def distance(ranking: RankingConfig, start: RankingConfig) -> tuple[int, float]:
    """Return how far ``ranking`` is from ``start``: in how many parameters, and by how much in all of them.

    Another fusion is farther than any other weight of the same one; dropping an arm is a weight, too.
    """
    numbers: list[tuple[float, float]] = [
        (float(ranking.fusion.name != start.fusion.name), 0.0),
        (dense_share(ranking.fusion), _usual_share(ranking, start)),
        (_log(ranking.candidates), _log(start.candidates)),
    ]
    if ranking.fusion.name == "rrf":
        numbers.append((_log(ranking.fusion.rrf_k), _log(start.fusion.rrf_k)))
    for part, of_start in ((ranking.bm25, start.bm25), (ranking.feedback, start.feedback)):
        numbers += ((float(getattr(part, one.name)), float(getattr(of_start, one.name))) for one in fields(part))
    steps = [abs(one - other) for one, other in numbers if one != other]
    return len(steps), sum(steps)


def weighted(name: FusionName, share: float, rrf_k: int = FusionConfig().rrf_k) -> FusionConfig:
    """Return a fusion in which the dense arm has this share of the weights; those of the fusion where they have it."""
    plain = FusionConfig(name, rrf_k)
    if dense_share(plain) == share:
        return plain
    return replace(plain, bm25_weight=round(1.0 - share, 6), dense_weight=share)


def _usual_share(ranking: RankingConfig, start: RankingConfig) -> float:
    """Return the share to measure from: weights of one fusion say nothing about those of another."""
    return dense_share(start.fusion if ranking.fusion.name == start.fusion.name else FusionConfig(ranking.fusion.name))


def _fusions(ranking: RankingConfig) -> list[RankingConfig]:
    found: dict[FusionConfig, None] = {}
    for name in FUSION_WEIGHTS:
        found[FusionConfig(name)] = None
        found |= {weighted(name, share): None for share in COARSE_SHARES if name not in UNWEIGHTED}
    found |= {weighted("rrf", share): None for share in (0.0, 1.0)}  # one arm alone, whatever the fusion
    return [replace(ranking, fusion=fusion) for fusion in found]


def _shares(ranking: RankingConfig) -> list[RankingConfig]:
    name, rrf_k = ranking.fusion.name, ranking.fusion.rrf_k
    shares = () if name in UNWEIGHTED else SHARES
    return [replace(ranking, fusion=weighted(name, share, rrf_k)) for share in shares]


def _constants(ranking: RankingConfig) -> list[RankingConfig]:
    if ranking.fusion.name != "rrf" or dense_share(ranking.fusion) in (0.0, 1.0):
        return []
    return [replace(ranking, fusion=replace(ranking.fusion, rrf_k=constant)) for constant in RRF_CONSTANTS]


def _bm25(name: str, values: tuple[float, ...]) -> Callable[[RankingConfig], list[RankingConfig]]:
    def options(ranking: RankingConfig) -> list[RankingConfig]:
        if dense_share(ranking.fusion) == 1.0:  # BM25 is not listened to
            return []
        changed: list[dict[str, Any]] = [{name: value} for value in values]
        return [replace(ranking, bm25=replace(ranking.bm25, **one)) for one in changed]

    return options


def _feedback(ranking: RankingConfig) -> list[RankingConfig]:
    return [
        replace(ranking, feedback=FeedbackConfig(rm3, rocchio)) for rm3 in (False, True) for rocchio in (False, True)
    ]


def _depths(ranking: RankingConfig) -> list[RankingConfig]:
    return [replace(ranking, candidates=count) for count in CANDIDATES]


def _log(count: int) -> float:
    return math.log2(max(count, 1))
