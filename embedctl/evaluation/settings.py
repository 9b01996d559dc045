"""Which settings are compared: the one in use, each arm alone, and every fusion with everything else left as it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from ..config import FusionName, QueryConfig, RankingRequest
from ..errors import UsageError
from ..query.validate import checked, settled
from ..registry import nearest

if TYPE_CHECKING:
    from ..config import RankingConfig
    from ..config.measuring import EvaluationConfig

Compared = Literal["bm25", "dense"] | FusionName

STORED = "stored"
"""What the store does unless a query says otherwise, where it is neither in use nor among the others."""
ALONE = "in-use"


class Candidate(NamedTuple):
    """A setting that is to be measured."""

    name: str
    config: QueryConfig
    ranking: RankingConfig
    in_use: bool


def compared(config: EvaluationConfig, own: RankingConfig) -> list[Candidate]:
    """Return the settings: the arms, the fusions, the store's own where it is none of them; one of them is in use.

    Args:
        config: what is asked for.
        own: how the store ranks.

    Raises:
        UsageError: a number or name is out of range.
    """
    names: tuple[Compared, ...] = ("bm25", "dense", *get_args(FusionName))
    for name in config.only:
        if name not in (*names, STORED, ALONE):
            raise UsageError(
                f'There is no setting "{name}".{nearest(name, names)}', f"Choose among: {', '.join(names)}."
            )
    query = checked(config.query)
    ranking = settled(query, own)
    chosen = _name(query, ranking)
    settings = [_candidate(name, query, own, name == chosen) for name in names]
    stored = replace(query, mode=QueryConfig().mode, ranking=RankingRequest())
    known = {(setting.config.mode, setting.ranking) for setting in settings}
    if (stored.mode, settled(stored, own)) not in known:
        settings.append(Candidate(STORED, stored, settled(stored, own), in_use=False))
    return [setting for setting in settings if setting.in_use or not config.only or setting.name in config.only]


def _name(query: QueryConfig, ranking: RankingConfig) -> str:
    return ranking.fusion.name if query.mode == "hybrid" else query.mode


def _candidate(name: Compared, query: QueryConfig, own: RankingConfig, in_use: bool) -> Candidate:
    if in_use:
        config = query
    elif name == "bm25":
        config = replace(query, mode="bm25", min_cosine=None)
    elif name == "dense":
        config = replace(query, mode="dense", min_bm25=None)
    else:  # the weights of one fusion are none of another
        config = replace(
            query, mode="hybrid", ranking=replace(query.ranking, fusion=name, bm25_weight=None, dense_weight=None)
        )
    return Candidate(name, config, settled(config, own), in_use)
