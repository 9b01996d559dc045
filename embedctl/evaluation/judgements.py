"""Files of relevance judgements: which document or chunk answers which query, and how well.

==========  ==========================================  ===========================================
form        a line                                      told by
==========  ==========================================  ===========================================
BEIR        ``query-id<TAB>corpus-id<TAB>score``        three columns with tabs between them
TREC        ``query-id iteration corpus-id grade``      four columns with blanks or tabs between them
==========  ==========================================  ===========================================

The first line of the BEIR form may be a header. A grade is a whole number; above 0 is relevant. Blank lines are passed
over and count as lines. A byte order mark and Windows line ends do no harm.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ..errors import UsageError
from ..query.query_file import Problem, refuse_lines

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    Judged: TypeAlias = "str | PathLike[str] | Judgements"
    """A file of judgements in the form of BEIR or TREC, or what was read of one."""

_GRADE = re.compile(r"[+-]?\d{1,9}(\.0+)?")
_HINT = 'Write "query-id<TAB>corpus-id<TAB>score" as BEIR does, or the four columns of TREC.'


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
    for place, (number, line) in enumerate(lines_of(path, "judgements", "Name a file of judgements.")):
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


def lines_of(path: Path, held: str, hint: str) -> list[tuple[int, str]]:
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
