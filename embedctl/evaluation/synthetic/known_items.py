"""What is told of an evaluation beside its figures where nobody asked its queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...config.measuring import SyntheticKind
    from ..evaluation import EvaluatedQuery, Setting
    from .queries import SyntheticSet


class KindMeans(NamedTuple):
    """What the queries of one kind say."""

    kind: SyntheticKind
    queries: int
    means: dict[str, float]
    """Mean of the primary metric by name of the setting."""

    def to_json(self) -> dict[str, Any]:
        """Return one element of ``known_items.kinds`` of ``docs/schema/eval.v1.json``."""
        means = {name: round(mean, 6) for name, mean in self.means.items()}
        return {"kind": self.kind, "queries": self.queries, "means": means}


@dataclass(frozen=True, slots=True)
class KnownItems:
    """Queries that were made from the corpus, and what each kind of them says apart.

    Kinds favour arms, titles the dense one and words of a sentence BM25; and nobody asks them in these shares.
    """

    made: SyntheticSet
    kinds: tuple[KindMeans, ...]

    def to_json(self) -> dict[str, Any]:
        """Return ``known_items`` of ``docs/schema/eval.v1.json``."""
        return {
            "documents": self.made.documents,
            "looked_at": self.made.looked_at,
            "usable": self.made.usable,
            "kinds": [one.to_json() for one in self.kinds],
        }


def known_items(
    made: SyntheticSet, queries: Sequence[EvaluatedQuery], settings: Sequence[Setting], column: int
) -> KnownItems:
    """Return the means of each kind of query; ``column``: of the primary metric in the values of the settings."""
    of = {query.id: query.kind for query in made.queries}
    by_kind: dict[SyntheticKind, list[int]] = {}
    for row, query in enumerate(queries):
        by_kind.setdefault(of[query.id], []).append(row)
    return KnownItems(
        made,
        tuple(
            KindMeans(kind, len(rows), {one.name: float(one.values[rows, column].mean()) for one in settings})
            for kind, rows in by_kind.items()
        ),
    )
