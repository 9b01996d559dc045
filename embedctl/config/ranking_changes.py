"""In what one ranking is another one than a second, in the words of the command line."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .ranking import FusionConfig, RankingConfig

Value = str | float


class RankingChange(NamedTuple):
    """One number or name of a ranking that is another one than before."""

    name: str
    before: Value
    """``-``: it means nothing there."""
    after: Value

    def __str__(self) -> str:
        return f"{self.name} {value_text(self.before)} -> {value_text(self.after)}"


def changes(before: RankingConfig, after: RankingConfig) -> tuple[RankingChange, ...]:
    """Return what ``after`` has otherwise than ``before``; weights of the arms count up to their ratio.

    What means nothing to ``after``, such as the constant of another fusion, is left out.
    """
    old, new = settings(before), settings(after)
    names = [name for name in new if old.get(name) != new[name]]
    if before.fusion.name == after.fusion.name and dense_share(before.fusion) == dense_share(after.fusion):
        names = [name for name in names if name not in ("bm25 weight", "dense weight")]
    return tuple(RankingChange(name, old.get(name, "-"), new[name]) for name in names)


def settings(ranking: RankingConfig) -> dict[str, Value]:
    """Return the parameters that mean something to this ranking, by their names."""
    fusion = ranking.fusion
    bm25, dense = fusion.weights
    return {
        "fusion": fusion.name,
        "bm25 weight": bm25,
        "dense weight": dense,
        **({"rrf k": fusion.rrf_k} if fusion.name == "rrf" else {}),
        **{f"bm25 {one.name}": getattr(ranking.bm25, one.name) for one in fields(ranking.bm25)},
        "candidates": ranking.candidates,
        **{one.name: "on" if getattr(ranking.feedback, one.name) else "off" for one in fields(ranking.feedback)},
    }


def dense_share(fusion: FusionConfig) -> float:
    """Return the dense arm's share of both weights, from 0 to 1."""
    bm25, dense = fusion.weights
    return round(dense / (bm25 + dense), 6) if bm25 + dense else 0.5


def value_text(value: Value) -> str:
    """Return a value of :func:`settings` as it is shown."""
    return value if isinstance(value, str) else f"{value:g}"
