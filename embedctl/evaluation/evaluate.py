"""Evaluation of every setting with judged queries, on one snapshot.

A ranking is the one that ``embedctl query`` makes for its first ``n`` hits, followed as deep as it goes: the arms are
not asked for more candidates because a metric looks deeper. An arm alone is asked for as many as the metrics look at,
which changes nothing at the top.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..errors import UsageError
from .evaluation import Evaluation, Setting
from .judgements import Judgements
from .measurement import Measurement
from .metrics import depth_of, parse_metric, parse_metrics, run_values
from .notes import listed, notes_of
from .resolve import resolve
from .runs import Ranked, Run, folded
from .settings import compared
from .significance import detectable, difference, holm, mean_interval

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..config.measuring import EvaluationConfig
    from ..contracts import Allowed, Reporter
    from ..query.query_file import NamedQuery
    from ..query.searcher import Searcher
    from ..store.layout import Layout
    from ..store.manifest import Manifest
    from .metrics import Metric


class OpenSnapshot(NamedTuple):
    """A store's files and its open index."""

    layout: Layout
    manifest: Manifest
    searcher: Searcher


class JudgedQueries(NamedTuple):
    """Queries, their judgements, and runs of other tools."""

    queries: Sequence[NamedQuery]
    judgements: Judgements
    runs: Mapping[str, Run]
    """Foreign runs by name, measured beside the store's own."""
    allowed_for: Callable[[str], Allowed] | None = None
    """Chunks that may answer a query, by its id, where each has its own."""


def evaluate(snapshot: OpenSnapshot, judged: JudgedQueries, config: EvaluationConfig, reporter: Reporter) -> Evaluation:
    """Return the figures of each setting.

    Raises:
        UsageError: no query has a relevant judgement, or a metric, filter or number is wrong.
        NoStoreError, MismatchError, DamagedError: as for a query.
    """
    metric = parse_metric(config.metric)
    metrics = tuple(dict.fromkeys((metric, *parse_metrics(config.metrics))))
    candidates = compared(config, snapshot.manifest.ranking, snapshot.searcher.arms)
    index = snapshot.manifest.index
    assert index is not None  # a searcher has one
    resolved = resolve(snapshot.layout, index, snapshot.manifest.sources, judged.judgements)
    relevant = resolved.judgements.scored()
    queries = _queries(judged.queries, relevant)
    scored = {query.id: relevant[query.id] for query in queries}
    depth = depth_of(metrics, config.depth)
    timed = _spread(queries, config.timed)
    asking = Measurement(snapshot.searcher, queries, resolved.names, depth, judged.allowed_for)
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
        called = {query: _called(ranked, resolved.called) for query, ranked in run.ranked.items()}
        settings.append(_measured(name, Run(called), metrics, scored, config))
    column = metrics.index(metric)
    settings, least = _compared(settings, column, config)
    return Evaluation(
        store=str(snapshot.layout.root),
        snapshot=snapshot.manifest.snapshot,
        level=resolved.names.level,
        metrics=metrics,
        metric=metric,
        queries=queries,
        judgements=Judgements(scored),
        settings=tuple(settings),
        notes=(*notes_of(judged.queries, judged.judgements, resolved), *asking.warnings),
        detectable=least,
        alpha=config.significance.alpha,
    )


def _measured(
    name: str,
    run: Run,
    metrics: tuple[Metric, ...],
    scored: Mapping[str, Mapping[str, int]],
    config: EvaluationConfig,
) -> Setting:
    """Return a run with its values, as a setting."""
    values = run_values(metrics, run.rankings, scored)
    primary = values[:, metrics.index(parse_metric(config.metric))]
    return Setting(name, run, values, tuple(values.mean(axis=0).tolist()), mean_interval(primary, config.significance))


def _compared(settings: Sequence[Setting], column: int, config: EvaluationConfig) -> tuple[list[Setting], float | None]:
    """Return the settings with what they change against the one in use, and the least difference that would show.

    That is the median of what is :func:`detectable` by the differences of the settings.
    """
    in_use = next(setting for setting in settings if setting.in_use).values[:, column]
    others = {
        at: difference(in_use, setting.values[:, column], config.significance)
        for at, setting in enumerate(settings)
        if not setting.in_use
    }
    corrected = dict(zip(others, holm([versus.p for versus in others.values()]), strict=True))
    least = [value for at in others if (value := detectable(settings[at].values[:, column] - in_use))]
    told = [replace(setting, versus=others.get(at), p_holm=corrected.get(at)) for at, setting in enumerate(settings)]
    return told, float(np.median(least)) if least else None


def _called(ranked: Ranked, called: Mapping[str, str]) -> Ranked:
    return folded((called.get(name, name), score) for name, score in zip(ranked.ids, ranked.scores, strict=True))


def _spread(queries: Sequence[NamedQuery], most: int) -> list[NamedQuery]:
    """Return up to ``most`` queries from all over the list, in its order."""
    if len(queries) <= most:
        return list(queries)
    return [queries[at] for at in np.linspace(0, len(queries) - 1, most).astype(int).tolist()] if most else []


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
