"""Pseudo-relevance feedback: the first hits of a query are taken for relevant, and the query is asked again with them.

BM25 is given the words that they have in common (``arms/bm25/relevance.py``), the dense arm a vector that is nearer to
theirs. The hits of each arm are its own, from what the filter and the exclusions leave; without hits nothing changes.
Raw scores and thresholds stay those of the query as it was typed: feedback decides on the order only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..config import Rm3Config, RocchioConfig
from .payload import shown_of

if TYPE_CHECKING:
    from ..arms.bm25.retriever import Bm25Query, Bm25Retriever
    from ..contracts import Ranking, Vectors
    from ..index.dense_arm import DenseArm
    from .filters import LabelSet

_DIGITS = 4


def rocchio(query: Vectors, hits: Vectors, config: RocchioConfig) -> Vectors:
    """Return a vector between a query and its hits, unit norm; float32 ``(dim,)``.

    ``query_weight * q + hits_weight * mean(hits)``: Rocchio, "Relevance feedback in information retrieval", 1971, with
    no hits known to be wrong, as Li et al. have it for dense vectors, "Pseudo relevance feedback with deep language
    models and dense retrievers: successes and pitfalls", ACM TOIS 2023.

    Args:
        query: unit norm, float32 ``(dim,)``.
        hits: float32 ``(n, dim)``, at least one.
        config: the weights.
    """
    mean = hits.mean(axis=0, dtype=np.float64)
    moved = config.query_weight * query.astype(np.float64) + config.hits_weight * mean
    norm = float(np.linalg.norm(moved))
    return (moved / norm).astype(np.float32) if norm > 0 else query


def expanded_query(
    retriever: Bm25Retriever, query: Bm25Query, allowed: LabelSet | None
) -> tuple[Bm25Query, dict[str, Any]]:
    """Return a query with the words that its first hits have in common, and what ``--explain`` says of it."""
    rm3 = Rm3Config()
    first = query.search(rm3.hits, allowed)
    texts = [shown_of(payload)["text"] for payload in query.payloads(first.labels)]
    added = retriever.expansion(query, texts, first.scores.tolist(), rm3) if texts else {}
    told = {"hits": len(texts), "terms": {term: round(weight, _DIGITS) for term, weight in added.items()}}
    return query.expanded(added) if added else query, told


def moved_vector(dense: DenseArm, query: Bm25Query, vector: Vectors, first: Ranking) -> tuple[Vectors, dict[str, Any]]:
    """Return a vector between that of a query and those of its first hits, and what ``--explain`` says of it.

    Args:
        dense: has the vectors of the hits.
        query: knows what it excludes; such rows are no hits.
        vector: of the query, float32 ``(dim,)``.
        first: the rows that are nearest to it.
    """
    config = RocchioConfig()
    kept = first.labels[~query.excluded(first.labels)][: config.hits]
    hits = dense.vectors(kept)
    return rocchio(vector, hits, config) if len(hits) else vector, {"hits": len(hits)}
