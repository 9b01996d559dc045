"""How a query is answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .ranking import RankingRequest

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
    n: int = 10
    max_per_file: int = 0
    """Most hits from one document; 0 means no limit."""
    dense: DensePlan = "auto"
    ef: int | None = None
    """Candidates kept while a graph is walked; ``None``: as many as the store was made with."""
    encoder: QueryEncoder = "auto"
    """What encodes the query: the model (``teacher``, which ``auto`` means) or the encoder distilled from it."""
    min_cosine: float | None = None
    min_bm25: float | None = None
    ranking: RankingRequest = field(default_factory=RankingRequest)
    filter: FilterConfig = field(default_factory=FilterConfig)
