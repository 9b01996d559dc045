"""Hits of many queries as one Parquet file: a row for each hit, in the order of the queries and of the hits."""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING, Any

from ..records import HIT_TYPES
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
    kinds = {"str": text, "int": number, "float": score, "tuple[str, ...]": pa.list_(text), "dict[str, JSON]": text}
    columns = []
    for name, declared in {"query_id": "str", "query": "str", **HIT_TYPES}.items():
        kind = declared.removesuffix(" | None")
        if kind in kinds:  # scores and ranks have columns of their own
            wide = pa.int64() if name == "record" else kinds[kind]
            columns.append(pa.field(name, wide, nullable=kind != declared))
    scores = {"rrf": score, "bm25": score, "cosine": score, "bm25_rank": number, "dense_rank": number}
    if answer:
        scores |= dict.fromkeys(more_scores(answer), score) | dict.fromkeys(more_ranks(answer), number)
    return pa.schema([*columns, *(pa.field(name, kind) for name, kind in scores.items())])
