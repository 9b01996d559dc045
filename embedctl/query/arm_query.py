"""What each arm proposes for one query: as it was typed, or with feedback from its first hits (``feedback``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..contracts import Ranking
from .feedback import expanded_query, moved_vector

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..arms.bm25.retriever import Bm25Query
    from ..contracts import Labels, Vectors
    from .answering import Asked, Clock, DensePart

EMPTY = Ranking(np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.float32))


class Proposals(Protocol):
    """One arm, asked for one query at growing depths."""

    feedback: dict[str, Any] | None
    """What its first hits gave, for ``--explain``; ``None``: it takes none."""

    def at(self, depth: int, /) -> Ranking:
        """Return the ``depth`` best rows, by feedback where it is on."""
        ...

    def as_typed(self, depth: int, /) -> Ranking:
        """Return the ``depth`` best rows without feedback."""
        ...

    def scores(self, labels: Labels) -> NDArray[np.float32] | None:
        """Return the scores that ``at`` ranks by, float32 ``(n,)``; NaN where there is none, ``None`` if nowhere."""
        ...

    def most(self) -> float:
        """Return what none of these scores can be more than."""
        ...


class NoProposals:
    """An arm that is not asked."""

    feedback: dict[str, Any] | None = None

    def at(self, _: int) -> Ranking:
        """Return nothing."""
        return EMPTY

    as_typed = at

    def scores(self, labels: Labels) -> None:
        """Return nothing."""

    def most(self) -> float:
        """Return 0: there are no scores."""
        return 0.0


class Bm25Proposals:
    """Of BM25."""

    def __init__(self, asked: Asked, query: Bm25Query, clock: Clock) -> None:
        self._asked = asked
        self._query = query
        self._clock = clock
        self._expanded: Bm25Query | None = None
        self.feedback: dict[str, Any] | None = None

    def at(self, depth: int) -> Ranking:
        """Return the ``depth`` best rows, by feedback where it is on."""
        if not self._asked.ranking.feedback.rm3:
            return self.as_typed(depth)
        if self._expanded is None:
            with self._clock.step("feedback"):
                self._expanded, self.feedback = expanded_query(self._asked.bm25, self._query, self._asked.allowed)
        return self._found(self._expanded, depth)

    def as_typed(self, depth: int) -> Ranking:
        """Return the ``depth`` best rows without feedback."""
        return self._found(self._query, depth)

    def scores(self, labels: Labels) -> NDArray[np.float32]:
        """Return the scores that ``at`` ranks by, float32 ``(n,)``; NaN where nothing matches."""
        return (self._query if self._expanded is None else self._expanded).scores(labels)

    def most(self) -> float:
        """Return what no row can score more than in BM25."""
        return (self._query if self._expanded is None else self._expanded).most()

    def _found(self, query: Bm25Query, depth: int) -> Ranking:
        with self._clock.step("bm25"):
            return query.search(depth, self._asked.allowed)


class DenseProposals:
    """Of the dense arm; rows that the query excludes are still among them."""

    def __init__(self, asked: Asked, part: DensePart, query: Bm25Query, clock: Clock) -> None:
        self._asked = asked
        self._part = part
        self._query = query
        self._clock = clock
        self._moved: Vectors | None = None
        self.feedback: dict[str, Any] | None = None

    def at(self, depth: int) -> Ranking:
        """Return the ``depth`` best rows, by feedback where it is on."""
        if not self._asked.ranking.feedback.rocchio:
            return self.as_typed(depth)
        if self._moved is None:  # at the first depth, which is what a batch has asked for already
            first = self.as_typed(self._asked.depth)
            with self._clock.step("feedback"):
                vector = self._part.vector()
                self._moved, self.feedback = moved_vector(self._asked.dense, self._query, vector, first)
        return self._found(self._moved, depth)

    def as_typed(self, depth: int) -> Ranking:
        """Return the ``depth`` best rows without feedback."""
        if self._part.first is not None and depth == self._asked.depth:
            return self._part.first
        return self._found(self._part.vector(), depth)

    def scores(self, labels: Labels) -> NDArray[np.float32]:
        """Return the similarities that ``at`` ranks by, float32 ``(n,)``; NaN where there is no such row."""
        return self._asked.dense.cosine(self._part.vector() if self._moved is None else self._moved, labels)

    def most(self) -> float:
        """Return the similarity of equal vectors."""
        return 1.0

    def _found(self, vector: Vectors, depth: int) -> Ranking:
        with self._clock.step("dense"):
            return self._asked.dense.search(self._part.plan, vector, depth, self._asked.allowed)


def reaches_on(arm: Proposals, found: Ranking, depth: int, least: float | None) -> bool:
    """Say whether an arm has rows beyond ``depth`` that could still pass its threshold.

    Thresholds are on the scores of the query as it was typed. Where feedback orders the rows, all that pass are known
    once the query as typed has come below its threshold; then it matters whether they have all been proposed.

    Args:
        arm: what has proposed ``found``.
        found: its rows at ``depth``.
        depth: how many it was asked for.
        least: the threshold on its raw score.
    """
    if len(found.labels) < depth or least is None:
        return len(found.labels) >= depth
    if arm.feedback is None:
        return float(found.scores[-1]) >= least
    typed = arm.as_typed(depth)
    if len(typed.labels) >= depth and float(typed.scores[-1]) >= least:
        return True
    return not np.isin(typed.labels[typed.scores >= least], found.labels).all()
