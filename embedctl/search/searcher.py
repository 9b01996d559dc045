"""One snapshot, opened for questions: plan, ask both arms, fuse, filter, hydrate."""

from __future__ import annotations

import json
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..contracts import Encoder, Ranking
from ..errors import NoStoreError
from ..records import Hit
from ..sources.describe import path_from_base
from .answer import Answer, Explanation
from .dense import DenseArm, Plan
from .documents import Fused, fuse_chunks
from .generation import Generation
from .querytext import ParsedQuery, parse_query
from .select import select

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from ..config import QueryConfig
    from ..contracts import Vectors
    from ..retrievers.bm25 import Bm25Retriever
    from ..store.layout import Layout
    from ..store.manifest import Manifest
    from .filters import LabelSet

EMPTY = Ranking(np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.float32))


@dataclass
class _Clock:
    """Milliseconds by step."""

    spent: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.spent[name] = self.spent.get(name, 0.0) + 1e3 * (time.perf_counter() - start)


@dataclass
class _Round:
    """What both arms propose at one candidate depth."""

    bm25: Ranking
    dense: Ranking
    fused: Fused
    exhausted: bool
    """No arm has more to propose."""


class Searcher:
    """Answers queries from one snapshot; opens each arm when a query first needs it."""

    def __init__(self, layout: Layout, manifest: Manifest, load_encoder: Callable[[], Encoder]) -> None:
        """Open a snapshot.

        Raises:
            NoStoreError: it has no index yet.
        """
        if manifest.index is None:
            raise NoStoreError(f"The store in {layout.root} has no index yet.", 'Make it with "embedctl index".')
        self._layout = layout
        self._manifest = manifest
        self._index = manifest.index
        self._generation = Generation(layout, manifest.index)
        self._load_encoder = load_encoder
        self._dense = DenseArm(self._generation, manifest.index.rows)

    @cached_property
    def _bm25(self) -> Bm25Retriever:
        return self._generation.bm25()

    @cached_property
    def _encoder(self) -> Encoder:
        return self._load_encoder()

    def search(self, text: str, config: QueryConfig) -> Answer:
        """Return the ``config.n`` best hits; any text is a valid query.

        Arms are asked for more until the filter, the thresholds and the limit per file leave enough, or until
        they have no more.
        """
        clock = _Clock()
        start = time.perf_counter()
        query = parse_query(text)
        warnings = self._warnings(query, config)
        with clock.step("filter"):
            allowed = select(self._layout, self._manifest, self._index, config.filter)
        vector = None
        if config.mode != "bm25" and query.dense_text.strip():
            with clock.step("load"):
                encoder = self._encoder
            with clock.step("encode"):
                vector = encoder.encode_queries([query.dense_text])[0]
        plan = None if config.mode == "bm25" else self._dense.plan(config.dense, allowed)
        depth = max(config.candidates, config.n)
        while True:
            found = self._round(query, vector, plan, allowed, depth, config, clock)
            with clock.step("hydrate"):
                hits = self._hydrate(query, vector, found, config)
            if len(hits) >= config.n or found.exhausted:
                break
            depth *= 4
        if vector is not None:
            self._dense.answered()
        timings = {**clock.spent, "total": 1e3 * (time.perf_counter() - start)}
        explanation = Explanation(
            words=query.words,
            phrases=query.phrases,
            exclusions=query.exclusions,
            dense_plan=plan and f"{plan.name}: {plan.reason}",
            rows=self._index.rows,
            allowed=None if allowed is None else allowed.count,
            candidates=depth,
            proposed={"bm25": len(found.bm25.labels), "dense": len(found.dense.labels)},
            rrf_k=config.fusion.rrf_k,
            weights={"bm25": config.fusion.bm25_weight, "dense": config.fusion.dense_weight},
        )
        return Answer(text, config.mode, tuple(hits), timings, explanation, tuple(warnings))

    def matcher(self, text: str) -> Callable[[str], bool]:
        """Return a function that tells whether a word is one that ``text`` looks up in BM25, up to its inflection."""
        return self._bm25.matcher(parse_query(text))

    def _warnings(self, query: ParsedQuery, config: QueryConfig) -> list[str]:
        if not query.original.strip():
            return ["The query is empty."]
        if config.mode != "dense" and not self._bm25.has_terms(query):
            language = self._index.settings.language
            return [f'The query has no word that BM25 can look up (language "{language}").']
        return []

    def _round(
        self,
        query: ParsedQuery,
        vector: Vectors | None,
        plan: Plan | None,
        allowed: LabelSet | None,
        depth: int,
        config: QueryConfig,
        clock: _Clock,
    ) -> _Round:
        bm25 = dense = EMPTY
        if config.mode != "dense":
            with clock.step("bm25"):
                bm25 = self._bm25.search(query, depth, allowed)
        if vector is not None and plan is not None:
            with clock.step("dense"):
                dense = self._dense.search(plan, vector, depth, allowed)
        more = {
            "bm25": _reaches_on(bm25, depth, config.min_bm25),
            "dense": _reaches_on(dense, depth, config.min_cosine),
        }
        if query.exclusions and len(dense.labels):
            keep = ~self._bm25.excluded(query, dense.labels)
            dense = Ranking(dense.labels[keep], dense.scores[keep])
        with clock.step("fuse"):
            fused = self._fused(bm25, dense, config)
        # Below its own threshold an arm proposes nothing that may be shown, and neither then does the other.
        ended = (config.min_bm25 is not None and not more["bm25"]) or (
            config.min_cosine is not None and not more["dense"]
        )
        return _Round(bm25, dense, fused, exhausted=ended or not any(more.values()))

    def _fused(self, bm25: Ranking, dense: Ranking, config: QueryConfig) -> Fused:
        if config.mode != "hybrid":
            return Fused(bm25 if config.mode == "bm25" else dense, [_ranks(bm25), _ranks(dense)])
        fusion = config.fusion
        weights = (fusion.bm25_weight, fusion.dense_weight)
        return fuse_chunks((bm25, dense), self._bm25.documents, weights, fusion.rrf_k)

    def _hydrate(self, query: ParsedQuery, vector: Vectors | None, found: _Round, config: QueryConfig) -> list[Hit]:
        labels = found.fused.ranking.labels
        if not len(labels):
            return []
        cosine = None if vector is None else self._dense.cosine(vector, labels)
        bm25 = None if config.mode == "dense" else self._bm25.scores(query, labels)
        keep = _above(cosine, config.min_cosine, len(labels)) & _above(bm25, config.min_bm25, len(labels))
        places = np.flatnonzero(keep)
        bm25_ranks, dense_ranks = found.fused.ranks
        roots = {source.name: source.root for source in self._manifest.sources}
        per_file: Counter[tuple[str, str]] = Counter()
        hits: list[Hit] = []
        for start in range(0, len(places), config.n):
            block = places[start : start + config.n]
            for at, payload in zip(block, self._bm25.payloads(labels[block]), strict=True):
                fields: dict[str, Any] = json.loads(payload)
                document = (fields["source"], fields["doc_id"])
                if config.max_per_file and per_file[document] >= config.max_per_file:
                    continue
                per_file[document] += 1
                label = int(labels[at])
                score = float(found.fused.ranking.scores[at])
                fields["path"] = path_from_base(roots.get(fields["source"], ""), fields["path"])
                fields["heading"] = tuple(fields["heading"])
                hits.append(
                    Hit(
                        rank=len(hits) + 1,
                        score=score,
                        scores={
                            "rrf": score if config.mode == "hybrid" else None,
                            "bm25": _number(bm25, at),
                            "cosine": _number(cosine, at),
                        },
                        ranks={"bm25": bm25_ranks.get(label), "dense": dense_ranks.get(label)},
                        **fields,
                    )
                )
                if len(hits) == config.n:
                    return hits
        return hits


def _reaches_on(arm: Ranking, depth: int, least: float | None) -> bool:
    """Say whether an arm has rows beyond ``depth`` that could still pass its threshold."""
    return len(arm.labels) >= depth and (least is None or float(arm.scores[-1]) >= least)


def _above(scores: NDArray[np.float32] | None, least: float | None, count: int) -> NDArray[np.bool_]:
    """Return which scores reach a threshold; no score never does."""
    if least is None:
        return np.ones(count, dtype=bool)
    if scores is None:
        return np.zeros(count, dtype=bool)
    return np.nan_to_num(scores, nan=-np.inf) >= least


def _ranks(ranking: Ranking) -> dict[int, int]:
    return {label: rank for rank, label in enumerate(ranking.labels.tolist(), start=1)}


def _number(scores: NDArray[np.float32] | None, at: int) -> float | None:
    return None if scores is None or np.isnan(scores[at]) else float(scores[at])
