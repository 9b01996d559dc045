"""How answers are measured against judgements."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .ranking import FusionName
from .searching import QueryConfig

SettingName = Literal["in-use", "stored", "bm25", "dense"] | FusionName


@dataclass(frozen=True, slots=True)
class SignificanceConfig:
    """How sure a mean over queries is, see ``evaluation/significance.py``."""

    resamples: int = 9_999
    confidence: float = 0.95
    seed: int = 0
    alpha: float = 0.05
    """A difference with a lower p is told as one."""


@dataclass(frozen=True, slots=True)
class EvaluationConfig:
    """What ``embedctl eval`` measures."""

    query: QueryConfig = field(default_factory=QueryConfig)
    """The setting in use. The others share everything with it but mode, fusion and weights."""
    metric: str = "ndcg@10"
    """What has an interval, is compared, and sorts the queries."""
    metrics: tuple[str, ...] = ("ndcg@10", "recall@10", "recall@100", "precision@10", "mrr@10", "map@100", "success@1")
    only: tuple[SettingName, ...] = ()
    """Settings to measure besides the one in use; empty: all. ``in-use``: none."""
    depth: int = 100
    """Documents, or judged chunks, of a ranking; raised to the largest k of the metrics."""
    timed: int = 100
    """Queries asked one at a time to measure how long an answer takes; 0: none."""
    significance: SignificanceConfig = field(default_factory=SignificanceConfig)


@dataclass(frozen=True, slots=True)
class GateConfig:
    """When a change for the worse ends with another exit code."""

    max_drop: float = 0.01
    """Of the mean over queries."""
    strict: bool = False
    """Whether a drop counts that may be chance."""
    least_common: float = 0.5
    """Share of the baseline's queries that must be judged alike now."""
    listed: int = 10
    """Queries that are told, those that lost most."""
