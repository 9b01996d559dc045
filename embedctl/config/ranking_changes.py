"""The differences between two rankings, in the words of the command line."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, NamedTuple

from .building import StoreSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .building import ArmSettings
    from .ranking import FusionConfig, RankingConfig

Value = str | float
_ARMS = StoreSettings().arms


class RankingChange(NamedTuple):
    """One number or name that differs."""

    name: str
    before: Value
    """``-``: it means nothing there."""
    after: Value

    def __str__(self) -> str:
        return f"{self.name} {value_text(self.before)} -> {value_text(self.after)}"


def changes(
    before: RankingConfig, after: RankingConfig, arms: Sequence[ArmSettings] = _ARMS
) -> tuple[RankingChange, ...]:
    """Return the differences of ``after`` from ``before``; weights of the arms count up to their ratio.

    Parameters that mean nothing to ``after``, such as the constant of another fusion, are left out.
    """
    old, new = settings(before, arms), settings(after, arms)
    names = [name for name in new if old.get(name) != new[name]]
    if before.fusion.name == after.fusion.name and shares(before.fusion, arms) == shares(after.fusion, arms):
        weights = {f"{arm.name} weight" for arm in arms}
        names = [name for name in names if name not in weights]
    return tuple(RankingChange(name, old.get(name, "-"), new[name]) for name in names)


def settings(ranking: RankingConfig, arms: Sequence[ArmSettings] = _ARMS) -> dict[str, Value]:
    """Return the parameters that mean something to this ranking, by their names."""
    fusion = ranking.fusion
    listed = {name: getattr(ranking, name) for name in ("rewriters", "rerankers")}
    return {
        "fusion": fusion.name,
        **{f"{arm.name} weight": weight for arm, weight in zip(arms, fusion.weights_of(arms), strict=True)},
        **({"rrf k": fusion.rrf_k} if fusion.name == "rrf" else {}),
        **{f"bm25 {one.name}": getattr(ranking.bm25, one.name) for one in fields(ranking.bm25)},
        "candidates": ranking.candidates,
        **{one.name: "on" if getattr(ranking.feedback, one.name) else "off" for one in fields(ranking.feedback)},
        **{name: ", ".join(names) for name, names in listed.items() if names},
    }


def shares(fusion: FusionConfig, arms: Sequence[ArmSettings] = _ARMS) -> tuple[float, ...]:
    """Return each arm's share of all weights, from 0 to 1; equal shares where no arm has a weight."""
    weights = fusion.weights_of(arms)
    total = sum(weights)
    return tuple(round(weight / total, 6) if total else 1 / len(arms) for weight in weights)


def value_text(value: Value) -> str:
    """Return a value of :func:`settings` as it is shown."""
    return value if isinstance(value, str) else f"{value:g}"
