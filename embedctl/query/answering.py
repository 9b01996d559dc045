"""One query on its way to an answer: ask both arms, fuse, apply thresholds, hydrate."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..contracts import Ranking
from ..records import Hit
from ..sources.describe import path_from_base
from .answer import Answer, Explanation
from .arm_query import Bm25Proposals, DenseProposals, NoProposals, reaches_on
from .document_fusion import Fused, fuse, gather
from .fusion import BOUNDED, COMPLETING
from .parse import parse_query, whole_characters
from .payload import shown_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from ..arms.bm25.retriever import Bm25Retriever
    from ..config import QueryConfig, RankingConfig
    from ..contracts import Labels, Vectors
    from ..index.dense_arm import DenseArm, Plan
    from ..index.open import Arm
    from .answer import SettledBy
    from .arm_query import Proposals
    from .filters import LabelSet
    from .fusion import Floats


class Clock:
    """Milliseconds by step; a step that is taken twice counts twice."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Count the body's time to a step."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.add(name, 1e3 * (time.perf_counter() - start))

    def add(self, name: str, spent: float) -> None:
        """Count milliseconds to a step."""
        self.spent[name] = self.spent.get(name, 0.0) + spent


class Asked(NamedTuple):
    """What is asked, and of what: the same for all queries of a batch."""

    bm25: Bm25Retriever
    dense: DenseArm
    config: QueryConfig
    ranking: RankingConfig
    allowed: LabelSet | None
    rows: int
    """Live chunks in the index."""
    language: str
    roots: Mapping[str, str]
    """Root of each source by its name."""
    damage: Mapping[Arm, str]
    """What is damaged and done without, by arm; more may come while questions are answered."""
    settled_by: SettledBy = "default"
    """What ``ranking`` is: the default one, what the store was tuned to, or what the query asks for."""
    at_most: int = 0
    """Hits to return where that is more than ``config.n``, if they are there: the arms are asked for no more."""

    @property
    def depth(self) -> int:
        """Rows that each arm is asked for at first."""
        return max(self.ranking.candidates, self.config.n)


class DensePart(NamedTuple):
    """What the dense arm needs, or has found already."""

    plan: Plan
    vector: Callable[[], Vectors]
    """Gives the query's vector, float32 ``(dim,)``; called once BM25 has answered."""
    encoder: Callable[[], str]
    """Says what encoded it, and how that is run."""
    first: Ranking | None = None
    """What the arm proposes at the first depth, where that is known."""


class _Round(NamedTuple):
    """What both arms propose at one candidate depth."""

    bm25: Ranking
    dense: Ranking
    fused: Fused
    exhausted: bool
    """No arm has more to propose."""


