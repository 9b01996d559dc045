"""Which rankings ``tune`` looks at, and which of two is the simpler one.

The space is small on purpose: every further value is another chance to be lucky on the queries at hand. It is walked
one coordinate at a time, all others held: the fusion with a few weights, then its weights and its constant more finely,
each number of BM25, feedback, and how many candidates each arm proposes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ...config import FUSIONS, FeedbackConfig, FusionConfig
from ...config.ranking_changes import shares

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ...config import ArmSettings, RankingConfig

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
