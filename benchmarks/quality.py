"""nDCG@10 of both arms and their fusion on a judged collection, documents ranked by their best chunk."""

from __future__ import annotations

import csv
import json
import math
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import embedctl

if TYPE_CHECKING:
    from collections.abc import Iterable

DEPTH = 100


def measure(collection: Path) -> list[dict[str, Any]]:
    """Index a collection with every setting at its default and run its queries in each mode."""
    corpus = collection / "corpus.jsonl"
    queries = dict(read_queries(collection / "queries.jsonl"))
    judged = collection / "qrels" / "test.tsv"
    qrels = read_qrels(judged if judged.exists() else collection / "qrels.tsv")
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        store = embedctl.create(Path(folder) / ".embedctl", reporter="lines")
        start = time.perf_counter()
        report = store.index([(corpus if corpus.exists() else collection).absolute()])
        spent = time.perf_counter() - start
        name = collection.name
        rows.append({"what": f"{name}: chunks indexed", "figure": report.counts["chunks"], "unit": "chunks"})
        rows.append({"what": f"{name}: time to index", "figure": spent, "unit": "s"})
        for mode in ("bm25", "dense", "hybrid"):
            config = embedctl.QueryConfig(mode=mode, n=DEPTH, max_per_file=1)
            start = time.perf_counter()
            runs = {
                query: [hit.doc_id for hit in store.query(text, config).hits]
                for query, text in queries.items()
                if query in qrels
            }
            each = 1e3 * (time.perf_counter() - start) / len(runs)
            score = sum(ndcg(runs[query], qrels[query]) for query in runs) / len(runs)
            rows.append({"what": f"{name}: nDCG@10, {mode}", "figure": score, "unit": ""})
            rows.append({"what": f"{name}: warm query, {mode}", "figure": each, "unit": "ms"})
    return rows


def read_queries(path: Path) -> Iterable[tuple[str, str]]:
    """Yield id and text of every query."""
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            query = json.loads(line)
            yield str(query["_id"]), query["text"]


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """Return query -> document -> grade."""
    qrels: dict[str, dict[str, int]] = {}
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream, delimiter="\t"):
            qrels.setdefault(row["query-id"], {})[row["corpus-id"]] = int(row["score"])
    return qrels


def ndcg(ranking: list[str], grades: dict[str, int], k: int = 10) -> float:
    """Return nDCG@k with linear gain (Järvelin and Kekäläinen, TOIS 2002), as trec_eval computes it."""
    gained = sum(grades.get(document, 0) / math.log2(place + 2) for place, document in enumerate(ranking[:k]))
    ideal = sorted((grade for grade in grades.values() if grade > 0), reverse=True)[:k]
    best = sum(grade / math.log2(place + 2) for place, grade in enumerate(ideal))
    return gained / best if best else 0.0
