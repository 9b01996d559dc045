"""Data of a report, before it is a page: numbers and names, no HTML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from ..plural import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from ..evaluation.ann_report import AnnReport
    from ..evaluation.evaluation import Setting
    from ..evaluation.significance import Interval
    from ..inspection.inspection import Inspection

    ScoreGroups = Mapping[str, NDArray[np.float64]]
    """Name of a group of hits -> their scores, float64 ``(n,)``."""

Role = Literal["in use", "one arm", "fusion"]


class SourceRow(NamedTuple):
    """Contents of one source."""

    name: str
    root: str
    files: int
    failed: int
    skipped: int
    documents: int
    chunks: int
    tokens: int


class KindRow(NamedTuple):
    """Contents of one media type."""

    media_type: str
    documents: int
    chunks: int
    tokens: int


class ProblemRow(NamedTuple):
    """Files that failed or were skipped for one reason."""

    outcome: str
    """``failed`` or ``skipped``."""
    reason: str
    files: int
    example: str
    """Path of the first of them."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Sources of the store, outcomes of their files, and settings."""

    name: str
    """Of the folder in which the store is."""
    snapshot: int
    sources: tuple[SourceRow, ...]
    kinds: tuple[KindRow, ...]
    """Most chunks first."""
    problems: tuple[ProblemRow, ...]
    """Failures first, then by number of files, descending."""
    pending: dict[str, int]
    """Documents that wait for each stage."""
    facts: tuple[tuple[str, str], ...]
    """Settings of the store, its index and each arm, as name and value."""
    tokens: NDArray[np.int64]
    """Of each live chunk, int64 ``(chunks,)``, in the order of the parts."""

    @property
    def documents(self) -> int:
        """Live documents in the index."""
        return sum(row.documents for row in self.sources)

    @property
    def chunks(self) -> int:
        """Live chunks in the index."""
        return len(self.tokens)


@dataclass(frozen=True, slots=True)
class ChunkMap:
    """Sampled chunks in the plane: the nearer two points, the more alike (mostly) what their chunks mean."""

    positions: NDArray[np.float64]
    """float64 ``(n, 2)``, without unit."""
    titles: tuple[str, ...]
    places: tuple[str, ...]
    """Path and lines, or page, or record."""
    folders: tuple[tuple[str, int], ...]
    """Name and number of chunks, the largest first; the last may be all others."""
    folder_of: NDArray[np.int64]
    """int64 ``(n,)``: place in ``folders``."""
    clusters: tuple[tuple[str, int], ...]
    """By k-means on the vectors, named by their most distinctive words; in the same form."""
    cluster_of: NDArray[np.int64]
    total: int
    """Chunks that there are."""


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One way to rank that was measured."""

    setting: Setting
    estimates: tuple[Interval, ...]
    """One for each of ``Quality.metrics``."""

    @property
    def role(self) -> Role:
        """Kind of the setting, which its colour shows."""
        return "in use" if self.setting.in_use else "fusion" if self.setting.mode == "hybrid" else "one arm"


@dataclass(frozen=True, slots=True)
class WorstQuery:
    """A query that the setting in use answers badly."""

    text: str
    value: float
    found: tuple[str, ...]
    """Titles of the first hits, with their judgements."""
    wanted: tuple[str, ...]
    """Titles of what is relevant, with the rank at which it was found."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Raw scores of the first hits of each arm."""

    arms: dict[str, ScoreGroups]
    queries: int


@dataclass(frozen=True, slots=True)
class Quality:
    """Quality of the answers to judged queries."""

    queries: int
    synthetic: bool
    """The queries were made from the corpus itself."""
    confidence: float
    """Of the intervals: 0.95."""
    metrics: tuple[str, ...]
    """The primary one first, which sorts the queries."""
    settings: tuple[SettingRow, ...]
    worst: tuple[WorstQuery, ...]
    """The worst first; none of them is answered perfectly."""
    notes: tuple[str, ...]
    """Remarks on queries and judgements: finished sentences."""

    @property
    def about(self) -> str:
        """The queries, in words."""
        return counted(self.queries, "synthetic query" if self.synthetic else "judged query")

    @property
    def in_use(self) -> SettingRow:
        """The setting that the store uses."""
        return next(one for one in self.settings if one.setting.in_use)

    @property
    def best(self) -> SettingRow:
        """The setting with the highest mean of the primary metric."""
        return max(self.settings, key=lambda one: one.estimates[0].mean)


@dataclass(frozen=True, slots=True)
class ReportData:
    """Everything in a report."""

    corpus: Corpus
    chunk_map: ChunkMap | None
    health: Inspection
    quality: Quality | None = None
    """``None``: there are no queries of which the right answers are known."""
    scores: Scores | None = None
    """``None``: there are no queries."""
    plans: AnnReport | None = None
    """Recall of the dense plans; ``None``: there are no queries."""
