"""Fusing documents by their best chunk in each arm."""

from __future__ import annotations

import numpy as np

from embedctl.contracts import Ranking
from embedctl.search.collapse import best_chunks, fuse_documents
from embedctl.search.fuse import reciprocal_rank_fusion


def ranking(*labels: int) -> Ranking:
    return Ranking(np.array(labels, dtype=np.uint64), np.linspace(1, 0.1, len(labels)).astype(np.float32))


def documents_of(labels: np.ndarray) -> np.ndarray:
    return labels // np.uint64(10)


def test_the_first_chunk_of_each_document_is_kept() -> None:
    chunks, documents = best_chunks(ranking(31, 12, 35, 11, 20), documents_of(ranking(31, 12, 35, 11, 20).labels))
    assert chunks.labels.tolist() == [31, 12, 20]
    assert documents.labels.tolist() == [3, 1, 2]


def test_different_chunks_of_one_document_add_up() -> None:
    bm25, dense = ranking(11, 21), ranking(12, 31)  # document 1 leads both arms by different chunks
    arms, fused = fuse_documents(
        (bm25, dense), documents_of, lambda rankings: reciprocal_rank_fusion(rankings, (1.0, 1.0), 60)
    )
    assert fused.labels.tolist() == [11, 21, 31]
    assert np.allclose(fused.scores, [2 / 61, 1 / 62, 1 / 62])
    assert [arm.labels.tolist() for arm in arms] == [[11, 21], [11, 31]]


def test_the_chunk_that_stands_highest_is_shown() -> None:
    bm25, dense = ranking(21, 11), ranking(12)
    _, fused = fuse_documents(
        (bm25, dense), documents_of, lambda rankings: reciprocal_rank_fusion(rankings, (1.0, 1.0), 60)
    )
    assert fused.labels.tolist() == [12, 21]
