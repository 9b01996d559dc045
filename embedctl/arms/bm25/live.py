"""Live rows of an index, and the statistics of BM25 among them.

Tantivy counts every row that it holds. Deleting a row there would not change that before its segment is merged, and a
merge then estimates the number of tokens that are left. So nothing is deleted inside Tantivy:

* a row that dies stays, and its label is noted in ``dead.labels``; queries leave it out of what they find;
* its text is added again as a *tombstone* to fields of their own, ``buried_body`` and so on, whose document
  frequencies are thus those of dead rows: the difference is exact, and so is each term's idf among live rows, which a
  boost puts in the place of Tantivy's;
* *filler* rows bring the average length of each field to that of live rows: they have as many tokens as it takes.

An index with more than ``MOST_DEAD`` rows that are not alive for each live one is to be rebuilt, and so is one whose
averages no filler brings near enough, which is what happens to small ones: there each token counts.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import tantivy

from ...errors import DamagedError
from ...labels import is_in
from .tantivy_files import BURIED, FIELDS, FILLER, read_dead

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from ...labels import Labels

FILLER_TERM = "zq"
"""Fillers consist of it; no analysis changes it. A text may have it, too: it is counted as any other term."""

FILLER_TOKENS = 1_000_000
"""Tokens of one filler row, in each field, at most."""

MOST_DEAD = 0.5

NEAR = ((3e-7, 100), (1e-6, 500), (5e-6, None))
"""Relative errors of average lengths, those of scores are smaller; and how many filler rows each is worth."""


class Idf(NamedTuple):
    """Weights of a term or of a phrase in one field; 0 where no row has it."""

    live: float
    """Among live rows."""
    counted: float
    """Among all rows, as Tantivy computes it."""

    @property
    def correction(self) -> float:
        """The boost that turns the one into the other; exactly 1 without dead rows."""
        return self.live / self.counted if self.counted else 1.0


NO_IDF = Idf(0.0, 0.0)


class LiveRows:
    """Tells live rows from others, and counts among them."""

    def __init__(self, searcher: tantivy.Searcher, counted: int, folder: Path, files: Collection[str] | None) -> None:
        """Read the labels of rows that are not alive among the ``counted`` ones of Tantivy.

        ``files``: as in :class:`~embedctl.arms.bm25.arm.Bm25Arm`.

        Raises:
            DamagedError: these labels are not in order, or there are more than rows.
        """
        self._searcher = searcher
        self.counted = counted
        self._gone = read_dead(folder, files)
        self.dead: Labels = self._gone[: np.searchsorted(self._gone, np.uint64(FILLER))]
        """Labels of rows that were alive once, ascending."""
        if len(self._gone) > counted:
            raise DamagedError(f"The BM25 index in {folder} has more dead rows than rows.")

    def __len__(self) -> int:
        """Return the number of live rows."""
        return int(self._searcher.num_docs) - len(self._gone)

    def mask(self, labels: Labels) -> NDArray[np.bool_]:
        """Return which of ``labels`` are not those of dead rows, tombstones or fillers; bool ``(n,)``."""
        return ~is_in(labels, self._gone)

    def room(self, k: int) -> int:
        """Return how many rows to fetch for ``k`` live ones, where dead ones are found as often as others."""
        return k + k * len(self.dead) // max(1, len(self))

    def having(self, field: str, term: str) -> int:
        """Return how many live rows have a term in a field."""
        return self._frequencies(field, term)[0]

    def idf(self, field: str, terms: Iterable[str]) -> Idf:
        """Return the idf of a term, or of a phrase: Tantivy adds up those of its terms."""
        live = counted = 0.0
        for term in terms:
            having, all_having = self._frequencies(field, term)
            live += _idf(having, self.counted - len(self._gone))
            counted += _idf(all_having, self.counted) if len(self._gone) else 0.0
        if not len(self._gone):
            return Idf(live, live)
        return Idf(live, counted)

    @property
    def unseen_idf(self) -> float:
        """The idf of a term that no live row has."""
        return math.log(1 + (self.counted - len(self._gone) + 0.5) / 0.5)

    def _frequencies(self, field: str, term: str) -> tuple[int, int]:
        counted = int(self._searcher.doc_freq(field, term))
        if not counted or not len(self._gone):
            return counted, counted
        return counted - int(self._searcher.doc_freq(BURIED[field], term)), counted


def _idf(having: int, rows: int) -> float:
    """Return ``log(1 + (N - n + 0.5) / (n + 0.5))``, which is Lucene's and Tantivy's; 0 where no row has the term."""
    return math.log(1 + (rows - having + 0.5) / (having + 0.5)) if having else 0.0


def fillers(searcher: tantivy.Searcher, schema: tantivy.Schema, gone: int) -> list[dict[str, int]] | None:
    """Return the filler rows that an index lacks, each as its tokens by field; ``None``: it is to be rebuilt.

    The index has a filler row; ``gone``: how many of its rows are not alive.
    """
    rows = int(searcher.num_docs)
    live = rows - gone
    most = int(MOST_DEAD * live) - gone
    if live == 0 or most < 0:
        return None
    counted = {name: _tokens(searcher, schema, name) for name in FIELDS}
    alive = {name: counted[name] - _tokens(searcher, schema, BURIED[name]) for name in FIELDS}
    alive = {name: tokens for name, tokens in alive.items() if tokens > 0}  # where there are none, none is scored
    more = np.arange(most + 1)
    errors = np.zeros(most + 1)
    for name, tokens in alive.items():
        wanted = tokens / live * (rows + more)
        lacking = np.where(more > 0, np.maximum(0.0, np.rint(wanted) - counted[name]), 0.0)
        errors = np.maximum(errors, np.abs(counted[name] + lacking - wanted) / wanted)
        errors[lacking > FILLER_TOKENS * more] = np.inf
    near = [first for error, room in NEAR for first in np.flatnonzero(errors[:room] <= error)[:1].tolist()]
    if not near:
        return None
    missing = {name: round(tokens / live * (rows + near[0])) - counted[name] for name, tokens in alive.items()}
    return [
        {name: min(max(0, tokens - at * FILLER_TOKENS), FILLER_TOKENS) for name, tokens in missing.items()}
        for at in range(near[0])
    ]


def _tokens(searcher: tantivy.Searcher, schema: tantivy.Schema, field: str) -> int:
    """Return how many tokens all rows have in a field: Tantivy tells their average in an explanation."""
    query = tantivy.Query.term_query(schema, field, FILLER_TERM)
    ((_, address),) = searcher.search(query, 1, count=False).hits
    told = json.loads(query.explain(searcher, address).to_json())
    while not told["description"].startswith("avgdl"):
        told = told["details"][-1]
    return round(float(told["value"]) * int(searcher.num_docs))
