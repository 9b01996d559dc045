"""What a reader wants to know first, picked out of the results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .results import Results, Row


@dataclass(frozen=True, slots=True)
class Headline:
    """What is told, and which rows tell it: equal in measurement, metric and engine, ``case`` being the case's end."""

    what: str
    measurement: str
    case: str
    metric: str
    engine: str = "embedctl"
    every: bool = False
    """Told for every size and collection; else once, for the largest."""


_COLD = "hybrid, one process a query"
HEADLINES = (
    Headline("hybrid, nDCG@10", "quality", ", hybrid", "nDCG@10", every=True),
    Headline("embedding, times SentenceTransformer.encode", "embedding", "", "of SentenceTransformer"),
    Headline("embedding, share of OpenVINO alone", "embedding", "", "of OpenVINO alone"),
    Headline("embedding with --fast, times the model", "distilled", "the student, from text", "times the model"),
    Headline("hybrid query, a process of its own", "latency", _COLD, "p50", every=True),
    Headline("that query by LanceDB, times embedctl", "comparison", _COLD, "times embedctl", "LanceDB"),
    Headline("that query by txtai, times embedctl", "comparison", _COLD, "times embedctl", "txtai"),
    Headline("BM25 query, a process of its own", "latency", "bm25, one process a query", "p50", every=True),
    Headline("hybrid batch in a session", "latency", "hybrid, batch in a session", "rate", every=True),
    Headline("recall@10, exact scan", "recall", "flat, as queries use it", "recall@10"),
    Headline("recall@10, sign bits", "recall", "binary, as queries use it", "recall@10"),
    Headline("recall@10, HNSW graph", "recall", "hnsw, as queries use it", "recall@10"),
    Headline("index, vectors ready", "building", "index, vectors ready", "time", every=True),
    Headline("its peak memory", "building", "index, vectors ready", "peak memory", every=True),
    Headline("add 1,000 chunks", "building", "add 1,000 chunks", "time", every=True),
    Headline("refresh, nothing changed", "building", "refresh, nothing changed", "time", every=True),
)  # fmt: skip


def headlines(results: Results) -> Iterator[tuple[str, Row]]:
    """Yield what each headline says, and the row that says it."""
    for headline in HEADLINES:
        found = sorted(
            (row for row in results.rows if _answers(row, headline)), key=lambda row: row.chunks or 0, reverse=True
        )
        for row in found if headline.every else found[:1]:
            about = row.case.removesuffix(headline.case).rstrip(", ")
            size = f"{row.chunks:,} chunks" if row.chunks else ""
            yield ", ".join(part for part in (headline.what, about, size) if part), row


def _answers(row: Row, headline: Headline) -> bool:
    same = (row.measurement, row.metric, row.engine) == (headline.measurement, headline.metric, headline.engine)
    return same and row.case.endswith(headline.case)
