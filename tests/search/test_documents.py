"""Fusing chunks so that a document's evidence is not split."""

from __future__ import annotations

import numpy as np
import pytest

from embedctl.contracts import Ranking
from embedctl.search.documents import fuse_chunks


def ranking(*labels: int) -> Ranking:
    return Ranking(np.array(labels, dtype=np.uint64), np.linspace(1, 0.1, len(labels)).astype(np.float32))


def documents_of(labels: np.ndarray) -> np.ndarray:
    return labels // np.uint64(10)


def test_one_chunk_a_document_is_plain_rank_fusion() -> None:
    fused = fuse_chunks((ranking(10, 20, 30), ranking(30, 10)), documents_of, (1.0, 1.0), 60)
    assert fused.ranking.labels.tolist() == [10, 30, 20]
    assert np.allclose(fused.ranking.scores, [1 / 61 + 1 / 62, 1 / 63 + 1 / 61, 1 / 62])
    assert fused.ranks == [{10: 1, 20: 2, 30: 3}, {30: 1, 10: 2}]


def test_different_chunks_of_one_document_add_up_on_the_first() -> None:
    bm25, dense = ranking(21, 11, 31), ranking(41, 12, 31)  # document 1 is second in both, by different chunks
    fused = fuse_chunks((bm25, dense), documents_of, (1.0, 1.0), 60)
    assert fused.ranking.labels.tolist() == [11, 31, 21, 41, 12]
    assert fused.ranks == [{21: 1, 11: 2, 31: 3}, {41: 1, 12: 2, 11: 2, 31: 3}]


def test_documents_are_ranked_as_if_each_arm_ranked_documents() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        arms = [ranking(*rng.permutation(60)[:20].tolist()) for _ in range(2)]
        fused = fuse_chunks(arms, documents_of, (1.0, 0.5), 60)
        expected: dict[int, float] = {}
        for arm, weight in zip(arms, (1.0, 0.5), strict=True):
            folded = list(dict.fromkeys(label // 10 for label in arm.labels.tolist()))
            for rank, document in enumerate(folded, start=1):
                expected[document] = expected.get(document, 0.0) + weight / (60 + rank)
        best: dict[int, float] = {}
        for label, score in zip(fused.ranking.labels.tolist(), fused.ranking.scores.tolist(), strict=True):
            best.setdefault(label // 10, score)
        assert best == pytest.approx(expected)


def test_an_arm_without_weight_is_left_out() -> None:
    fused = fuse_chunks((ranking(10, 20), ranking(30)), documents_of, (1.0, 0.0), 60)
    assert fused.ranking.labels.tolist() == [10, 20]
    assert fused.ranks[1] == {}


def test_nothing_proposed_is_nothing_fused() -> None:
    assert fuse_chunks((ranking(), ranking()), documents_of, (1.0, 1.0), 60).ranking.labels.tolist() == []
