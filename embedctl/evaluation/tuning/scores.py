"""The score of every judged query under any ranking, fused in memory by what ``embedctl query`` fuses with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...config import QueryConfig
from ...query.document_fusion import fuse
from ...query.payload import shown_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ...config import RankingConfig
    from ...contracts import Labels, Progress
    from ...query.document_fusion import Candidates
    from ..metrics import Metric
    from ..resolve import Names
    from .candidates import Retrieval

    Scores = NDArray[np.float64]


_DEEPER = 4
"""A query that is left with too few hits asks for so many times as many candidates."""


class Judged(NamedTuple):
    """What should be found."""

    grades: Sequence[Mapping[str, int]]
    """Of each query: name -> grade."""
    names: Names
    """What hits are called there."""


class RankingScores:
    """From a ranking to its score on each query; each ranking is scored once."""

    def __init__(
        self,
        retrieval: Retrieval,
        judged: Judged,
        metric: Metric,
        progress: Progress,
    ) -> None:
        """Score rankings.

        Args:
            retrieval: of the queries.
            judged: what should be found, query for query.
            metric: what a score is.
            progress: hears of each ranking.
        """
        self._retrieval = retrieval
        self._grades = judged.grades
        self._ideal = [np.fromiter(of.values(), dtype=np.float64, count=len(of)) for of in judged.grades]
        self._names = judged.names
        self._metric = metric
        self._progress = progress
        self._known: dict[RankingConfig, Scores] = {}
        self._known_names: dict[int, str] = {}
        """Document key, or label of a chunk -> what it is called in the judgements."""

    def __len__(self) -> int:
        """Return how many rankings were scored."""
        return len(self._known)

    @property
    def any_found(self) -> bool:
        """Whether any ranking found anything relevant for any query."""
        return any(scores.any() for scores in self._known.values())

    def __call__(self, ranking: RankingConfig) -> Scores:
        """Return float64 ``(queries,)``."""
        if ranking not in self._known:
            self._retrieval.prepare(ranking, self._depth(ranking))
            scores = [self._score(query, ranking) for query in range(len(self._retrieval))]
            self._known[ranking] = np.array(scores, dtype=np.float64)
            self._progress.advance()
        return self._known[ranking]

    def _score(self, query: int, ranking: RankingConfig) -> float:
        depth, least = self._depth(ranking), QueryConfig().n
        while True:
            proposed = self._retrieval.at(query, ranking, depth)
            labels = fuse(proposed.candidates, ranking.fusion).ranking.labels
            if self._hits(proposed.candidates, labels) >= least or proposed.found < depth:
                break
            depth *= _DEEPER
        grades = self._grades[query]
        found = self._found(proposed.candidates, labels)
        gains = np.array([grades.get(name, 0) for name in found], dtype=np.float64)
        return self._metric.of(gains, self._ideal[query])

    def _depth(self, ranking: RankingConfig) -> int:
        return max(ranking.candidates, QueryConfig().n)

    def _hits(self, candidates: Candidates, labels: Labels) -> int:
        return len(set(self._owners(candidates, labels).tolist()))

    def _owners(self, candidates: Candidates, labels: Labels) -> NDArray[np.uint64]:
        """Return what each chunk counts as: its document, or itself."""
        if self._names.level == "chunks":
            return labels
        return candidates.documents[np.searchsorted(candidates.labels, labels)]

    def _found(self, candidates: Candidates, labels: Labels) -> list[str]:
        """Return the names of what was found, each once, as deep as the metric looks."""
        depth = self._metric.k or len(labels)
        found: dict[str, None] = {}
        for start in range(0, len(labels), 2 * depth):
            block = labels[start : start + 2 * depth]
            owners = self._owners(candidates, block)
            found |= dict.fromkeys(self._named(owners.tolist(), block.tolist()))
            if len(found) >= depth:
                break
        return list(found)[:depth]

    def _named(self, owners: list[int], labels: list[int]) -> list[str]:
        unknown = {owner: label for owner, label in zip(owners, labels, strict=True) if owner not in self._known_names}
        if unknown:
            for owner, payload in zip(unknown, self._retrieval.payloads(list(unknown.values())), strict=True):
                fields = shown_of(payload)
                by_source = f"{fields['source']}:{fields['doc_id']}"
                own = fields["id"] if self._names.level == "chunks" else by_source
                self._known_names[owner] = self._names.judged.get(own, own)
        return [self._known_names[owner] for owner in owners]
