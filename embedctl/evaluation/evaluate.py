"""Evaluation of every setting with judged queries, on one snapshot.

A ranking is the one that ``embedctl query`` makes for its first ``n`` hits, followed as deep as it goes: the arms are
not asked for more candidates because a metric looks deeper. An arm alone is asked for as many as the metrics look at,
which changes nothing at the top.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..errors import UsageError
from ..query.batch import search_many
from ..query.query_file import QueryList
from .evaluation import Evaluation, Latency, Setting
from .judgements import Judgements, Ranked, Run, folded
from .metrics import depth_of, parse_metrics, run_values
from .resolve import listed, notes_of, resolve
from .settings import compared
from .significance import detectable, difference, holm, mean_interval

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..config import QueryConfig
    from ..config.measuring import EvaluationConfig
    from ..contracts import Allowed, Progress, Reporter
    from ..query.query_file import NamedQuery
    from ..query.searcher import Searcher
    from ..query.setup import Setup
    from ..store.snapshot import Snapshot
    from .metrics import Metric
    from .resolve import Names
    from .settings import Candidate


_WARM = 3
"""Queries that are asked before any is timed."""


class JudgedQueries(NamedTuple):
    """Queries, their judgements, and runs of other tools."""

    queries: Sequence[NamedQuery]
    judgements: Judgements
    runs: Mapping[str, Run]
    """Foreign runs by name, measured beside the store's own."""
    allowed_for: Callable[[str], Allowed] | None = None
    """Chunks that may answer a query, by its id, where each has its own."""


def evaluate(
    snapshot: Snapshot, searcher: Searcher, judged: JudgedQueries, config: EvaluationConfig, reporter: Reporter
) -> Evaluation:
    """Return the figures of each setting, on a snapshot that ``searcher`` has opened.

    Raises:
        UsageError: no query has a relevant judgement, or a metric, filter or number is wrong.
        NoStoreError, MismatchError, DamagedError: as for a query.
    """
    metrics = parse_metrics((config.metric, *config.metrics))
    candidates = compared(config, snapshot.manifest.ranking, searcher.arms)
    resolved = resolve(snapshot, judged.judgements)
    relevant = resolved.judgements.scored()
    queries = _queries(judged.queries, relevant)
    scored = {query.id: relevant[query.id] for query in queries}
    depth = depth_of(metrics, config.depth)
    timed = _spread(queries, config.timed)
    searcher.remember_vectors()
    asking = Measurement(searcher, queries, resolved.names, depth, judged.allowed_for)
    settings: list[Setting] = []
    with reporter.stage("eval", len(candidates) * (len(queries) + len(timed)), "queries") as progress:
        for candidate in candidates:
            run, plan = asking.run(candidate, progress)
            settings.append(
                replace(
                    _measured(candidate.name, run, metrics, scored, config),
                    mode="hybrid" if len(candidate.arms) > 1 else candidate.arms[0].name,
                    ranking=candidate.ranking,
                    in_use=candidate.in_use,
                    latency=asking.latency(candidate, timed, progress),
                    dense_plan=plan,
                )
            )
    for name, run in judged.runs.items():
        called = {
            query: folded(zip((resolved.called.get(one, one) for one in ranked.ids), ranked.scores, strict=True))
            for query, ranked in run.ranked.items()
        }
        settings.append(_measured(name, Run(called), metrics, scored, config))
    settings, least = _compared(settings, config)
    return Evaluation(
        store=str(snapshot.layout.root),
        snapshot=snapshot.manifest.snapshot,
        level=resolved.names.level,
        metrics=metrics,
        queries=queries,
        judgements=Judgements(scored),
        settings=tuple(settings),
        notes=(*notes_of(judged.queries, judged.judgements, resolved), *asking.warnings),
        detectable=least,
        alpha=config.significance.alpha,
    )


