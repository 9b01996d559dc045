"""How much each fusion loses where the words of the queries are not those of the corpus.

BM25 is asked only those words of a query that stand in more than ``--share`` of all chunks; each other word becomes one
that no chunk has, as if the corpus had another word for the same thing. The dense arm is asked the query as it is.
Prints nDCG@10, documents by their best chunk.

    python -m benchmarks.unknown_words COLLECTION STORE
"""

from __future__ import annotations

import argparse
import sys
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np

from embedctl.config import DEFAULT_MODEL, FusionConfig, FusionName, RankingConfig, RuntimeConfig
from embedctl.encoders import card
from embedctl.evaluation.metrics import Metric, run_values
from embedctl.index.payload import shown_of
from embedctl.query.document_fusion import fuse, gather
from embedctl.query.parse import parse_query
from embedctl.query.searcher import Searcher
from embedctl.store.layout import Layout
from embedctl.store.writer import read_manifest

from .collection import Collection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedctl.contracts import Vectors
    from embedctl.query.document_fusion import Candidates

SHARE = 0.1
UNKNOWN = "zqxj"
"""Begins a word that no corpus has."""


class Mismatch:
    """A judged collection whose queries have words that the corpus lacks."""

    def __init__(self, store: Path, queries: Mapping[str, str], share: float) -> None:
        layout = Layout(store)
        self._searcher = Searcher(layout, read_manifest(layout), lambda: card(DEFAULT_MODEL).open(RuntimeConfig()))
        self._most = int(share * len(self._searcher.bm25))
        self._common = cache(self._is_common)
        self._names: dict[int, str] = {}
        vectors = self._searcher.encoder.encode_queries([parse_query(text).dense_text for text in queries.values()])
        asked = zip(queries.items(), vectors, strict=True)
        self._candidates = {query: self._asked(self._known(text), vector) for (query, text), vector in asked}

    def rankings(self, fusion: FusionConfig) -> dict[str, list[str]]:
        """Return the documents that each query finds, best first; a fusion of one arm is that arm alone."""
        return {
            query: list(dict.fromkeys(self._names[label] for label in fuse(found, fusion).ranking.labels.tolist()))
            for query, found in self._candidates.items()
        }

    def _is_common(self, word: str) -> bool:
        return len(self._searcher.bm25.ask(parse_query(word)).search(self._most + 1).labels) > self._most

    def _known(self, text: str) -> str:
        """Return the query with an unknown word in place of each that is not common."""
        words = parse_query(text).words
        return " ".join(word if self._common(word) else f"{UNKNOWN}{at}" for at, word in enumerate(words))

    def _asked(self, text: str, vector: Vectors) -> Candidates:
        depth, dense = RankingConfig().candidates, self._searcher.dense
        bm25 = self._searcher.bm25.ask(parse_query(text))
        arms = (bm25.search(depth), dense.search(dense.plan("flat", None), vector, depth, None))
        found = gather(arms, bm25.documents, (bm25.scores, partial(dense.cosine, vector)), (bm25.most(), 1.0))
        names = (shown_of(payload)["doc_id"] for payload in bm25.payloads(found.labels))
        self._names |= zip(found.labels.tolist(), names, strict=True)
        return found


def main() -> None:
    """Print a line for each arm and each fusion."""
    about = (__doc__ or "").splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.unknown_words", description=about)
    parser.add_argument("collection", type=Path, help="judged, in BEIR's form")
    parser.add_argument("store", type=Path, help="of it")
    parser.add_argument("--share", type=float, default=SHARE)
    asked = parser.parse_args()
    collection = Collection(asked.collection)
    qrels = collection.qrels()
    queries = {name: text for name, text in collection.queries().items() if name in qrels}
    mismatch = Mismatch(asked.store, queries, asked.share)
    settings = {"bm25": FusionConfig("rrf", 60, 1.0, 0.0), "dense": FusionConfig("rrf", 60, 0.0, 1.0)}
    for name, fusion in (settings | {name: FusionConfig(name) for name in get_args(FusionName)}).items():
        values = run_values((Metric("ndcg", 10),), mismatch.rankings(fusion), qrels)
        sys.stdout.write(f"{name:<14}{float(np.mean(values)):.4f}\n")


if __name__ == "__main__":
    main()
