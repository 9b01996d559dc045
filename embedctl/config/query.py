"""How a query is answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from .building import HnswConfig
from .ranking import RankingRequest
from .setting import setting

if TYPE_CHECKING:
    from collections.abc import Mapping

Mode = Literal["hybrid", "bm25", "dense"]
DensePlan = Literal["auto", "flat", "binary", "hnsw"]
QueryEncoder = Literal["auto", "teacher", "student"]


@dataclass(frozen=True, slots=True)
class FilterConfig:
    """Which documents may answer. Empty fields do not restrict."""

    paths: tuple[str, ...] = setting((), "Only matching paths, as in .gitignore; may be repeated.", "--path GLOB")
    """Below the store's base, or below the source."""
    types: tuple[str, ...] = setting((), "Only this ending, language or media type; may be repeated.", "--type TYPE")
    where: str = setting("", 'Condition on metadata: "year >= 2024".', "EXPRESSION")
    """See ``docs/query.md``."""
    sources: tuple[str, ...] = setting((), "Only this source; may be repeated.", "--source NAME")


@dataclass(frozen=True, slots=True)
class QueryConfig:
    """How one query is answered."""

    mode: Mode = setting("hybrid", "Ask all default arms and fuse them, or ask one.", "-m --mode")
    arms: tuple[str, ...] = setting((), "Ask these arms of the store instead, with commas between.", "LIST", split=True)
    """Empty: those of ``mode``, where ``hybrid`` means the store's default arms."""
    n: int = setting(10, "Maximum number of hits.", None, min=1)
    dense: DensePlan = setting("auto", "Exact scan (flat), scan of bits (binary), graph (hnsw), or auto.")
    ef: int | None = setting(
        None, "Candidates kept while a graph is walked; eval --ann measures it.", "N", min=1, usual=HnswConfig().ef
    )
    """``None``: as many as the store was made with."""
    encoder: QueryEncoder = setting(
        "auto", "The model (teacher, auto), or the encoder distilled from it: nothing to load.", "--query-encoder"
    )
    min_scores: Mapping[str, float] = setting(
        dict,
        "Leave out hits that score less in this arm; may be repeated.",
        "--min NAME=X",
        aliases={"--min-cosine": "dense", "--min-bm25": "bm25"},
    )
    """Least raw score of a hit, by name of arm."""
    max_per_file: int | None = setting(None, "Maximum hits of one document; 0: any number.", "N", min=0)
    """``None``: any number."""
    ranking: RankingRequest = field(default_factory=RankingRequest)
    filter: FilterConfig = field(default_factory=FilterConfig)
