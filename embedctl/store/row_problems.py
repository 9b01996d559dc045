"""Rows of a record file that made no document, grouped by reason: what the ledger keeps of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from ..records import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_REASONS = 20
"""Kept of one file; rows left out for further reasons are counted together."""
_OTHER = "other reasons"


class RowProblem(NamedTuple):
    """Rows of one file that failed or were skipped for one reason."""

    outcome: Outcome
    reason: str
    rows: int
    first: int
    """Number of the first of them."""

    def place(self, path: str) -> str:
        """Return where they are: the path and a row."""
        return f"{path}, row {self.first}"

    @property
    def told(self) -> str:
        """The reason, and how many rows share it."""
        return self.reason if self.rows == 1 else f"{self.reason} ({self.rows:,} rows; this is the first)"


class RowProblems:
    """Counts the rows of one file that made no document."""

    def __init__(self, encoded: str | None = None) -> None:
        """Go on from what :meth:`encoded` returned."""
        self._found: dict[tuple[str, str], tuple[int, int]] = {}
        """Outcome and reason -> rows, and the first of them."""
        for outcome, reason, rows, first in json.loads(encoded) if encoded else ():
            self._found[outcome, reason] = rows, first

    def __iter__(self) -> Iterator[RowProblem]:
        for (outcome, reason), (rows, first) in self._found.items():
            yield RowProblem(Outcome(outcome), reason, rows, first)

    def add(self, outcome: Outcome, reason: str, row: int) -> None:
        """Count a row."""
        key = (outcome.value, reason)
        if key not in self._found and len(self._found) >= MOST_REASONS:
            key = (outcome.value, _OTHER)
        rows, first = self._found.get(key, (0, row))
        self._found[key] = rows + 1, first

    def count(self, outcome: Outcome) -> int:
        """Return how many rows ended so."""
        return sum(rows for (kind, _), (rows, _) in self._found.items() if kind == outcome.value)

    def encoded(self) -> str | None:
        """Return all of it as JSON; ``None``: no row made no document."""
        rows = [(*key, *found) for key, found in self._found.items()]
        return json.dumps(rows, ensure_ascii=False) if rows else None
