"""Retrieval and scores for tuning: stages of the query pipeline, whose outputs are kept by what they depend on.

A ranking's settings are a prefix of stages: the rewriters decide on the texts, these on the vectors; with the numbers
of BM25 and feedback they decide which rows the arms propose; only fusion, rerankers and cut come after that. Rankings
that agree up to the arms share what was retrieved. The first ``d`` rows of exact arms are the same however many more
are asked for, so that one deep retrieval stands for all shallower ones; other arms are asked at every depth, as are
queries with exclusions, whose rows are left out after the arms have been cut.
"""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ...index.rows import shown
from ...query.draft import Draft
from ...query.pipeline import Pipeline
from ...system.resources import processors
from ..metrics import query_values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...config import Bm25Config, FeedbackConfig, RankingConfig
    from ...contracts import Labels, Progress
    from ...query.draft import Retrieved
    from ...query.setup import Setup
    from ..metrics import Metric
    from ..resolve import Names
    from .fit import Scores

    Key = tuple[tuple[str, ...], Bm25Config, FeedbackConfig, int]
    """Settings that decide which rows are proposed; the depth where rows cannot be cut, else 0."""


@dataclass
class Memo:
    """The retrieved rows of every query, for any ranking, from one snapshot."""

    setup: Setup
    texts: Sequence[str]
    kept_rows: int
    """Candidates to keep in all, at least those of the last key."""
    _kept: OrderedDict[Key, dict[int, Retrieved]] = field(default_factory=OrderedDict, init=False)
    _encoded: dict[tuple[str, ...], list[Draft]] = field(default_factory=dict, init=False)
    """Queries by rewriters, encoded, and asked of every arm that searches vectors."""

    def __len__(self) -> int:
        """Return the number of queries."""
        return len(self.texts)

    def pipeline(self, ranking: RankingConfig) -> MemoPipeline:
        """Return the pipeline of a ranking; its first depth is retrieved for every query, by several threads."""
        pipeline = MemoPipeline(replace(self.setup, ranking=ranking), self)
        depth = pipeline.setup.depth
        kept = self.kept(pipeline, depth)
        lacking = [at for at in range(len(self)) if not _serves(kept.get(at), pipeline, depth)]
        if lacking:
            with ThreadPoolExecutor(processors(), thread_name_prefix="tune") as pool:
                try:
                    kept.update(zip(lacking, pool.map(partial(pipeline.fresh, depth), lacking), strict=True))
                except BaseException:
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise
            self._forget()
        return pipeline

    def kept(self, pipeline: MemoPipeline, depth: int) -> dict[int, Retrieved]:
        """Return what is kept for a ranking at a depth, by query."""
        ranking = pipeline.setup.ranking
        exact = all(map(pipeline.exact, self.encoded(pipeline)))
        key = (ranking.rewriters, ranking.bm25, ranking.feedback, 0 if exact else depth)
        kept = self._kept.setdefault(key, {})
        self._kept.move_to_end(key)
        return kept

    def encoded(self, pipeline: MemoPipeline) -> list[Draft]:
        """Return the queries as the rewriters of a ranking leave them, encoded and asked of the arms with vectors."""
        key = pipeline.setup.ranking.rewriters
        if key not in self._encoded:
            fields = replace(pipeline.setup, arms=tuple(arm for arm in pipeline.setup.arms if arm.field is not None))
            drafts = [Draft(text, str(at)) for at, text in enumerate(self.texts)]
            self._encoded[key] = Pipeline(fields).prepare(drafts)
        return self._encoded[key]

    def _forget(self) -> None:
        rows = {key: sum(map(_rows, kept.values())) for key, kept in self._kept.items()}
        while sum(rows.values()) > self.kept_rows and len(rows) > 1:
            key, _ = self._kept.popitem(last=False)
            del rows[key]


class MemoPipeline(Pipeline):
    """The pipeline of one ranking, which retrieves no more than is not kept from others."""

    def __init__(self, setup: Setup, memo: Memo) -> None:
        super().__init__(setup)
        self._memo = memo

    def found(self, query: int) -> Draft:
        """Return a query with its hits chosen, as ``embedctl query`` chooses them; nothing is hydrated."""
        return self.search(self._copy(query))

    def retrieve(self, draft: Draft, depth: int) -> Retrieved:
        """Return the rows of a draft: those that are kept, cut to the depth, or fresh ones."""
        query = int(draft.id or 0)
        known = self._memo.kept(self, depth).get(query)
        if known is not None and _serves(known, self, depth):
            if known.depth == depth:
                return known
            if draft.excluded is None and self.exact(draft):
                return known.upto(depth)
        return self.fresh(depth, query)

    def fresh(self, depth: int, query: int) -> Retrieved:
        """Ask the arms that search text, and retrieve."""
        return super().retrieve(self.ask([self._copy(query)])[0], depth)

    def exact(self, draft: Draft) -> bool:
        """Return whether a deeper ranking of every arm begins with the same rows."""
        plans = (query.explain(1).get("plan", "flat") for query in draft.arms.values())
        return all(plan.startswith("flat") for plan in plans)

    def _copy(self, query: int) -> Draft:
        return self._memo.encoded(self)[query].copied()


@dataclass
class RankingScores:
    """From a ranking to its score on each query; each ranking is scored once."""

    memo: Memo
    grades: Sequence[Mapping[str, int]]
    """Name -> grade of what each query should find."""
    names: Names
    metric: Metric
    progress: Progress
    _known: dict[RankingConfig, Scores] = field(default_factory=dict, init=False)
    _known_names: dict[int, str] = field(default_factory=dict, init=False)
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
            pipeline = self.memo.pipeline(ranking)
            scores = [self._score(query, pipeline.found(query)) for query in range(len(self.memo))]
            self._known[ranking] = np.array(scores, dtype=np.float64)
            self.progress.advance()
        return self._known[ranking]

    def _score(self, query: int, draft: Draft) -> float:
        assert draft.fused is not None
        found = self._named(draft.fused.ranking.labels[draft.shown])
        return query_values([self.metric], found, self.grades[query])[0]

    def _named(self, labels: Labels) -> list[str]:
        """Return the names of what was found, each once."""
        rows = self.memo.setup.index.rows
        owners = labels if self.names.level == "chunks" else rows.documents(labels)
        unknown = [at for at, owner in enumerate(owners.tolist()) if owner not in self._known_names]
        for at, fields in zip(unknown, shown(rows, labels[unknown]), strict=True):
            by_source = f"{fields['source']}:{fields['doc_id']}"
            own = fields["id"] if self.names.level == "chunks" else by_source
            self._known_names[int(owners[at])] = self.names.judged.get(own, own)
        return list(dict.fromkeys(self._known_names[owner] for owner in owners.tolist()))


def _serves(known: Retrieved | None, pipeline: Pipeline, depth: int) -> bool:
    completes = pipeline.setup.ranking.fusion.record.completes
    return known is not None and known.depth >= depth and (known.completed or not completes)


def _rows(one: Retrieved) -> int:
    return 0 if one.candidates is None else len(one.candidates.labels)
