"""How a query is answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from .ranking import RankingRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

Mode = Literal["hybrid", "bm25", "dense"]
DensePlan = Literal["auto", "flat", "binary", "hnsw"]
QueryEncoder = Literal["auto", "teacher", "student"]


@dataclass(frozen=True, slots=True)
class FilterConfig:
    """Which documents may answer. Empty fields do not restrict."""

    paths: tuple[str, ...] = ()
    """Gitignore-style globs over the path below the store's base or below the source."""
    types: tuple[str, ...] = ()
    """Media types, file endings or languages."""
    where: str = ""
    """Expression over metadata, see ``docs/query.md``."""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QueryConfig:
    """How one query is answered."""

    mode: Mode = "hybrid"
    arms: tuple[str, ...] = ()
    """Names of the arms to ask; empty: those of ``mode``, where ``hybrid`` means the store's default arms."""
    n: int = 10
    max_per_file: int = 0
    """Most hits from one document; 0 means no limit."""
    dense: DensePlan = "auto"
    ef: int | None = None
    """Candidates kept while a graph is walked; ``None``: as many as the store was made with."""
    encoder: QueryEncoder = "auto"
    """What encodes the query: the model (``teacher``, which ``auto`` means) or the encoder distilled from it."""
    min_scores: Mapping[str, float] = field(default_factory=dict)
    """Least raw score of a hit, by name of arm."""
    ranking: RankingRequest = field(default_factory=RankingRequest)
    filter: FilterConfig = field(default_factory=FilterConfig)
