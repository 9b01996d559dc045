"""Fitting a store's ranking to judged queries: measured on queries held out, and kept only where the gain is real."""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...config import QueryConfig
from ...config.measuring import EvaluationConfig, TuneConfig
from ...errors import UsageError
from ...store.manifest import TunedRecord
from ...store.writer import writing
from ..metrics import parse_metric
from ..resolve import notes_of, resolve
from ..significance import detectable, difference
from .fit import Space, cross_validate, fit
from .memo import Memo, RankingScores
from .tuning import QueryGain, TunedState, Tuning, is_shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...contracts import Reporter
    from ...query.query_file import NamedQuery
    from ...query.searcher import Searcher
    from ...query.setup import Setup
    from ...store.layout import Layout
    from ...store.snapshot import Snapshot
    from ..judgements import Judgements
    from ..resolve import Names
    from .fit import Scores

_MOST_FOLDS = 20
_WHOLE = 2**31 - 1
"""Hits of a metric without a cutoff."""
_JUDGE_MORE = "Judge more queries, or write them down from what people ask; 50 show large gains, hundreds small ones."


class Prepared(NamedTuple):
    """What a fit needs: everything is open, so that it stays there while others publish and clean up."""

    setup: Setup
    queries: tuple[NamedQuery, ...]
    """Those that have something relevant."""
    grades: tuple[dict[str, int], ...]
    """Name -> grade of what each should find."""
    names: Names
    notes: tuple[str, ...]


def prepared(
    snapshot: Snapshot,
    searcher: Searcher,
    queries: Sequence[NamedQuery],
    judgements: Judgements,
    config: TuneConfig,
) -> Prepared:
    """Open a snapshot and its searcher for the judged ones of ``queries``.

    Raises:
        UsageError: too few queries are judged, or the number of folds is none.
        NoStoreError, MismatchError, DamagedError: as for a query.
    """
    resolved = resolve(snapshot, judgements)
    grades = resolved.judgements.scored()
    kept = tuple(query for query in queries if query.id in grades)
    _check(len(kept), config)
    config_ = QueryConfig(max_per_file=1 if resolved.names.level == "documents" else 0)
    searcher.remember_vectors()
    deepest = max(parse_metric(config.metric).k or _WHOLE, EvaluationConfig().depth)
    setup = replace(searcher.ready(config_, len(kept)), at_most=deepest)
    notes = tuple(notes_of(queries, judgements, resolved))
    return Prepared(setup, kept, tuple(grades[query.id] for query in kept), resolved.names, notes)


def fitted(opened: Prepared, config: TuneConfig, reporter: Reporter) -> Tuning:
    """Return the ranking that fits the queries and what it is worth; nothing is written.

    Raises:
        UsageError: no ranking finds anything that is judged relevant.
    """
    start, metric, queries = time.perf_counter(), parse_metric(config.metric), opened.queries
    before = opened.setup.ranking
    with reporter.stage("tune", None, "rankings") as progress:
        memo = Memo(opened.setup, [query.text for query in queries], config.kept_rows)
        score = RankingScores(memo, opened.grades, opened.names, metric, progress)
        space = Space(opened.setup.arms)
        best = fit(score, before, np.arange(len(queries)), space)
        groups = [" ".join(query.text.casefold().split()) for query in queries]
        after, chosen = cross_validate(score, before, groups, config, space)
    if not score.any_found:
        raise UsageError(
            "No ranking finds anything that is judged relevant.",
            'Are the judgements about this store? "embedctl query TEXT --json" shows the ids of documents.',
        )
    used = score(before)
    gain = difference(used, after, config.significance)
    shown = is_shown(gain, config.significance.alpha)
    return Tuning(
        metric=str(metric),
        queries=len(queries),
        folds=config.folds,
        repeats=config.repeats(len(queries)),
        tried=len(score),
        before=before,
        best=best,
        before_score=float(used.mean()),
        held_out_score=float(after.mean()),
        fitted_score=float(score(best).mean()),
        gain=gain,
        choices=tuple(Counter(chosen).most_common()),
        per_query=tuple(
            QueryGain(query.id, query.text, float(old), float(new))
            for query, old, new in zip(queries, used, after, strict=True)
        ),
        real=shown and best != before,
        queries_needed=None if shown or best == before else _needed(used, after),
        notes=opened.notes,
        seconds=time.perf_counter() - start,
    )


def keep(layout: Layout, tuning: Tuning, wait: float) -> TunedState:
    """Make a store rank by what was fitted, from the next query on.

    Raises:
        LockedError: another process is writing; nothing was changed.
        UsageError: the store was tuned, or a tuning undone, since the fit began; nothing was changed.
    """
    record = TunedRecord(
        ranking=tuning.best,
        metric=tuning.metric,
        queries=tuning.queries,
        before=tuning.before_score,
        after=tuning.held_out_score,
        low=tuning.gain.low or 0.0,
        high=tuning.gain.high or 0.0,
    )
    with writing(layout, "embedctl tune", wait) as writer:
        if writer.manifest.ranking != tuning.before:
            raise UsageError(
                "The ranking of this store was changed while this one was fitted.", "Run the same command again."
            )
        tuned = (*writer.manifest.tuned, record)
        return TunedState.of(writer.commit(replace(writer.manifest, tuned=tuned)))


def undo(layout: Layout, wait: float) -> TunedState:
    """Make a store rank as before the last fit.

    Raises:
        LockedError: another process is writing; nothing was changed.
        UsageError: the store ranks by default.
    """
    with writing(layout, "embedctl tune --undo", wait) as writer:
        tuned = writer.manifest.tuned
        if not tuned:
            raise UsageError("There is nothing to undo: this store ranks by default.", 'See "embedctl tune --show".')
        return TunedState.of(writer.commit(replace(writer.manifest, tuned=tuned[:-1])), tuned[-1])


def _check(queries: int, config: TuneConfig) -> None:
    if queries < config.least_queries:
        raise UsageError(
            f"{queries} of the queries have something relevant among the judgements; with fewer than "
            f"{config.least_queries} nothing can be shown.",
            _JUDGE_MORE,
        )
    if not 2 <= config.folds <= _MOST_FOLDS:
        raise UsageError(f"The queries cannot be cut into {config.folds} folds.", f"Take from 2 to {_MOST_FOLDS}.")


def _needed(before: Scores, after: Scores) -> int | None:
    """Return how many queries would show the gain four times out of five, if it is as large as it seems."""
    gain, shown_by_these = float(np.mean(after - before)), detectable(after - before)
    if gain <= 0 or shown_by_these is None:
        return None
    return max(len(before) + 1, math.ceil(len(before) * (shown_by_these / gain) ** 2))
