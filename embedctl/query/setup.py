"""Everything that the queries of a batch have in common, opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ..arms import ARMS
from ..errors import UsageError
from ..registry import nearest

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
        kind: ArmKind = ARMS.load(arm.kind)
        return kind

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
