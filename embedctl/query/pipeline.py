"""The stages of a query: rewrite, encode, retrieve, feedback, fuse, rerank, cut, hydrate.

A stage takes drafts and returns them further filled. ``prepare`` runs the stages that are worth sharing by a batch,
``search`` the others, again and deeper until there are hits enough; ``answer`` ends with what hits show. A single query
is a batch of one; evaluation, tuning and held-out queries use the same stages.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from ..contracts import ArmQuery, ArmRequest, Query, Ranking
from ..index.rows import shown
from ..records import Hit
from ..sources.describe import path_from_base
from .document_fusion import Fused, Proposal, fuse, gather
from .draft import Draft, Retrieved
from .rerankers import RERANKERS
from .rewriters import REWRITERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..config import ArmSettings
    from ..contracts import Labels, Reranker, Rewriter, Scores
    from .setup import Setup

DEEPER = 4
"""A query that is left with too few hits asks each arm for so many times as many rows."""
_BEHIND = 1e-3
"""Steps by which the scores of chunks fall that no reranker has seen."""


class Pipeline:
    """The stages, for one setup."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self._rewriters: list[Rewriter] = [REWRITERS.load(name)() for name in setup.ranking.rewriters]
        self._rerankers: dict[str, Reranker] = {name: RERANKERS.load(name)() for name in setup.ranking.rerankers}
        feedback = setup.ranking.feedback
        self._feedback = {arm.name for arm in setup.arms if getattr(feedback, setup.kind(arm).feedback or "", False)}

    def prepare(self, drafts: Sequence[Draft], *, encoded: bool = True) -> list[Draft]:
        """Run the stages up to the arms, which are asked but not searched yet.

        Not ``encoded``: each draft encodes itself when a vector is first needed.
        """
        return self.ask(self.encode(self.rewrite(drafts)) if encoded else self.rewrite(drafts))

    def rewrite(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Replace texts by what the rewriters make of them."""
        for rewriter in self._rewriters:
            texts = [draft.text if draft.rewritten is None else draft.rewritten for draft in drafts]
            for draft, text in zip(drafts, rewriter.rewrite(texts), strict=True):
                if text.strip():
                    draft.rewrite(text)
        return list(drafts)

    def encode(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Encode the texts in every field that an arm needs."""
        reading = [draft for draft in drafts if draft.dense_text]
        for field in self.setup.fields:
            if not reading:
                break
            with reading[0].step("encode"):
                vectors = self.setup.encode(field, [draft.dense_text for draft in reading])
            for draft, vector in zip(reading, vectors, strict=True):
                draft.vectors[field] = vector
        _share(reading, "encode")
        return list(drafts)

    def ask(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Hand the queries to every arm; a dense arm searches all of a batch at once."""
        setup = self.setup
        for draft in drafts:
            if draft.excluded is None:
                self._exclude(draft)
        for arm in setup.arms:
            fit = [draft for draft in drafts if arm.name not in draft.arms and (arm.field is None or draft.dense_text)]
            request = ArmRequest(setup.depth, setup.ranking, setup.config, setup.queries)
            if not fit:
                continue
            with fit[0].step(arm.name):
                asked = setup.opened(arm).ask([query_of(draft) for draft in fit], request)
            _share(fit, arm.name)
            for draft, query in zip(fit, asked, strict=True):
                draft.arms[arm.name] = query
        for draft in drafts:
            for arm in setup.arms:
                draft.arms.setdefault(arm.name, _NoQuery())
            draft.notes += self._notes(draft)
        return list(drafts)

    def search(self, draft: Draft) -> Draft:
        """Retrieve, fuse, rerank and cut, deeper and deeper until there are hits enough or no arm has more."""
        depth = self.setup.depth
        while True:
            draft.retrieved = self.retrieve(draft, depth)
            for stage in (self.fuse, self.rerank, self.cut):
                stage(draft)
            if len(draft.shown) >= self.setup.config.n or draft.retrieved.exhausted:
                return draft
            depth *= DEEPER

    def retrieve(self, draft: Draft, depth: int) -> Retrieved:
        """Return the rows that the arms propose, after feedback where it is on."""
        setup = self.setup
        rankings: dict[str, Ranking] = {}
        more: dict[str, bool] = {}
        for arm in setup.arms:
            if arm.name in self._feedback and arm.name not in draft.moved:
                self.feedback(draft, arm)
            with draft.step(arm.name):
                found = draft.asked(arm.name).best(depth)
            more[arm.name] = _reaches_on(draft, arm.name, found, depth, setup.config.min_scores.get(arm.name))
            rankings[arm.name] = found
        proposed = {name: len(found.labels) for name, found in rankings.items()}
        # Below its own threshold an arm proposes nothing that may be shown, and neither then does any other.
        ended = any(name in setup.config.min_scores and not reaches for name, reaches in more.items())
        exhausted = ended or not any(more.values())
        kept = {name: self._without_excluded(draft, name, found) for name, found in rankings.items()}
        if len(setup.arms) == 1:
            return Retrieved(depth, None, kept[setup.arms[0].name], proposed, True, exhausted)
        with draft.step("fuse"):
            candidates = gather([self._proposal(draft, arm, kept[arm.name]) for arm in setup.arms], self._documents)
        return Retrieved(depth, candidates, None, proposed, setup.ranking.fusion.record.completes, exhausted)

    def feedback(self, draft: Draft, arm: ArmSettings) -> None:
        """Move an arm's query towards what its first hits have in common; nothing changes without hits."""
        typed = draft.arms[arm.name]
        if isinstance(typed, _NoQuery):
            return
        first = self._without_excluded(draft, arm.name, typed.best(self.setup.depth))
        with draft.step("feedback"):
            draft.moved[arm.name], draft.learnt[arm.name] = typed.feedback(first, self._texts)

    def fuse(self, draft: Draft) -> Draft:
        """Make one ranking of those of the arms."""
        retrieved = draft.retrieved
        assert retrieved is not None
        with draft.step("fuse"):
            if retrieved.candidates is not None:
                draft.fused = fuse(retrieved.candidates, self.setup.ranking.fusion)
            else:
                assert retrieved.only is not None
                ranks = np.arange(1, len(retrieved.only.labels) + 1, dtype=np.float64)
                draft.fused = Fused(retrieved.only, (ranks,), (None,))
        return draft

    def rerank(self, draft: Draft) -> Draft:
        """Order the first chunks by the scores of each reranker in turn; the others keep their order behind them."""
        for name, reranker in self._rerankers.items():
            assert draft.fused is not None
            labels = draft.fused.ranking.labels
            count = min(len(labels), max(self.setup.ranking.reranked, self.setup.most))
            if not count:
                break
            with draft.step("rerank"):
                scores = np.asarray(reranker.rerank(draft.text, self._texts(labels[:count])), dtype=np.float32)
            order = np.lexsort((np.arange(count), -scores))
            behind = scores.min() - _BEHIND * np.arange(1, len(labels) - count + 1, dtype=np.float32)
            places = np.concatenate([order, np.arange(count, len(labels))])
            ranking = Ranking(labels[places], np.concatenate([scores[order], behind]).astype(np.float32))
            ranks = tuple(of_arm[places] for of_arm in draft.fused.ranks)
            draft.reranked[name] = dict(zip(labels[:count].tolist(), scores.tolist(), strict=True))
            draft.fused = Fused(ranking, ranks, draft.fused.scales)
        return draft

    def cut(self, draft: Draft) -> Draft:
        """Choose the hits: above the thresholds, and so many of one document."""
        assert draft.fused is not None
        config, labels = self.setup.config, draft.fused.ranking.labels
        places = np.arange(len(labels))
        for name, least in config.min_scores.items():
            if name in draft.arms:
                given = draft.arms[name].scores(labels[places])
                places = places[np.nan_to_num(given, nan=-np.inf) >= least]
        if config.max_per_file:
            places = self._few_of_each(labels, places)
        draft.shown = places[: self.setup.most]
        return draft

    def hydrate(self, draft: Draft) -> Draft:
        """Look up what the hits show, and their raw scores."""
        with draft.step("hydrate"):
            assert draft.fused is not None
            labels = draft.fused.ranking.labels[draft.shown]
            scores = {arm.name: draft.arms[arm.name].scores(labels) for arm in self.setup.arms}
            fields = shown(self.setup.index.rows, labels)
            draft.hits = tuple(self._hit(draft, at, one, scores) for at, one in enumerate(fields))
        return draft

    def _few_of_each(self, labels: Labels, places: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the first places of each document, as many as are wanted in all."""
        most, each = self.setup.most, self.setup.config.max_per_file or 0
        counts: Counter[int] = Counter()
        kept: list[int] = []
        for start in range(0, len(places), most):
            block = places[start : start + most]
            for place, document in zip(block.tolist(), self._documents(labels[block]).tolist(), strict=True):
                counts[document] += 1
                if counts[document] <= each:
                    kept.append(place)
            if len(kept) >= most:
                break
        return np.array(kept, dtype=np.intp)

    def _hit(self, draft: Draft, at: int, fields: dict[str, Any], scores: dict[str, Scores]) -> Hit:
        assert draft.fused is not None
        setup, place = self.setup, int(draft.shown[at])
        score, label = float(draft.fused.ranking.scores[place]), int(draft.fused.ranking.labels[place])
        reciprocal = len(setup.arms) > 1 and setup.ranking.fusion.name == "rrf" and not draft.reranked
        raw: dict[str, float | None] = {"rrf": score if reciprocal else None, "bm25": None, "cosine": None}
        raw |= {score_name(arm.name): _number(scores[arm.name][at]) for arm in setup.arms}
        raw |= {name: by_label.get(label) for name, by_label in draft.reranked.items()}
        ranks: dict[str, int | None] = {"bm25": None, "dense": None}
        ranks |= {arm.name: _rank(of[place]) for arm, of in zip(setup.arms, draft.fused.ranks, strict=True)}
        fields["path"] = path_from_base(setup.roots.get(fields["source"], ""), fields["path"])
        fields["heading"] = tuple(fields["heading"])
        return Hit(rank=at + 1, score=score, scores=raw, ranks=ranks, **fields)

    def _proposal(self, draft: Draft, arm: ArmSettings, ranking: Ranking) -> Proposal:
        fusion, asked = self.setup.ranking.fusion.record, draft.asked(arm.name)
        least, most = self.setup.kind(arm).least, asked.most() if fusion.bounded else np.inf
        if fusion.bounded and not np.isfinite(most):
            most = float(ranking.scores.max(initial=least))
        return Proposal(arm, ranking, least, asked.scores if fusion.completes else None, most)

    def _exclude(self, draft: Draft) -> None:
        if not draft.parsed.exclusions:
            return
        lexical = self.setup.index.lexical()
        if lexical is None:
            draft.notes.append("Nothing is excluded: this store has no arm that knows words.")
            return
        arm: Any = self.setup.index.arm(lexical)
        draft.excluded = arm.excluder(query_of(draft))

    def _without_excluded(self, draft: Draft, name: str, found: Ranking) -> Ranking:
        if draft.excluded is None or draft.arms[name].excludes or not len(found.labels):
            return found
        keep = ~draft.excluded(found.labels)
        return Ranking(found.labels[keep], found.scores[keep])

    def _notes(self, draft: Draft) -> list[str]:
        if not draft.text.strip():
            return ["The query is empty."]
        taken = [
            f'"-{word}" leaves out what has "{word}"; to look for it, write it without the hyphen or in quotes.'
            for word in draft.parsed.presumed
        ]
        return taken + list(dict.fromkeys(note for query in draft.arms.values() for note in query.notes()))

    def _documents(self, labels: Labels) -> NDArray[np.uint64]:
        return self.setup.index.rows.documents(labels)

    def _texts(self, labels: Labels) -> list[str]:
        return [fields["text"] for fields in shown(self.setup.index.rows, labels)]


class _NoQuery(ArmQuery):
    """An arm that has nothing to look for in a query."""

    excludes = True

    def best(self, k: int) -> Ranking:
        del k
        return Ranking(np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.float32))

    def scores(self, labels: Labels) -> Scores:
        return np.full(len(labels), np.nan, dtype=np.float32)

    def most(self) -> float:
        return 0.0


def score_name(arm: str) -> str:
    """Return the key of an arm's raw score in answers: its name, and ``cosine`` for the arm ``dense``."""
    return "cosine" if arm == "dense" else arm


def _reaches_on(draft: Draft, arm: str, found: Ranking, depth: int, least: float | None) -> bool:
    """Return whether an arm has rows beyond ``depth`` that could still pass its threshold.

    Thresholds are on the scores of the query as it was typed. Where feedback orders the rows, all that pass are known
    once the query as typed has come below its threshold; then it matters whether they have all been proposed.
    """
    if len(found.labels) < depth or least is None:
        return len(found.labels) >= depth
    if arm not in draft.moved:
        return float(found.scores[-1]) >= least
    typed = draft.arms[arm].best(depth)
    if len(typed.labels) >= depth and float(typed.scores[-1]) >= least:
        return True
    return not np.isin(typed.labels[typed.scores >= least], found.labels).all()


def query_of(draft: Draft) -> Query:
    """Return the query as arms are asked it."""
    parsed = draft.parsed
    return Query(parsed.words, parsed.phrases, parsed.exclusions, draft.vector, draft.allowed)


def _share(drafts: Sequence[Draft], step: str) -> None:
    """Share the time of a step that the first draft took for all of them."""
    if len(drafts) > 1 and step in drafts[0].timings:
        each = drafts[0].timings.pop(step) / len(drafts)
        for draft in drafts:
            draft.timings[step] = draft.timings.get(step, 0.0) + each


def _rank(rank: float) -> int | None:
    return int(rank) if np.isfinite(rank) else None


def _number(score: float) -> float | None:
    return None if np.isnan(score) else float(score)
