"""One query on its way through the pipeline."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .parse import parse_query, whole_characters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from ..contracts import Allowed, ArmQuery, Labels, Ranking, Vectors
    from ..records import Hit
    from .document_fusion import Candidates, Fused
    from .parse import ParsedQuery

    Mask = NDArray[np.bool_]


class Retrieved(NamedTuple):
    """The rows that all arms propose at one depth."""

    depth: int
    candidates: Candidates | None
    """``None``: one arm is asked, and its ranking is the answer's."""
    only: Ranking | None
    proposed: dict[str, int]
    """Rows by arm, those that the query excludes included."""
    completed: bool
    """Whether the candidates have each arm's score of what only the others proposed."""
    exhausted: bool
    """Whether no arm has more to propose that could be shown."""

    def upto(self, depth: int) -> Retrieved:
        """Return the rows at a smaller depth, without thresholds."""
        if self.candidates is None or depth >= self.depth:
            return self
        proposed = {name: min(count, depth) for name, count in self.proposed.items()}
        exhausted = all(count < depth for count in proposed.values())
        return self._replace(
            depth=depth, candidates=self.candidates.upto(depth), proposed=proposed, exhausted=exhausted
        )


@dataclass(slots=True)
class Draft:
    """The state of one query; filled by one stage after the other. Not to be used by two threads at a time."""

    text: str
    """As typed."""
    id: str | None = None
    allowed: Allowed | None = None
    parsed: ParsedQuery = field(init=False)
    """Of the text, or of what a rewriter made of it."""
    rewritten: str | None = None
    timings: dict[str, float] = field(default_factory=dict)
    """Milliseconds by step; a step that is taken twice counts twice."""
    vectors: dict[str, Vectors] = field(default_factory=dict)
    """Field -> float32 ``(dim,)``."""
    encoding: Callable[[str], Vectors] | None = None
    """Returns the vector in a field that ``vectors`` does not have yet."""
    arms: dict[str, ArmQuery] = field(default_factory=dict)
    """The query as each arm is asked it."""
    moved: dict[str, ArmQuery] = field(default_factory=dict)
    """The query after feedback; arms that have none are missing."""
    learnt: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Arm -> what feedback took from its first hits."""
    excluded: Callable[[Labels], Mask] | None = None
    """Tells which labels the query excludes; ``None``: it excludes nothing."""
    retrieved: Retrieved | None = None
    fused: Fused | None = None
    reranked: dict[str, dict[int, float]] = field(default_factory=dict)
    """Reranker -> label -> its score."""
    shown: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    """Places in ``fused`` of the hits, best first."""
    hits: tuple[Hit, ...] = ()
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.text = whole_characters(self.text)
        self.id = None if self.id is None else whole_characters(self.id)
        self.parsed = parse_query(self.text)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Count the body's time to a step."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.timings[name] = self.timings.get(name, 0.0) + 1e3 * (time.perf_counter() - start)

    def copied(self) -> Draft:
        """Return the query as far as it is prepared: encoded, and asked of the same arms."""
        copy = Draft(self.text, self.id, self.allowed)
        if self.rewritten is not None:
            copy.rewrite(self.rewritten)
        copy.vectors, copy.arms, copy.excluded = dict(self.vectors), dict(self.arms), self.excluded
        return copy

    @property
    def dense_text(self) -> str:
        """The text for encoders; blank where the query has nothing for them."""
        return self.parsed.dense_text if self.parsed.dense_text.strip() else ""

    def rewrite(self, text: str) -> None:
        """Look for another text from now on."""
        self.rewritten = whole_characters(text)
        self.parsed = parse_query(self.rewritten)

    def vector(self, name: str) -> Vectors:
        """Return the query's vector in a field, float32 ``(dim,)``."""
        if name not in self.vectors:
            assert self.encoding is not None
            self.vectors[name] = self.encoding(name)
        return self.vectors[name]

    def asked(self, arm: str) -> ArmQuery:
        """Return the query that orders an arm's rows: after feedback where there is any."""
        return self.moved.get(arm) or self.arms[arm]
