"""Relevance judgements, and the runs that are measured by them: which document or chunk answers which query.

==========  ==========================================  ===========================================
form        a line                                      told by
==========  ==========================================  ===========================================
BEIR        ``query-id<TAB>corpus-id<TAB>score``        three columns with tabs between them
TREC        ``query-id iteration corpus-id grade``      four columns with blanks or tabs between them
==========  ==========================================  ===========================================

The first line of the BEIR form may be a header. A grade is a whole number; above 0 is relevant. Blank lines are passed
over and count as lines. A byte order mark and Windows line ends do no harm. A run, the rankings of all queries, is in
the format of trec_eval: ``query-id Q0 id rank score tag``.
"""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from urllib.parse import quote

from ..errors import UsageError
from ..query.query_file import Problem, refuse_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from os import PathLike

    Judged: TypeAlias = "str | PathLike[str] | Judgements"
    """A file of judgements in the form of BEIR or TREC, or what was read of one."""

_GRADE = re.compile(r"[+-]?\d{1,9}(\.0+)?")
_HINT = 'Write "query-id<TAB>corpus-id<TAB>score" as BEIR does, or the four columns of TREC.'
_BLANK = re.compile(r"\s")
_COLUMNS = 6
_RUN_HINT = 'A line of a run is "query-id Q0 id rank score tag".'


@dataclass(frozen=True, slots=True)
class Judgements:
    """Grades by query."""

    grades: dict[str, dict[str, int]]
    """Query id -> id of what was judged -> grade; in the order of the file."""

    def scored(self) -> dict[str, dict[str, int]]:
        """Return the queries that have something relevant: only these can be measured."""
        return {query: grades for query, grades in self.grades.items() if any(grade > 0 for grade in grades.values())}


def judgements_of(judged: Judged) -> Judgements:
    """Return judgements, read where they are in a file; see :func:`read_judgements`."""
    return judged if isinstance(judged, Judgements) else read_judgements(Path(judged))


def read_judgements(path: Path) -> Judgements:
    """Read a file of judgements.

    Raises:
        UsageError: it cannot be read, has no judgement, or some lines are none; the message says which.
    """
    grades: dict[str, dict[str, int]] = {}
    problems: list[Problem] = []
    for place, (number, line) in enumerate(_lines(path, "judgements", "Name a file of judgements.")):
        found = _judgement(line, number, first=place == 0)
        if isinstance(found, Problem):
            problems.append(found)
        elif found is not None:
            query, judged, grade = found
            if grades.setdefault(query, {}).setdefault(judged, grade) != grade:
                problems.append(Problem(number, f'"{judged}" has another grade for "{query}" further up'))
    refuse_lines(path, problems, "no judgements", _HINT)
    if not grades:
        raise UsageError(f'There is no judgement in "{path}".', _HINT)
    return Judgements(grades)


def _lines(path: Path, held: str, hint: str) -> list[tuple[int, str]]:
    """Return the lines of a text that are not blank, with their numbers from 1.

    Raises:
        UsageError: it cannot be read; the message calls it ``held``.
    """
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        why = getattr(error, "strerror", None) or error
        raise UsageError(f'The {held} in "{path}" cannot be read: {why}.', hint) from error
    return [(number, line.rstrip("\r")) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]


def digest_of(grades: Mapping[str, int]) -> str:
    """Return 16 hex digits that differ when the judgements of a query do, whatever their order."""
    told = "\n".join(f"{name}\t{grade}" for name, grade in sorted(grades.items()) if grade)
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _judgement(line: str, number: int, first: bool) -> tuple[str, str, int] | Problem | None:
    """Return what a line says; ``None`` for the header."""
    columns = [column.strip() for column in line.split("\t")]
    if len(columns) != 3:  # the form of BEIR
        columns = line.split()
        if len(columns) != 4:  # the form of TREC
            return Problem(number, "neither three columns with tabs between them nor four")
        del columns[1]
    query, judged, grade = columns
    if not query or not judged:
        return Problem(number, "an id is missing")
    if not _GRADE.fullmatch(grade):
        return None if first and not any(map(str.isdigit, grade)) else Problem(number, f'no whole number: "{grade}"')
    return query, judged, int(float(grade))


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
    for number, line in _lines(path, "run", "Name a TREC run."):
        columns = line.split()
        score = _finite(columns[4]) if len(columns) == _COLUMNS else None
        if score is None:
            problems.append(Problem(number, "not six columns with a score in the fifth"))
        elif columns[2] in found.setdefault(columns[0], {}):
            problems.append(Problem(number, f'"{columns[2]}" was found before for "{columns[0]}"'))
        else:
            found[columns[0]][columns[2]] = score
    refuse_lines(path, problems, "none of a run", _RUN_HINT)
    if not found:
        raise UsageError(f'There is nothing in "{path}".', _RUN_HINT)
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
