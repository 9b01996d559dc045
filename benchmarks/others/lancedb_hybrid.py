"""LanceDB as its documentation shows it: own full-text index, vector index where one pays, hybrid search fused by RRF.

python lancedb_hybrid.py build DB PARTS.json              table and indexes from Parquet files with ready vectors
python lancedb_hybrid.py query DB MODEL TEXT              one question, as a script would put it
python lancedb_hybrid.py session DB MODEL QUERIES.json    many questions; prints JSON
"""

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import lancedb
import pyarrow as pa
import pyarrow.parquet as pq

INDEX_FROM = 100_000
"""The documentation calls a vector index unnecessary for smaller tables."""


def build(db, parts):
    """Make the table, a part at a time, and its indexes."""
    from lancedb.index import FTS, HnswSq

    files = json.loads(Path(parts).read_text(encoding="utf-8"))

    def batches():
        for chunks, vectors in files:
            rows = pq.read_table(chunks, columns=["chunk_id", "context", "text"])
            text = pa.array([c + t for c, t in zip(rows["context"].to_pylist(), rows["text"].to_pylist(), strict=True)])
            vector = pq.read_table(vectors, columns=["vector"])["vector"]
            table = pa.table({"id": rows["chunk_id"], "text": text, "vector": vector})
            yield from table.to_batches()

    first = next(batches())
    table = lancedb.connect(db).create_table("chunks", batches(), schema=first.schema, mode="overwrite")
    table.create_index("text", config=FTS())
    if table.count_rows() >= INDEX_FROM:
        table.create_index("vector", config=HnswSq(distance_type="cosine", num_partitions=1))


def open_model(model):
    """Load the same model files."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(model, device="cpu", local_files_only=True)


def search(table, text, vector, limit=10):
    """Put one hybrid question; vectors are compared by cosine and rankings fused by RRF."""
    from lancedb.rerankers import RRFReranker

    question = table.search(query_type="hybrid").vector(vector).text(text).distance_type("cosine")
    return question.rerank(RRFReranker()).select(["id", "text"]).limit(limit).to_list()


def query(db, model, text):
    """Answer one question."""
    table = lancedb.connect(db).open_table("chunks")
    for hit in search(table, text, open_model(model).encode(text)):
        print(hit["id"], hit["text"][:100].replace("\n", " "))


def session(db, model, queries):
    """Answer questions one by one, then all together: encoded in batches, searched in threads."""
    wanted = json.loads(Path(queries).read_text(encoding="utf-8"))
    table, encoder = lancedb.connect(db).open_table("chunks"), open_model(model)
    seconds = []
    for text in wanted["queries"]:
        start = time.perf_counter()
        search(table, text, encoder.encode(text))
        seconds.append(time.perf_counter() - start)
    start = time.perf_counter()
    vectors = encoder.encode(wanted["batch"])
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        list(threads.map(lambda pair: search(table, *pair), zip(wanted["batch"], vectors, strict=True)))
    batch = time.perf_counter() - start
    runs = [
        [hit["id"] for hit in search(table, text, vector, wanted["depth"])]
        for text, vector in zip(
            wanted["judged"], encoder.encode(wanted["judged"]) if wanted["judged"] else [], strict=True
        )
    ]
    print(json.dumps({"seconds": seconds, "batch_seconds": batch, "runs": runs}))


if __name__ == "__main__":
    {"build": build, "query": query, "session": session}[sys.argv[1]](*sys.argv[2:])
