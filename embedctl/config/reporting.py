"""What a report shows, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from .evaluating import EvaluationConfig
from .measuring import AnnConfig, SyntheticConfig


def _evaluation() -> EvaluationConfig:
    return EvaluationConfig(metrics=("ndcg@10", "recall@100", "mrr@10", "success@1"), timed=20)


@dataclass(frozen=True, slots=True)
class ReportConfig:
    """How much of a store one page shows; a page must open at once, and be the same for the same store."""

    map_chunks: int = 5_000
    """Chunks on the map at most; t-SNE takes a few seconds for each thousand."""
    groups: int = 8
    """Colours of the map at most: as many as people can tell apart, whatever their eyes."""
    evaluation: EvaluationConfig = field(default_factory=_evaluation)
    """What is measured with queries."""
    synthetic: SyntheticConfig = field(default_factory=SyntheticConfig)
    """How they are made, where nobody has any."""
    ann: AnnConfig = field(default_factory=AnnConfig)
    """How the dense plans are measured with them."""
    scored: int = 10
    """First hits of each query whose scores are shown."""
    worst: int = 10
    """Queries that are listed as the worst."""
    found: int = 3
    """Hits that are listed of each of them, and as many that were wanted."""
    bins: int = 30
    """Of a histogram."""
    seed: int = 0
    """Of the map and its clusters."""
