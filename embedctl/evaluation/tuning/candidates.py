"""What both arms propose for judged queries: asked once, and cut to any depth in memory.

The first ``d`` rows of the exact plan and of BM25 are the same however many more are asked for, so that one deep
ranking stands for all shallower ones. The plans that approximate do not promise that: they are asked at every depth, as
are queries with exclusions, whose rows are left out after the arms have been cut.
"""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...contracts import Ranking
from ...query.answering import Clock, DensePart
from ...query.arm_query import Bm25Proposals, DenseProposals, NoProposals
from ...query.batch import processors
from ...query.document_fusion import gather
from ...query.fusion import COMPLETING
from ...query.parse import parse_query, whole_characters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...config import Bm25Config, FeedbackConfig, FusionName, RankingConfig
    from ...query.arm_query import Proposals
    from ...query.document_fusion import Candidates
    from ...query.searcher import Ready

    Arms = tuple[Bm25Config, FeedbackConfig, int]
    """What decides which rows are proposed; the depth where they cannot be cut, else 0."""


class Proposed(NamedTuple):
    """Candidates of one query at one depth."""

    candidates: Candidates
    depth: int
    complete: bool
    """Whether each arm's scores of what only the other proposed are there."""
    found: int
    """Rows of the arm that found more, excluded ones among them; fewer than ``depth``: there are no more."""

    def serves(self, fusion: FusionName, depth: int) -> bool:
        """Return whether that can be fused so, once it is cut."""
        return self.depth >= depth and (self.complete or fusion not in COMPLETING)

    def upto(self, depth: int) -> Proposed:
        """Return what there is at a smaller depth."""
        return Proposed(self.candidates.upto(depth), depth, self.complete, min(self.found, depth))


class Retrieval:
    """The candidates of every query, for any numbers of BM25 and at any depth, from one snapshot."""

    def __init__(self, ready: Ready, texts: Sequence[str], kept_rows: int) -> None:
        """Encode the queries.

        Args:
            ready: the open snapshot, for hybrid queries.
            texts: of the queries.
            kept_rows: candidates to remember in all, at least those of the last setting.
        """
        assert ready.encoder is not None
        self._ready = ready
        self._queries = [parse_query(whole_characters(text)) for text in texts]
        self._blank = [not query.dense_text.strip() for query in self._queries]
        self._vectors = ready.encoder.encode_queries(
            ["" if blank else query.dense_text for query, blank in zip(self._queries, self._blank, strict=True)]
        )
        asked = ready.asked
        self._plan = asked.dense.plan(asked.config.dense, asked.allowed, len(texts), asked.config.ef)
        self._exact = self._plan.name == "flat"
        self._dense: dict[int, list[Ranking]] = {}
        self._known: OrderedDict[Arms, dict[int, Proposed]] = OrderedDict()
        self._kept_rows = kept_rows

    def __len__(self) -> int:
        """Return the number of queries."""
        return len(self._queries)

    def payloads(self, labels: Sequence[int]) -> list[str]:
        """Return what is stored with each of ``labels``, in their order."""
        bm25 = self._ready.asked.bm25
        return bm25.ask(parse_query("")).payloads(np.array(labels, dtype=np.uint64))

    def prepare(self, ranking: RankingConfig, depth: int) -> None:
        """Ask the arms for ``depth`` rows for every query that has fewer, by as many threads as processors."""
        known = self._of(ranking, depth)
        name = ranking.fusion.name
        lacking = [at for at in range(len(self)) if at not in known or not known[at].serves(name, depth)]
        if not lacking:
            return
        self._scan(depth)
        with ThreadPoolExecutor(processors(), thread_name_prefix="tune") as pool:
            try:
                proposed = pool.map(partial(self._ask, ranking, depth), lacking)
                known.update(zip(lacking, proposed, strict=True))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        self._forget()

    def at(self, query: int, ranking: RankingConfig, depth: int) -> Proposed:
        """Return what is proposed for one query, as ``embedctl query --candidates DEPTH`` has it at first."""
        known = self._of(ranking, depth).get(query)
        fits = known is not None and known.serves(ranking.fusion.name, depth)
        if known is None or not fits or (known.depth > depth and not self._can_be_cut(query)):
            known = self._ask(ranking, depth, query)
        return known if known.depth == depth else known.upto(depth)

    def _can_be_cut(self, query: int) -> bool:
        return self._exact and not self._queries[query].exclusions

    def _of(self, ranking: RankingConfig, depth: int) -> dict[int, Proposed]:
        arms = (ranking.bm25, ranking.feedback, 0 if self._exact else depth)
        known = self._known.setdefault(arms, {})
        self._known.move_to_end(arms)
        return known

    def _forget(self) -> None:
        rows = {arms: sum(len(one.candidates.labels) for one in of.values()) for arms, of in self._known.items()}
        while sum(rows.values()) > self._kept_rows and len(rows) > 1:
            arms, _ = self._known.popitem(last=False)
            del rows[arms]

    def _scan(self, depth: int) -> None:
        """Ask the dense arm for all queries at once: whatever BM25 is told, its answer is the same."""
        if depth not in self._dense and (not self._exact or depth > max(self._dense, default=0)):
            asked = self._ready.asked
            self._dense[depth] = asked.dense.search_batch(self._plan, self._vectors, depth, asked.allowed)

    def _nearest(self, query: int, depth: int) -> Ranking | None:
        """Return what the dense arm proposes without feedback, where it is known."""
        if not self._exact:
            return self._dense[depth][query] if depth in self._dense else None
        deepest = max(self._dense, default=0)
        if deepest < depth:
            return None
        ranking = self._dense[deepest][query]
        return Ranking(ranking.labels[:depth], ranking.scores[:depth])

    def _ask(self, ranking: RankingConfig, depth: int, query: int) -> Proposed:
        clock = Clock()
        asked = self._ready.asked._replace(ranking=replace(ranking, candidates=depth))
        bm25 = asked.bm25.ask(self._queries[query], ranking.bm25)
        words: Proposals = Bm25Proposals(asked, bm25, clock)
        nearest: Proposals = NoProposals()
        if not self._blank[query]:
            vector = partial(np.asarray, self._vectors[query])
            part = DensePart(self._plan, vector, self._ready.encoded_by, self._nearest(query, depth))
            nearest = DenseProposals(asked, part, bm25, clock)
        arms = [words.at(depth), nearest.at(depth)]
        found = max(len(arm.labels) for arm in arms)
        if self._queries[query].exclusions and len(arms[1].labels):
            keep = ~bm25.excluded(arms[1].labels)
            arms[1] = Ranking(arms[1].labels[keep], arms[1].scores[keep])
        complete = ranking.fusion.name in COMPLETING
        scores_of, most = (words.scores, nearest.scores) if complete else None, (words.most(), nearest.most())
        return Proposed(gather(arms, bm25.documents, scores_of, most), depth, complete, found)
