"""Everything that the queries of a batch have in common: checked before anything is asked, then opened."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass, field, replace
from typing import TYPE_CHECKING, Literal, get_args

from ..config import LEAST_WEIGHT, MOST_WEIGHT, DensePlan, FusionName, Mode, QueryEncoder
from ..config.setting import out_of_range
from ..errors import UsageError
from ..index.pieces import kind_of
from ..registry import nearest
from .rerankers import RERANKERS
from .rewriters import REWRITERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..arms.kind import ArmKind
    from ..config import ArmSettings, QueryConfig, RankingConfig, StoreSettings
    from ..contracts import Allowed, Arm, Vectors
    from ..index.open import Index
    from ..store.manifest import IndexRecord

    Encode = Callable[[str, Sequence[str]], Vectors]

SettledBy = Literal["default", "tuned", "asked"]
"""Origin of the ranking's settings."""


@dataclass(frozen=True, slots=True)
class Setup:
    """How queries are answered from one snapshot."""

    index: Index
    arms: tuple[ArmSettings, ...]
    """Those to ask; arms that search text come first, since encoders take their time."""
    config: QueryConfig
    ranking: RankingConfig
    encode: Encode
    """Field and texts to float32 ``(n, dim)``."""
    encoded_by: Callable[[str], str]
    """Field to the encoder's name and how it is run, in words."""
    allowed: Allowed | None = None
    roots: Mapping[str, str] = field(default_factory=dict)
    """Source -> its root."""
    settled_by: SettledBy = "default"
    """The origin of ``ranking``: the default, what the store was tuned to, or what the query asks for."""
    at_most: int = 0
    """Hits to return where that is more than ``config.n``, if they are there: arms are asked for no more."""
    queries: int = 1
    """As in :class:`~embedctl.contracts.ArmRequest`."""

    @property
    def depth(self) -> int:
        """Rows that each arm is asked for at first."""
        return max(self.ranking.candidates, self.config.n)

    @property
    def most(self) -> int:
        """Hits to return at most."""
        return max(self.config.n, self.at_most)

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields in which queries need a vector."""
        return tuple(dict.fromkeys(arm.field for arm in self.arms if arm.field is not None))

    def kind(self, arm: ArmSettings) -> ArmKind:
        """Return the kind of an arm."""
        return kind_of(arm.kind)

    def opened(self, arm: ArmSettings) -> Arm:
        """Return an arm, opened."""
        return self.index.arm(arm.name)


def asked_arms(config: QueryConfig, settings: StoreSettings, index: IndexRecord) -> tuple[ArmSettings, ...]:
    """Return the arms that a query asks: those it names, that of its mode, or the store's default arms.

    Raises:
        UsageError: the index has no such arm.
    """
    if config.arms:
        names = tuple(dict.fromkeys(config.arms))
    elif config.mode == "hybrid":
        names = settings.default_arms
    else:
        names = (config.mode,)
    known = {arm.name: arm for arm in index.settings.arms if arm.name in index.arms}
    for name in names:
        if name not in known:
            waiting = any(arm.name == name for arm in settings.arms)
            raise UsageError(
                f'The index has no arm "{name}"{" yet" if waiting else ""}.{"" if waiting else nearest(name, known)}',
                'Finish it with "embedctl index --no-refresh".' if waiting else f"It has: {', '.join(known)}.",
            )
    return tuple(sorted((known[name] for name in names), key=lambda arm: arm.field is not None))


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
