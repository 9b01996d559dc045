"""The gate: comparison of the setting in use with a saved baseline.

A baseline is the JSON of an earlier evaluation. Both are compared on the queries that have the same id, text and
judgements; the drop counts if it is beyond what is allowed and the paired randomization test finds it to be no chance.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..config.measuring import GateConfig, SignificanceConfig
from ..errors import UsageError
from ..plural import counted
from .evaluation import GateVerdict, Loss, beyond
from .judgements import digest_of
from .significance import difference

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .evaluation import Evaluation

_HINT = 'Save a new one with "embedctl eval --save FILE".'


class BaselineQuery(NamedTuple):
    """One query as it was measured."""

    text: str
    judgements: str
    """Digest of its judgements."""
    value: float
    first: str | None
    """Name of the first hit."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The setting that was in use, by one metric."""

    metric: str
    setting: str
    queries: dict[str, BaselineQuery]
    """By id."""


def read_baseline(path: Path, metric: str) -> Baseline:
    """Read the baseline that an earlier evaluation saved.

    Raises:
        UsageError: it is no such file, or does not have ``metric``.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        why = error.strerror or error
        raise UsageError(f'The baseline "{path}" cannot be read: {why}.', _HINT) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f'The baseline "{path}" is not JSON.', _HINT) from error
    try:
        (setting,) = (one["name"] for one in told["settings"] if one["in_use"])
        if metric not in told["metrics"]:
            raise UsageError(
                f'The baseline "{path}" does not have {metric}; it has {", ".join(told["metrics"])}.',
                "Compare one of these with --metric, or save a new baseline.",
            )
        queries = {one["id"]: _query(one, setting, metric) for one in told["queries"]}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f'"{path}" is not what "embedctl eval --save" writes.', _HINT) from error
    return Baseline(metric, setting, queries)


def _query(told: dict[str, Any], setting: str, metric: str) -> BaselineQuery:
    value = float(told["values"][setting][metric])
    if not math.isfinite(value):
        raise ValueError("a value of a metric is finite")
    first = told["first"][0]["id"] if told["first"] else None
    return BaselineQuery(str(told["text"]), str(told["judgements"]), value, first)


def judge(
    evaluation: Evaluation,
    baseline: Baseline,
    gate: GateConfig | None = None,
    significance: SignificanceConfig | None = None,
) -> GateVerdict:
    """Compare the setting in use with what a baseline has of ``baseline.metric``.

    Raises:
        UsageError: they have too few queries in common.
    """
    rules, tests = gate or GateConfig(), significance or SignificanceConfig()
    column = [str(metric) for metric in evaluation.metrics].index(baseline.metric)
    now = evaluation.in_use
    there = {query.id: at for at, query in enumerate(evaluation.queries)}
    shared = [query for query in baseline.queries if query in there]
    grades = evaluation.judgements.grades
    asked = {query: (evaluation.queries[there[query]].text, digest_of(grades[query])) for query in shared}
    common = [query for query in shared if asked[query] == baseline.queries[query][:2]]
    if not common or len(common) < rules.least_common * len(baseline.queries):
        raise UsageError(
            f"Only {len(common):,} of the {len(baseline.queries):,} queries of the baseline are asked now with "
            "the same text and judgements: too few to compare.",
            "Make a new baseline with --save, from a version that is known to be good.",
        )
    before = np.array([baseline.queries[query].value for query in common])
    after = np.round([now.values[there[query], column] for query in common], 6)  # as the baseline has them
    change = difference(before, after, tests)
    significant = change.p < tests.alpha
    passed = not beyond(change.mean, rules.max_drop) or not (significant or rules.strict)
    order = [at for at in np.argsort(after - before, kind="stable").tolist() if after[at] < before[at]]
    losses = (_loss(evaluation, common[at], baseline, float(after[at])) for at in order[: rules.listed])
    return GateVerdict(
        metric=baseline.metric,
        before=float(before.mean()),
        after=float(after.mean()),
        change=change,
        max_drop=rules.max_drop,
        significant=significant,
        passed=passed,
        compared=len(common),
        only_before=len(baseline.queries) - len(shared),
        only_after=len(there) - len(shared),
        changed=len(shared) - len(common),
        setting_before=baseline.setting,
        setting_after=now.name,
        losses=tuple(losses),
    )


def verdict_notes(verdict: GateVerdict) -> Iterator[str]:
    """Yield finished sentences on what was not compared."""
    for count, told in (
        (verdict.only_before, "of the baseline, not asked or not judged now"),
        (verdict.only_after, "of now, not in the baseline"),
        (verdict.changed, "with another text or other judgements than in the baseline"),
    ):
        if count:
            yield f"Not compared: {counted(count, 'query')} {told}."


def _loss(evaluation: Evaluation, name: str, baseline: Baseline, after: float) -> Loss:
    before = baseline.queries[name]
    found = evaluation.in_use.run.rankings.get(name, ())
    grades = evaluation.judgements.grades[name]
    first = found[0] if found else None
    return Loss(name, before.text, before.value, after, before.first, first, grades.get(first or ""))
