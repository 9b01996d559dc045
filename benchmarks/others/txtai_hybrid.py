"""txtai as its documentation shows it: ``hybrid=True`` and ``content=True``, everything else at its default.

python txtai_hybrid.py build DB MODEL PARTS.json        index from Parquet files with ready vectors
python txtai_hybrid.py query DB MODEL TEXT              one question, as a script would put it
python txtai_hybrid.py session DB MODEL QUERIES.json    many questions; prints JSON
"""

import json
import sys
import time
from collections import deque
from pathlib import Path

from txtai import Embeddings


def build(db, model, parts):
    """Index a part at a time. ``transform`` is how txtai takes vectors that were made elsewhere."""
    import numpy as np
    import pyarrow.parquet as pq

    files = json.loads(Path(parts).read_text(encoding="utf-8"))
    ready = deque()  # vectors of the documents that were handed over and not asked for yet

    def transform(texts):
        return np.stack([ready.popleft() for _ in texts])

    def documents():
        for chunks, vectors in files:
            rows = pq.read_table(chunks, columns=["chunk_id", "context", "text"]).to_pylist()
            column = pq.read_table(vectors, columns=["vector"])["vector"].combine_chunks()
            matrix = column.flatten().to_numpy(zero_copy_only=False).reshape(len(rows), -1)
            for row, vector in zip(rows, matrix, strict=True):
                ready.append(vector)
                yield row["chunk_id"], row["context"] + row["text"], None

    embeddings = Embeddings(method="external", transform=transform, hybrid=True, content=True, gpu=False)
    embeddings.index(documents())
    # From here on the index belongs to the model that made the vectors, as if txtai had called it.
    embeddings.config.update(method="transformers", path=model)
    del embeddings.config["transform"]
    embeddings.save(db)


def open_index(db):
    """Load the index and the model that its configuration names."""
    embeddings = Embeddings()
    embeddings.load(db)
    return embeddings


def query(db, _model, text):
    """Answer one question."""
    for hit in open_index(db).search(text, 10):
        print(hit["id"], hit["text"][:100].replace("\n", " "))


def session(db, _model, queries):
    """Answer questions one by one, then all together with txtai's own ``batchsearch``."""
    wanted = json.loads(Path(queries).read_text(encoding="utf-8"))
    embeddings = open_index(db)
    seconds = []
    for text in wanted["queries"]:
        start = time.perf_counter()
        embeddings.search(text, 10)
        seconds.append(time.perf_counter() - start)
    start = time.perf_counter()
    embeddings.batchsearch(wanted["batch"], 10)
    batch = time.perf_counter() - start
    runs = [[hit["id"] for hit in hits] for hits in embeddings.batchsearch(wanted["judged"], wanted["depth"])]
    print(json.dumps({"seconds": seconds, "batch_seconds": batch, "runs": runs}))


if __name__ == "__main__":
    {"build": build, "query": query, "session": session}[sys.argv[1]](*sys.argv[2:])
