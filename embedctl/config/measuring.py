"""How a store is measured: evaluation, the dense plans, tuning, inspection and the report of all of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .query import QueryConfig
from .setting import setting

SyntheticKind = Literal["title", "heading", "sentence", "terms"]


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
    metric: str = setting("ndcg@10", "Metric to compare: ndcg@10, recall@100, map ...", "METRIC")
    """It has an interval, and sorts the queries."""
    metrics: tuple[str, ...] = setting(
        ("ndcg@10", "recall@10", "recall@100", "precision@10", "mrr@10", "map@100", "success@1"),
        "Metrics to show as well, with commas between.",
        "LIST",
        split=True,
    )
    only: tuple[str, ...] = setting(
        (), "Compare only with this: an arm, a fusion, stored, or in-use; may be repeated.", "NAME"
    )
    """Settings to measure besides the one in use; empty: all. ``in-use``: none."""
    depth: int = 100
    """Documents, or judged chunks, of a ranking; raised to the largest k of the metrics."""
    timed: int = setting(100, "Queries asked one at a time, to measure how long an answer takes.", "N", min=0)
    significance: SignificanceConfig = field(default_factory=SignificanceConfig)


@dataclass(frozen=True, slots=True)
class GateConfig:
    """When a change for the worse ends with another exit code."""

    max_drop: float = setting(0.01, "With --baseline: the mean over queries may fall so far.", "X", min=0)
    strict: bool = setting(False, "With --baseline: fail on a drop that may be chance, too.")
    least_common: float = 0.5
    """Share of the baseline's queries that must be judged alike now."""
    listed: int = 10
    """Queries that are told, those that lost most."""


@dataclass(frozen=True, slots=True)
class SyntheticConfig:
    """How known-item queries are made from a corpus."""

    queries: int = 200
    """In all; each kind gets as many as the others where there are so many."""
    kinds: tuple[SyntheticKind, ...] = ("title", "heading", "sentence", "terms")
    seed: int = 0
    least_words: int = 5
    """Of a sentence."""
    most_words: int = 24
    """Of a sentence; of a longer one, or of text without sentences, so many words on end are taken."""
    least_left: int = 12
    """Words that a document must have besides what is held out of it: something has to be found."""
    least_terms: int = 3
    most_terms: int = 5
    """Of a query of terms."""
    documents_per_query: int = 4
    """Documents looked at for each query that is wanted: not all of them have headings, or sentences."""
    chunks_per_document: int = 16
    """Of a document that has more, so many with something held out of them may answer, the first ones."""


@dataclass(frozen=True, slots=True)
class AnnConfig:
    """How the dense plans are compared with the exact nearest neighbours."""

    k: int = 10
    target: float = 0.99
    """Share of the true ``k`` nearest that is to be found."""
    queries: int = 200
    """Of a file, or synthetic; more are not asked."""
    sampled: int = 200
    """Stored vectors that are asked for with noise added."""
    noise: float = 0.75
    """Length of what is added to a stored vector of length one: their cosine is 0.8 then."""
    seed: int = 0
    efs: tuple[int, ...] = (100, 150, 200, 300, 400, 600, 800, 1_200, 1_600)
    """Of the graph; the store's own is measured, too."""
    candidates: tuple[int, ...] = (100, 250, 500, 1_000, 2_000, 4_000, 8_000)
    """That a scan of sign bits leaves to be compared exactly; as many as queries take are measured, too."""
    build_rows: int = 20_000
    """A store without sign bits and a graph gets some in a temporary folder to be measured, up to so many chunks."""


@dataclass(frozen=True, slots=True)
class TuneConfig:
    """How ``embedctl tune`` looks for a better ranking, and what it takes for a gain."""

    metric: str = setting("ndcg@10", "Metric to raise: ndcg@10, recall@100, map ...", "METRIC")
    folds: int = setting(5, "Parts of the queries, each held out once.", "N", min=2)
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


@dataclass(frozen=True, slots=True)
class InspectConfig:
    """How many chunks are looked at; what is cheap is counted over all of them."""

    sample: int = setting(20_000, "Chunks that are compared with each other; all of a smaller store.", "N", min=100)
    """The time grows with its square (measured: 6 s)."""
    texts: int = 3_000
    """Of the sample: chunks whose texts are tokenized and told a language."""
    queries: int = 1_000
    """Of the sample: chunks that are compared with every chunk of a store that is larger than the sample."""
    neighbours: int = 10
    """Length of a list of nearest chunks; the k of Radovanović et al., who report k = 10."""
    seed: int = 0
    examples: int = 3
    """Hubs, duplicates and words that are named, each; languages twice as many."""


@dataclass(frozen=True, slots=True)
class ReportConfig:
    """How much of a store one page shows; a page must open at once, and be the same for the same store."""

    map_chunks: int = 5_000
    """Chunks on the map at most; t-SNE takes a few seconds for each thousand."""
    groups: int = 8
    """Colours of the map at most: as many as people can tell apart, whatever their eyes."""
    evaluation: EvaluationConfig = field(
        default_factory=lambda: EvaluationConfig(metrics=("ndcg@10", "recall@100", "mrr@10", "success@1"), timed=20)
    )
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