@dataclass
class Measurement:
    """Each query is encoded once, and the nearest vectors are found as for a single query, in all settings."""

    searcher: Searcher
    queries: Sequence[NamedQuery]
    names: Names
    depth: int
    """Documents, or judged chunks, of a ranking."""
    allowed_for: Callable[[str], Allowed] | None
    """As a batch has it."""
    warnings: list[str] = field(default_factory=list)
    """Of damaged files that were skipped."""
    _known: dict[str, str] = field(default_factory=dict, init=False)

    def run(self, candidate: Candidate, progress: Progress) -> tuple[Run, str | None]:
        """Return the rankings of a setting, and the plan that found the nearest vectors."""
        ranked: dict[str, Ranked] = {}
        plan: str | None = None
        source = QueryList([(query.id, query.text) for query in self.queries])
        answers = search_many(self.setup(candidate.config), source, self.allowed_for)
        for query, answer in zip(self.queries, answers, strict=True):
            names = (self.names.of(hit) for hit in answer.hits)
            shared = (self._known.setdefault(name, name) for name in names)  # there are as many as there are hits
            ranked[query.id] = folded(zip(shared, (hit.score for hit in answer.hits), strict=True), self.depth)
            plan = plan or answer.explanation.dense_plan
            if answer.degraded:
                self.warnings += [warning for warning in answer.warnings if warning not in self.warnings]
            progress.advance()
        return Run(ranked), plan

    def latency(self, candidate: Candidate, timed: Sequence[NamedQuery], progress: Progress) -> Latency | None:
        """Return how long answers take to queries that are asked one at a time, as ``embedctl query`` asks."""
        if not timed:
            return None
        for query in timed[:_WARM]:
            self.searcher.search(query.text, candidate.config, counted=False)
        took: list[float] = []
        for query in timed:
            start = time.perf_counter()
            self.searcher.search(query.text, candidate.config, counted=False)
            took.append(1e3 * (time.perf_counter() - start))
            progress.advance()
        return Latency(float(np.median(took)), float(np.percentile(took, 95)), len(took))

    def setup(self, config: QueryConfig) -> Setup:
        """Return how the queries are asked in a setting: as deep as rankings go without asking arms for more."""
        if self.names.level == "documents":
            config = replace(config, max_per_file=1)
        if len(self.searcher.arms(config)) == 1:  # a longer ranking of one arm has the same beginning
            config = replace(config, n=max(config.n, self.depth))
        return replace(self.searcher.ready(config, 0), at_most=self.depth)


def _measured(
    name: str,
    run: Run,
    metrics: tuple[Metric, ...],
    scored: Mapping[str, Mapping[str, int]],
    config: EvaluationConfig,
) -> Setting:
    """Return a run with its values, as a setting."""
    values = run_values(metrics, run.rankings, scored)
    interval = mean_interval(values[:, 0], config.significance)
    return Setting(name, run, values, tuple(values.mean(axis=0).tolist()), interval)


def _compared(settings: Sequence[Setting], config: EvaluationConfig) -> tuple[list[Setting], float | None]:
    """Return the settings with what they change against the one in use, and the least difference that would show.

    That is the median of what is :func:`detectable` by the differences of the settings.
    """
    in_use = next(setting for setting in settings if setting.in_use).values[:, 0]
    others = {
        at: difference(in_use, setting.values[:, 0], config.significance)
        for at, setting in enumerate(settings)
        if not setting.in_use
    }
    corrected = dict(zip(others, holm([versus.p for versus in others.values()]), strict=True))
    least = [value for at in others if (value := detectable(settings[at].values[:, 0] - in_use))]
    told = [replace(setting, versus=others.get(at), p_holm=corrected.get(at)) for at, setting in enumerate(settings)]
    return told, float(np.median(least)) if least else None


def _spread(queries: Sequence[NamedQuery], most: int) -> list[NamedQuery]:
    """Return up to ``most`` queries from all over the list, in its order."""
    return [queries[at] for at in np.linspace(0, len(queries) - 1, min(most, len(queries))).astype(int).tolist()]


def _queries(asked: Sequence[NamedQuery], relevant: Mapping[str, object]) -> tuple[NamedQuery, ...]:
    twice = [name for name, count in Counter(query.id for query in asked).items() if count > 1]
    if twice:
        raise UsageError(f"Several queries have the id {listed(twice)}.", "Give each its own.")
    queries = tuple(query for query in asked if query.id in relevant)
    if not queries:
        examples = f", such as {listed([query.id for query in asked])}" if asked else ""
        raise UsageError(
            "None of the queries has a relevant judgement.",
            f"The first column of the judgements has ids of queries{examples}.",
        )
    return queries
