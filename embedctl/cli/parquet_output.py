"""Hits of many queries as one Parquet file: a row for each hit, in the order of the queries and of the hits."""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING, Any

from .views.formats import more_ranks, more_scores

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pyarrow as pa

    from ..query.answer import Answer
    from ..records import Hit

ROWS = 10_000
"""Rows of one row group, and most that wait in memory."""


def write_parquet(path: Path, answers: Iterable[Answer]) -> None:
    """Write every hit of ``answers`` to ``path``; a query without hits has no row."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    answers = iter(answers)
    first = next(answers, None)
    schema = _schema(first)
    waiting: list[dict[str, Any]] = []
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for answer in chain([] if first is None else [first], answers):
            waiting += (_row(answer, hit) for hit in answer.hits)
            if len(waiting) >= ROWS:
                writer.write_table(pa.Table.from_pylist(waiting, schema))
                waiting = []
        writer.write_table(pa.Table.from_pylist(waiting, schema))


def _row(answer: Answer, hit: Hit) -> dict[str, Any]:
    row = {name: getattr(hit, name) for name in type(hit).__slots__}
    row |= {"query_id": answer.query_id, "query": answer.query, "metadata": json.dumps(hit.metadata)}
    row |= hit.scores | {f"{arm}_rank": rank for arm, rank in hit.ranks.items()}
    return row


def _schema(answer: Answer | None) -> pa.Schema:
    """Return the columns; those of other arms and rerankers follow, as the first answer has them."""
    import pyarrow as pa

    text, number, score = pa.string(), pa.int32(), pa.float64()
    return pa.schema(
        [
            pa.field("query_id", text, nullable=False),
            pa.field("query", text, nullable=False),
            pa.field("rank", number, nullable=False),
            pa.field("id", text, nullable=False),
            pa.field("doc_id", text, nullable=False),
            pa.field("source", text, nullable=False),
            pa.field("path", text, nullable=False),
            pa.field("record", pa.int64()),
            pa.field("start_line", number, nullable=False),
            pa.field("end_line", number, nullable=False),
            pa.field("page", number),
            pa.field("heading", pa.list_(text), nullable=False),
            pa.field("title", text),
            pa.field("media_type", text, nullable=False),
            pa.field("text", text, nullable=False),
            pa.field("metadata", text, nullable=False),
            pa.field("score", score, nullable=False),
            pa.field("rrf", score),
            pa.field("bm25", score),
            pa.field("cosine", score),
            pa.field("bm25_rank", number),
            pa.field("dense_rank", number),
            *(pa.field(name, score) for name in (more_scores(answer) if answer else ())),
            *(pa.field(name, number) for name in (more_ranks(answer) if answer else ())),
        ]
    )
