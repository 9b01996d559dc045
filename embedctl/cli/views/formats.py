"""Hits for programs: JSON, JSON Lines, CSV, TREC run files, and paths alone."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from ...query.answer import hit_json
from ..output import json_text

if TYPE_CHECKING:
    from ...query.answer import Answer

RUN_TAG = "embedctl"
# fmt: off
COLUMNS = (
    "rank", "path", "start_line", "end_line", "page", "record", "heading", "title", "score", "rrf", "bm25", "cosine",
    "bm25_rank", "dense_rank", "source", "doc_id", "id", "media_type", "text",
)
# fmt: on


def jsonl(answer: Answer) -> str:
    """Return one JSON object on a line for each hit, as ``docs/schema/hit.v2.json`` describes it."""
    return "".join(json_text(hit_json(hit)) for hit in answer.hits)


def line(answer: Answer, explain: bool) -> str:
    """Return the whole answer as one JSON object on a line, as ``docs/schema/query.v2.json`` describes it."""
    return json_text(answer.to_json(explain))


def table(answer: Answer) -> str:
    """Return CSV with a header: ``COLUMNS``, then the score and rank of every other arm, and of every reranker."""
    stream = io.StringIO()
    writer = csv.DictWriter(
        stream, (*COLUMNS, *more_scores(answer), *more_ranks(answer)), extrasaction="ignore", lineterminator="\n"
    )
    writer.writeheader()
    for hit in answer.hits:
        row: dict[str, Any] = hit_json(hit)
        row |= row["scores"] | {f"{arm}_rank": rank for arm, rank in row["ranks"].items()}
        row["heading"] = " > ".join(hit.heading)
        writer.writerow(row)
    return stream.getvalue()


def more_scores(answer: Answer) -> list[str]:
    """Return the names of raw scores that not every answer has: those of other arms and of rerankers."""
    return [name for name in (*answer.arms, *answer.explanation.rerankers) if name not in ("bm25", "dense")]


def more_ranks(answer: Answer) -> list[str]:
    """Return the columns of ranks that not every answer has: those of other arms."""
    return [f"{arm}_rank" for arm in answer.arms if arm not in ("bm25", "dense")]


def trec(answer: Answer, query_id: str) -> str:
    """Return ``qid Q0 docno rank score tag`` for the best hit of each document, so that trec_eval keeps the order."""
    from ...evaluation.judgements import Ranked, Run, run_lines

    best: dict[str, float] = {}
    for hit in answer.hits:
        best.setdefault(hit.doc_id, hit.score)
    return "".join(run_lines(Run({query_id: Ranked(tuple(best), tuple(best.values()))}), RUN_TAG))


def paths(answer: Answer, end: str) -> str:
    """Return the path of every hit once, each with ``end`` behind it."""
    return "".join(path + end for path in dict.fromkeys(hit.path for hit in answer.hits))
