"""How much each fusion loses where the words of the queries are not those of the corpus.

BM25 is asked only those words of a query that stand in more than ``--share`` of all chunks; each other word becomes one
that no chunk has, as if the corpus had another word for the same thing. The dense arm is asked the query as it is.
Prints nDCG@10, documents by their best chunk.

    python -m benchmarks.unknown_words COLLECTION STORE
"""

from __future__ import annotations

import argparse
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np

from embedctl.config import FusionConfig, FusionName, QueryConfig, RankingConfig, RankingRequest, RuntimeConfig
from embedctl.contracts import ArmRequest
from embedctl.evaluation.metrics import Metric, run_values
from embedctl.index.rows import shown
from embedctl.query.document_fusion import fuse
from embedctl.query.draft import Draft
from embedctl.query.parse import parse_query
from embedctl.query.pipeline import Pipeline, query_of
from embedctl.query.session import Session
from embedctl.reporters import make_reporter
from embedctl.store.layout import Layout
from embedctl.store.writer import read_manifest

from .collection import Collection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedctl.query.document_fusion import Candidates

BM25 = FusionConfig(weights=(("bm25", 1.0), ("dense", 0.0)))
DENSE = FusionConfig(weights=(("bm25", 0.0), ("dense", 1.0)))
SHARE = 0.1
UNKNOWN = "zqxj"
"""Begins a word that no corpus has."""


class Mismatch:
    """A judged collection whose queries have words that the corpus lacks."""

    def __init__(self, store: Path, queries: Mapping[str, str], share: float) -> None:
        layout = Layout(store)
        searcher = Session(layout, make_reporter("silent"), RuntimeConfig()).searcher(read_manifest(layout))
        # Fused so, arms are asked for everything that any fusion needs.
        ranking = RankingRequest(base=RankingConfig(fusion=FusionConfig("absolute")))
        config = QueryConfig(arms=("bm25", "dense"), dense="flat", ranking=ranking)
        self._pipeline = Pipeline(searcher.ready(config, len(queries)))
        self._bm25 = searcher.index.arm("bm25")
        self._most = int(share * self._bm25.rows)
        self._common = cache(self._is_common)
        self._names: dict[int, str] = {}
        drafts = self._pipeline.encode([Draft(text, name) for name, text in queries.items()])
        for draft in drafts:
            draft.rewrite(self._known(draft.text))
        asked = zip(queries, self._pipeline.ask(drafts), strict=True)
        self._candidates = {name: self._found(draft) for name, draft in asked}

    def rankings(self, fusion: FusionConfig) -> dict[str, list[str]]:
        """Return the documents that each query finds, best first; a fusion of one arm is that arm alone."""
        return {
            query: list(dict.fromkeys(self._names[label] for label in fuse(found, fusion).ranking.labels.tolist()))
            for query, found in self._candidates.items()
        }

    def _is_common(self, word: str) -> bool:
        setup, more = self._pipeline.setup, self._most + 1
        asked = self._bm25.ask([query_of(Draft(word))], ArmRequest(more, setup.ranking, setup.config))
        return len(asked[0].best(more).labels) == more

    def _known(self, text: str) -> str:
        """Return the query with an unknown word in place of each that is not common."""
        words = parse_query(text).words
        return " ".join(word if self._common(word) else f"{UNKNOWN}{at}" for at, word in enumerate(words))

    def _found(self, draft: Draft) -> Candidates:
        setup = self._pipeline.setup
        found = self._pipeline.retrieve(draft, setup.depth).candidates
        assert found is not None
        names = (fields["doc_id"] for fields in shown(setup.index.rows, found.labels))
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
    fusions = {"bm25": BM25, "dense": DENSE} | {name: FusionConfig(name) for name in get_args(FusionName)}
    for name, fusion in fusions.items():
        values = run_values((Metric("ndcg", 10),), mismatch.rankings(fusion), qrels)
        sys.stdout.write(f"{name:<14}{float(np.mean(values)):.4f}\n")


if __name__ == "__main__":
    main()
