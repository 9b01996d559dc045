"""The settings that are compared: the one in use, each arm alone, and every fusion with everything else as it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, get_args

from ..config import FusionName, QueryConfig, RankingRequest
from ..errors import UsageError
from ..query.setup import settled, validated
from ..registry import nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..config import ArmSettings, RankingConfig
    from ..config.measuring import EvaluationConfig

    ArmsOf = Callable[[QueryConfig], tuple[ArmSettings, ...]]

STORED = "stored"
"""The store's own ranking, where it is neither in use nor among the others."""
ALONE = "in-use"


class Candidate(NamedTuple):
    """A setting that is to be measured."""

    name: str
    config: QueryConfig
    ranking: RankingConfig
    """With a weight for every arm that is compared."""
    arms: tuple[ArmSettings, ...]
    in_use: bool


def compared(config: EvaluationConfig, own: RankingConfig, arms_of: ArmsOf) -> list[Candidate]:
    """Return the settings: the arms, the fusions, the store's own where it is none of them; one of them is in use.

    ``config`` names the one in use, whose arms are those that are compared; of one arm, the store's default arms.
    ``own`` is the store's ranking, and ``arms_of`` returns the arms that a query asks.

    Raises:
        UsageError: a number or name is out of range.
    """
    query = validated(config.query)
    used = arms_of(query)
    together = used if len(used) > 1 else arms_of(QueryConfig())
    arms = {arm.name: arm for arm in (*together, *used)}
    names = (*arms, *(get_args(FusionName) if len(together) > 1 else ()))
    for name in config.only:
        if name not in (*names, STORED, ALONE):
            raise UsageError(
                f'There is no setting "{name}".{nearest(name, names)}', f"Choose among: {', '.join(names)}."
            )
    chosen = settled(query, own, used).fusion.name if len(used) > 1 else used[0].name

    def candidate(name: str, asked: QueryConfig, in_use: bool = False) -> Candidate:
        of = arms_of(asked)
        ranking = settled(asked, own, of)
        weights = tuple(sorted(zip(arms, ranking.fusion.weights_of([*arms.values()]), strict=True)))
        return Candidate(name, asked, replace(ranking, fusion=replace(ranking.fusion, weights=weights)), of, in_use)

    settings = [
        candidate(name, query if name == chosen else _varied(query, name, together, arms), name == chosen)
        for name in names
    ]
    stored = candidate(STORED, replace(_of(query, together), ranking=RankingRequest(), min_scores={}))
    if (stored.arms, stored.ranking) not in {(setting.arms, setting.ranking) for setting in settings}:
        settings.append(stored)
    return [setting for setting in settings if setting.in_use or not config.only or setting.name in config.only]


def _of(query: QueryConfig, arms: tuple[ArmSettings, ...]) -> QueryConfig:
    return replace(query, mode="hybrid", arms=tuple(arm.name for arm in arms))


def _varied(
    query: QueryConfig, name: str, together: tuple[ArmSettings, ...], arms: dict[str, ArmSettings]
) -> QueryConfig:
    """Return the query by one arm, or by another fusion: the weights of one fusion are not those of another."""
    asked = (arms[name],) if name in arms else together
    kept = {arm.name for arm in asked}
    ranking = replace(query.ranking, weights={})
    if name not in arms:
        ranking = replace(ranking, fusion=name)  # type: ignore[arg-type]
    least = {arm: value for arm, value in query.min_scores.items() if arm in kept}
    return replace(_of(query, asked), ranking=ranking, min_scores=least)
