"""Runs: rankings of all queries, in the file format of trec_eval."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from ..errors import UsageError
from ..query.query_file import Problem, refuse_lines
from .judgements import lines_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_BLANK = re.compile(r"\s")
_COLUMNS = 6
_HINT = 'A line of a run is "query-id Q0 id rank score tag".'


class Ranked(NamedTuple):
    """Ranking of one query."""

    ids: tuple[str, ...]
    """Best first, each once."""
    scores: tuple[float, ...]
    """One for each id; never ascending, equal where the tie was broken otherwise."""


@dataclass(frozen=True, slots=True)
class Run:
    """Rankings of all queries."""

    ranked: dict[str, Ranked]
    """By query id; a query that found nothing may be there or not."""

    @property
    def rankings(self) -> dict[str, tuple[str, ...]]:
        """Ids, best first, by query."""
        return {query: ranked.ids for query, ranked in self.ranked.items()}


def folded(found: Iterable[tuple[str, float]], depth: int | None = None) -> Ranked:
    """Return up to ``depth`` documents of chunks, best first, given by name and score: the first of every name."""
    best: dict[str, float] = {}
    for name, score in found:
        best.setdefault(name, score)
        if len(best) == depth:
            break
    return Ranked(tuple(best), tuple(best.values()))


def falling(scores: Iterable[float]) -> Iterator[float]:
    """Yield ``scores`` so that each is less than the one before, changed no more than that takes.

    trec_eval sorts by score as float32 and breaks ties by name: only so is its order ours.
    """
    import numpy as np

    last = np.float32(math.inf)
    for score in scores:
        last = min(np.float32(score), np.nextafter(last, np.float32(-math.inf)))
        yield float(last)


def run_lines(run: Run, tag: str) -> Iterator[str]:
    """Yield the lines of a TREC run; blanks in names are written as in URLs."""
    for query, ranked in run.ranked.items():
        for rank, (name, score) in enumerate(zip(ranked.ids, falling(ranked.scores), strict=True), start=1):
            yield f"{_word(query)} Q0 {_word(name)} {rank} {score:.9g} {tag}\n"


def read_run(path: Path) -> Run:
    """Read a TREC run; ordered as trec_eval orders it: by score, equal ones by descending id.

    Raises:
        UsageError: it cannot be read, or some lines are none of a run; the message says which.
    """
    found: dict[str, dict[str, float]] = {}
    problems: list[Problem] = []
    for number, line in lines_of(path, "run", "Name a TREC run."):
        columns = line.split()
        score = _finite(columns[4]) if len(columns) == _COLUMNS else None
        if score is None:
            problems.append(Problem(number, "not six columns with a score in the fifth"))
        elif columns[2] in found.setdefault(columns[0], {}):
            problems.append(Problem(number, f'"{columns[2]}" was found before for "{columns[0]}"'))
        else:
            found[columns[0]][columns[2]] = score
    refuse_lines(path, problems, "none of a run", _HINT)
    if not found:
        raise UsageError(f'There is nothing in "{path}".', _HINT)
    return Run({query: ordered(scores) for query, scores in found.items()})


def ordered(scores: Mapping[str, float]) -> Ranked:
    """Return the hits in the order of trec_eval: by score, equal ones by descending id."""
    best = sorted(scores.items(), key=lambda one: (one[1], one[0]), reverse=True)
    return Ranked(tuple(name for name, _ in best), tuple(score for _, score in best))


def _finite(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _word(text: str) -> str:
    return _BLANK.sub(lambda blank: quote(blank[0]), text) or "-"