class Question:
    """One query; not to be answered by two threads at a time."""

    def __init__(self, text: str, query_id: str | None = None) -> None:
        self.clock = Clock()
        self._text = whole_characters(text)
        self._id = None if query_id is None else whole_characters(query_id)
        self._query = parse_query(self._text)
        self._vector: Vectors | None = None

    @property
    def dense_text(self) -> str:
        """What the encoder is to read; blank where the query has nothing for it."""
        return self._query.dense_text if self._query.dense_text.strip() else ""

    def answer(self, asked: Asked, part: DensePart | None) -> Answer:
        """Return the ``config.n`` best hits.

        Arms are asked for more until the filter, the thresholds and the limit per file leave enough, or until they
        have no more. ``part`` is ``None`` where the dense arm is not asked.
        """
        self._bm25 = asked.bm25.ask(self._query, asked.ranking.bm25)
        config, depth = asked.config, asked.depth
        self._words: Proposals = NoProposals()
        self._nearest: Proposals = NoProposals()
        if config.mode != "dense":
            self._words = Bm25Proposals(asked, self._bm25, self.clock)
        if part is not None:
            self._nearest = DenseProposals(asked, part, self._bm25, self.clock)
        warnings = self._warnings(asked)
        while True:
            found = self._round(asked, part, depth)
            with self.clock.step("hydrate"):
                hits = self._hydrate(asked, found)
            if len(hits) >= config.n or found.exhausted:
                break
            depth *= 4
        explanation = Explanation(
            words=self._query.words,
            phrases=self._query.phrases,
            exclusions=self._query.exclusions,
            dense_plan=part and f"{part.plan.name}: {part.plan.reason}",
            dense_cost=part and asked.dense.cost(part.plan, depth, asked.allowed)._asdict(),
            encoder=part and part.encoder(),
            rows=asked.rows,
            allowed=None if asked.allowed is None else asked.allowed.count,
            candidates=depth,
            proposed={"bm25": len(found.bm25.labels), "dense": len(found.dense.labels)},
            fusion=asked.ranking.fusion.name,
            rrf_k=asked.ranking.fusion.rrf_k,
            weights=dict(zip(("bm25", "dense"), asked.ranking.fusion.weights, strict=True)),
            scales=dict(zip(("bm25", "dense"), found.fused.scales, strict=True)),
            feedback={"rm3": self._words.feedback, "rocchio": self._nearest.feedback},
            ranking=asked.settled_by,
        )
        damage = tuple(sentence for arm, sentence in asked.damage.items() if arm == "bm25" or part is not None)
        return Answer(
            query=self._text,
            mode=config.mode,
            hits=tuple(hits),
            timings=dict(self.clock.spent),
            explanation=explanation,
            warnings=(*warnings, *damage),
            query_id=self._id,
            degraded=bool(damage),
        )

    def _warnings(self, asked: Asked) -> list[str]:
        if not self._text.strip():
            return ["The query is empty."]
        if asked.config.mode != "dense" and not self._bm25.positive:
            return [f'The query has no word that BM25 can look up (language "{asked.language}").']
        if asked.config.mode != "dense" and self._bm25.shortened:
            from ..arms.bm25.lexical import MAX_TERMS

            return [f"BM25 looks up the first {MAX_TERMS:,} different words and phrases of the query, and no more."]
        return []

    def _round(self, asked: Asked, part: DensePart | None, depth: int) -> _Round:
        config = asked.config
        bm25 = self._words.at(depth)
        if part is not None:  # the vector is there once BM25 has answered
            self._vector = part.vector()
        dense = self._nearest.at(depth)
        more = {
            "bm25": reaches_on(self._words, bm25, depth, config.min_bm25),
            "dense": reaches_on(self._nearest, dense, depth, config.min_cosine),
        }
        if self._query.exclusions and len(dense.labels):
            keep = ~self._bm25.excluded(dense.labels)
            dense = Ranking(dense.labels[keep], dense.scores[keep])
        with self.clock.step("fuse"):
            fused = self._fused(bm25, dense, asked)
        # Below its own threshold an arm proposes nothing that may be shown, and neither then does the other.
        ended = (config.min_bm25 is not None and not more["bm25"]) or (
            config.min_cosine is not None and not more["dense"]
        )
        return _Round(bm25, dense, fused, exhausted=ended or not any(more.values()))

    def _fused(self, bm25: Ranking, dense: Ranking, asked: Asked) -> Fused:
        mode, fusion = asked.config.mode, asked.ranking.fusion
        if mode == "bm25":
            return Fused(bm25, (_ranks(bm25), _no_ranks(bm25)))
        if mode == "dense":
            return Fused(dense, (_no_ranks(dense), _ranks(dense)))
        arms = (self._words, self._nearest)
        scores_of = [arm.scores for arm in arms] if fusion.name in COMPLETING else None
        most = [arm.most() for arm in arms] if fusion.name in BOUNDED else None
        return fuse(gather((bm25, dense), self._bm25.documents, scores_of, most), fusion)

    def _hydrate(self, asked: Asked, found: _Round) -> list[Hit]:
        """Return the hits; raw scores are looked up for those that are shown, and for all under a threshold."""
        config, labels = asked.config, found.fused.ranking.labels
        most = max(config.n, asked.at_most)
        places = np.arange(len(labels))
        for scored, least in ((self._cosine, config.min_cosine), (self._bm25_scores, config.min_bm25)):
            if least is not None:
                given = scored(asked, labels[places])
                places = places[:0] if given is None else places[np.nan_to_num(given, nan=-np.inf) >= least]
        per_file: Counter[tuple[str, str]] = Counter()
        hits: list[Hit] = []
        for start in range(0, len(places), most):
            block = places[start : start + most]
            cosine, bm25 = self._cosine(asked, labels[block]), self._bm25_scores(asked, labels[block])
            for at, payload in enumerate(self._bm25.payloads(labels[block])):
                fields = shown_of(payload)
                document = (fields["source"], fields["doc_id"])
                if config.max_per_file and per_file[document] >= config.max_per_file:
                    continue
                per_file[document] += 1
                scores = {"bm25": _number(bm25, at), "cosine": _number(cosine, at)}
                hits.append(_hit(fields, len(hits) + 1, int(block[at]), found.fused, scores, asked))
                if len(hits) == most:
                    return hits
        return hits

    def _cosine(self, asked: Asked, labels: Labels) -> NDArray[np.float32] | None:
        return None if self._vector is None else asked.dense.cosine(self._vector, labels)

    def _bm25_scores(self, asked: Asked, labels: Labels) -> NDArray[np.float32] | None:
        return None if asked.config.mode == "dense" else self._bm25.scores(labels)


def _hit(
    fields: dict[str, Any], rank: int, place: int, fused: Fused, scores: dict[str, float | None], asked: Asked
) -> Hit:
    """Return what is stored of a chunk as a hit, with its scores and ranks."""
    score = float(fused.ranking.scores[place])
    reciprocal = asked.config.mode == "hybrid" and asked.ranking.fusion.name == "rrf"
    bm25_rank, dense_rank = (float(ranks[place]) for ranks in fused.ranks)
    fields["path"] = path_from_base(asked.roots.get(fields["source"], ""), fields["path"])
    fields["heading"] = tuple(fields["heading"])
    return Hit(
        rank=rank,
        score=score,
        scores={"rrf": score if reciprocal else None, **scores},
        ranks={"bm25": _rank(bm25_rank), "dense": _rank(dense_rank)},
        **fields,
    )


def _ranks(ranking: Ranking) -> Floats:
    return np.arange(1, len(ranking.labels) + 1, dtype=np.float64)


def _no_ranks(ranking: Ranking) -> Floats:
    return np.full(len(ranking.labels), np.inf)


def _rank(rank: float) -> int | None:
    return int(rank) if np.isfinite(rank) else None


def _number(scores: NDArray[np.float32] | None, at: int) -> float | None:
    return None if scores is None or np.isnan(scores[at]) else float(scores[at])
