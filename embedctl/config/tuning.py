"""How a ranking is fitted to judged queries."""

from __future__ import annotations

from dataclasses import dataclass, field

from .evaluating import SignificanceConfig


@dataclass(frozen=True, slots=True)
class TuneConfig:
    """How ``embedctl tune`` looks for a better ranking, and what it takes for a gain."""

    metric: str = "ndcg@10"
    folds: int = 5
    held_out: int = 300
    """Cross-validation is repeated, with other folds, until so many scores of held-out queries are there."""
    most_repeats: int = 5
    least_queries: int = 10
    """With fewer judged queries nothing can be shown."""
    kept_rows: int = 8_000_000
    """Candidates that are remembered, at some 50 bytes each; what was not looked at for long is let go."""
    significance: SignificanceConfig = field(default_factory=SignificanceConfig)
    """Its ``alpha`` is what p must be below, its ``seed`` that of the folds, too."""

    def repeats(self, queries: int) -> int:
        """Return how many times ``queries`` queries are cut into folds."""
        return max(1, min(self.most_repeats, -(-self.held_out // queries)))
