"""A query's configuration, looked at once before anything is asked: whatever passes gives finite scores."""

from __future__ import annotations

import math
from dataclasses import astuple, replace
from typing import TYPE_CHECKING, get_args

from ..config import LEAST_WEIGHT, MOST_WEIGHT, DensePlan, FusionName, Mode, QueryEncoder
from ..config.setting import out_of_range
from ..errors import UsageError
from ..registry import nearest
from .rerankers import RERANKERS
from .rewriters import REWRITERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..config import ArmSettings, QueryConfig, RankingConfig

_HINT = "See docs/query.md."


def validated(config: QueryConfig, n: int | None = None) -> QueryConfig:
    """Return ``config``, with ``n`` hits where that is given.

    Raises:
        UsageError: a number is out of range or not a number, or a name is unknown.
    """
    config = config if n is None else replace(config, n=n)
    ranking = config.ranking
    choices: tuple[tuple[str, str | None, tuple[str, ...]], ...] = (
        ("mode", config.mode, get_args(Mode)),
        ("dense plan", config.dense, get_args(DensePlan)),
        ("query encoder", config.encoder, get_args(QueryEncoder)),
        ("fusion", ranking.fusion, get_args(FusionName)),
    )
    for told, name, known in choices:
        if name is not None and name not in known:
            raise UsageError(
                f'There is no {told} "{name}".{nearest(name, known)}', f"Choose one of: {', '.join(known)}."
            )
    for sentence in out_of_range(config, ranking):
        raise UsageError(sentence, _HINT)
    fields = (ranking.body, ranking.title, ranking.path, ranking.delta)
    weights = (*ranking.weights.values(), *fields)
    if not all(not weight or LEAST_WEIGHT <= weight <= MOST_WEIGHT for weight in weights):
        raise UsageError(f"A weight must be 0, or from {LEAST_WEIGHT:f} to {MOST_WEIGHT:,}.", _HINT)
    for registry, names in ((REWRITERS, ranking.rewriters), (RERANKERS, ranking.rerankers)):
        for name in names or ():
            registry.load(name)
    if not all(map(math.isfinite, config.min_scores.values())):
        raise UsageError("A threshold is not a finite number.", "Give one, or leave it out.")
    return config


def settled(config: QueryConfig, own: RankingConfig, arms: Sequence[ArmSettings]) -> RankingConfig:
    """Return how the hits of a validated ``config`` are ranked in a store whose own ranking is ``own``.

    Args:
        config: of the query.
        own: of the store.
        arms: those that the query asks.

    Raises:
        UsageError: a weight or threshold is of an arm that is not asked, or nothing has a weight.
    """
    ranking = config.ranking.applied_to(own)
    names = [arm.name for arm in arms]
    for what, given in (("weight", config.ranking.weights), ("threshold", config.min_scores)):
        for name in given:
            if name not in names and (what == "threshold" or len(arms) > 1):
                raise UsageError(
                    f'There is a {what} for the arm "{name}", which this query does not ask.{nearest(name, names)}',
                    f"It asks: {', '.join(names)}.",
                )
    if len(arms) > 1 and not any(ranking.fusion.weights_of(arms)):
        few = "Both arms" if len(arms) == 2 else "All arms"
        raise UsageError(f"{few} have the weight 0, so that nothing can be found.", "Give one of them a weight.")
    if any(arm.kind == "bm25" for arm in arms) and not any(astuple(replace(ranking.bm25, delta=0.0))):
        raise UsageError("All fields have the weight 0, so that BM25 finds nothing.", "Give one of them a weight.")
    return ranking
