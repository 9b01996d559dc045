"""The score of every judged query under any ranking, by the stages of ``embedctl query``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...index.rows import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ...config import RankingConfig
    from ...contracts import Labels, Progress
    from ...query.draft import Draft
    from ..metrics import Metric
    from ..resolve import Names
    from .memo import Memo

    Scores = NDArray[np.float64]


class RankingScores:
    """From a ranking to its score on each query; each ranking is scored once."""

    def __init__(
        self, memo: Memo, grades: Sequence[Mapping[str, int]], names: Names, metric: Metric, progress: Progress
    ) -> None:
        """Score rankings of the queries in ``memo``; ``grades``: name -> grade of what each of them should find."""
        self._memo = memo
        self._grades = grades
        self._names = names
        self._metric = metric
        self._progress = progress
        self._known: dict[RankingConfig, Scores] = {}
        self._known_names: dict[int, str] = {}
        """Label of a document, or of a chunk -> its name in the judgements."""

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
            pipeline = self._memo.pipeline(ranking)
            scores = [self._score(query, pipeline.found(query)) for query in range(len(self._memo))]
            self._known[ranking] = np.array(scores, dtype=np.float64)
            self._progress.advance()
        return self._known[ranking]

    def _score(self, query: int, draft: Draft) -> float:
        assert draft.fused is not None
        grades = self._grades[query]
        found = self._named(draft.fused.ranking.labels[draft.shown])[: self._metric.k]
        gains = np.array([grades.get(name, 0) for name in found], dtype=np.float64)
        return self._metric.of(gains, np.array(list(grades.values()), dtype=np.float64))

    def _named(self, labels: Labels) -> list[str]:
        """Return the names of what was found, each once."""
        rows = self._memo.setup.index.rows
        owners = labels if self._names.level == "chunks" else rows.documents(labels)
        unknown = [at for at, owner in enumerate(owners.tolist()) if owner not in self._known_names]
        for at, fields in zip(unknown, shown(rows, labels[unknown]), strict=True):
            by_source = f"{fields['source']}:{fields['doc_id']}"
            own = fields["id"] if self._names.level == "chunks" else by_source
            self._known_names[int(owners[at])] = self._names.judged.get(own, own)
        return list(dict.fromkeys(self._known_names[owner] for owner in owners.tolist()))
