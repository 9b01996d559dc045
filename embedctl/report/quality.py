"""Results of an evaluation, for a report, with the titles of documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..evaluation.resolve import CHUNK, names_of
from ..evaluation.significance import mean_interval
from ..index.open import require_index
from ..plural import counted
from ..store.parts import live_documents

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from ..config.measuring import ReportConfig
    from ..evaluation.evaluation import Evaluation, Setting
    from ..evaluation.judgements import Run
    from ..evaluation.significance import Interval
    from ..store.layout import Layout
    from ..store.manifest import Manifest

    ScoreGroups = Mapping[str, NDArray[np.float64]]
    """Name of a group of hits -> their scores, float64 ``(n,)``."""


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One way to rank that was measured."""

    setting: Setting
    estimates: tuple[Interval, ...]
    """One for each of ``Quality.metrics``."""

    @property
    def role(self) -> str:
        """Kind of the setting, which its colour shows."""
        return "in use" if self.setting.in_use else "fusion" if self.setting.mode == "hybrid" else "one arm"


@dataclass(frozen=True, slots=True)
class WorstQuery:
    """A query that the setting in use answers badly."""

    text: str
    value: float
    found: tuple[str, ...]
    """Titles of the first hits, with their judgements."""
    wanted: tuple[str, ...]
    """Titles of what is relevant, with the rank at which it was found."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Raw scores of the first hits of each arm."""

    arms: dict[str, ScoreGroups]
    queries: int


@dataclass(frozen=True, slots=True)
class Quality:
    """Quality of the answers to judged queries."""

    found: Evaluation
    confidence: float
    """Of the intervals: 0.95."""
    metrics: tuple[str, ...]
    """The primary one first, which sorts the queries."""
    settings: tuple[SettingRow, ...]
    worst: tuple[WorstQuery, ...]
    """The worst first; none of them is answered perfectly."""

    @property
    def about(self) -> str:
        """The queries, in words."""
        return counted(len(self.found.queries), "synthetic query" if self.found.synthetic else "judged query")

    @property
    def in_use(self) -> SettingRow:
        """The setting that the store uses."""
        return next(one for one in self.settings if one.setting.in_use)

    @property
    def best(self) -> SettingRow:
        """The setting with the highest mean of the primary metric."""
        return max(self.settings, key=lambda one: one.estimates[0].mean)


def quality_of(
    found: Evaluation, titles_of: Callable[[Collection[str]], Mapping[str, str]], config: ReportConfig
) -> Quality:
    """Return settings with an interval for every metric, and the worst queries; ``titles_of``: titles by names."""
    significance = config.evaluation.significance
    return Quality(
        found=found,
        confidence=significance.confidence,
        metrics=tuple(map(str, found.metrics)),
        settings=tuple(
            SettingRow(one, tuple(mean_interval(column, significance) for column in one.values.T))
            for one in found.settings
        ),
        worst=_worst(found, titles_of, config),
    )


def scores_of(found: Evaluation, depth: int) -> Scores:
    """Return the scores of each arm's first hits: of those that are relevant, and of the others."""
    names = ("right", "wrong") if found.synthetic else ("judged relevant", "not judged relevant")
    arms: dict[str, ScoreGroups] = {}
    for one in found.settings:
        if one.mode is not None and one.mode not in ("hybrid", *arms):
            arms[one.mode] = dict(zip(names, _scores(found, one.run, depth), strict=True))
    return Scores(arms, len(found.queries))


def unjudged(arms: Mapping[str, Sequence[Sequence[float]]], queries: int) -> Scores:
    """Return the scores of each arm's hits, best first for each query, whose relevance is unknown."""

    def groups(scores: Sequence[Sequence[float]]) -> ScoreGroups:
        first = [score for of_query in scores for score in of_query[:1]]
        others = [score for of_query in scores for score in of_query[1:]]
        return {"first hits": np.array(first), "later hits": np.array(others)}

    return Scores({arm: groups(scores) for arm, scores in arms.items()}, queries)


def _scores(found: Evaluation, run: Run, depth: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    relevant: list[float] = []
    others: list[float] = []
    for query in found.queries:
        grades = found.judgements.grades[query.id]
        ranked = run.ranked.get(query.id)
        for name, score in zip(ranked.ids[:depth], ranked.scores[:depth], strict=True) if ranked else ():
            (relevant if grades.get(name, 0) > 0 else others).append(score)
    return np.array(relevant), np.array(others)


def _worst(
    found: Evaluation, titles_of: Callable[[Collection[str]], Mapping[str, str]], config: ReportConfig
) -> tuple[WorstQuery, ...]:
    rows = [row for row in found.rows() if row.value < 1][: config.worst]
    rankings, judged = found.in_use.run.rankings, found.judgements.grades
    shown = {name for row in rows for name in (*rankings.get(row.query.id, ())[: config.found], *judged[row.query.id])}
    titles = titles_of(shown)
    worst = []
    for row in rows:
        ranking, grades = rankings.get(row.query.id, ()), judged[row.query.id]
        first = [
            f"{rank}. {title_of(name, titles)}{_judged(grades.get(name))}"
            for rank, name in enumerate(ranking[: config.found], start=1)
        ]
        relevant = sorted((name for name, grade in grades.items() if grade > 0), key=lambda name: -grades[name])
        wanted = _wanted(relevant, ranking, titles, config.found)
        worst.append(WorstQuery(row.query.text, row.value, tuple(first) or ("nothing",), wanted))
    return tuple(worst)


def _wanted(names: list[str], ranking: tuple[str, ...], titles: Mapping[str, str], most: int) -> tuple[str, ...]:
    ranks = {name: rank for rank, name in enumerate(ranking, start=1)}
    told = [
        f"{title_of(name, titles)}: " + (f"found at {ranks[name]:,}" if name in ranks else "not found")
        for name in names[:most]
    ]
    return (*told, f"and {len(names) - most:,} more") if len(names) > most else tuple(told)


def _judged(grade: int | None) -> str:
    if grade is None:
        return ""
    return " (relevant)" if grade > 0 else " (judged not relevant)"


def read_titles(layout: Layout, manifest: Manifest, names: Collection[str]) -> dict[str, str]:
    """Return titles of documents of the index by name; :func:`title_of` reads them.

    Names are ids of documents or chunks, ``source:id``, or paths from the store's base.

    Raises:
        NoStoreError: there is no index.
    """
    wanted = {name for one in names for name in (one, _document(one))}
    roots = {source.name: source.root for source in manifest.sources}
    titles: dict[str, str] = {}
    for part in require_index(layout, manifest).parts:
        columns = ("source", "doc_id", "path", "record", "title")
        for _, entry in live_documents(layout, part, columns):
            if entry["title"]:
                for name, _ in names_of(entry, roots):
                    if name in wanted:
                        titles.setdefault(name, entry["title"])
    return titles


def title_of(name: str, titles: Mapping[str, str]) -> str:
    """Return ``title (name)``, or the name alone where there is no title."""
    title = titles.get(name) or titles.get(_document(name))
    return f"{title} ({name})" if title and title != name else name


def _document(name: str) -> str:
    """Return the name of a chunk's document, and any other name as it is."""
    chunk = CHUNK.fullmatch(name)
    return chunk[1] if chunk else name
