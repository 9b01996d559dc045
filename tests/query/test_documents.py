"""Fusing chunks so that a document's evidence is not split."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from two_arms import gather, weighted

from embedctl.config import FusionConfig, FusionName
from embedctl.contracts import Ranking
from embedctl.query.document_fusion import Fused, fuse

NAMES: tuple[FusionName, ...] = get_args(FusionName)
RRF = FusionConfig("rrf")


def ranking(*labels: int) -> Ranking:
    return Ranking(np.array(labels, dtype=np.uint64), np.linspace(1, 0.1, len(labels)).astype(np.float32))


def scored(scores: dict[int, float]) -> Ranking:
    return Ranking(np.array(list(scores), dtype=np.uint64), np.array(list(scores.values()), dtype=np.float32))


def documents_of(labels: np.ndarray) -> np.ndarray:
    return labels // np.uint64(10)


def fused(bm25: Ranking, dense: Ranking, config: FusionConfig = RRF) -> Fused:
    return fuse(gather((bm25, dense), documents_of, None, (1.0, 1.0)), config)


def ranks(found: Fused) -> list[dict[int, int]]:
    """For each arm: label -> rank, of what it proposed."""
    labels = found.ranking.labels.tolist()
    return [
        {label: int(rank) for label, rank in zip(labels, of_arm, strict=True) if np.isfinite(rank)}
        for of_arm in found.ranks
    ]


def test_one_chunk_a_document_is_plain_rank_fusion() -> None:
    found = fused(ranking(10, 20, 30), ranking(30, 10))
    assert found.ranking.labels.tolist() == [10, 30, 20]
    assert np.allclose(found.ranking.scores, [1 / 61 + 1 / 62, 1 / 63 + 1 / 61, 1 / 62])
    assert ranks(found) == [{10: 1, 20: 2, 30: 3}, {30: 1, 10: 2}]


def test_different_chunks_of_one_document_add_up_on_the_first() -> None:
    bm25, dense = ranking(21, 11, 31), ranking(41, 12, 31)  # document 1 is second in both, by different chunks
    found = fused(bm25, dense)
    assert found.ranking.labels.tolist() == [11, 31, 21, 41, 12]
    assert ranks(found) == [{21: 1, 11: 2, 31: 3}, {41: 1, 12: 2, 11: 2, 31: 3}]


def test_the_first_chunk_has_the_best_scores_of_its_document() -> None:
    bm25, dense = scored({21: 8.0, 11: 6.0, 31: 2.0}), scored({41: 1.0, 12: 0.8, 31: 0.0})
    found = fused(bm25, dense, FusionConfig("combsum"))
    # 31 stands below both chunks of document 1, of which 12 stands first: it alone has 0.8 of the dense arm.
    of_document = 4 / 6 + 0.8
    expected = {12: of_document, 21: 1.0, 41: 1.0, 11: 4 / 6, 31: 0.0}
    assert found.ranking.labels.tolist() == list(expected)
    assert found.ranking.scores == pytest.approx(list(expected.values()))


def test_scores_are_looked_up_where_an_arm_proposed_nothing() -> None:
    asked: list[list[int]] = []

    def bm25_of(labels: np.ndarray) -> np.ndarray:
        asked.append(labels.tolist())
        return np.array([3.0 if label == 30 else np.nan for label in labels], dtype=np.float32)

    def cosine_of(labels: np.ndarray) -> np.ndarray:
        asked.append(labels.tolist())
        return np.full(len(labels), 0.2, dtype=np.float32)

    arms = scored({10: 4.0, 20: 2.0}), scored({30: 0.6, 10: 0.4, 40: 0.2})
    found = fuse(gather(arms, documents_of, (bm25_of, cosine_of)), weighted("convex", 0.5, 0.5, 60))
    assert asked == [[30, 40], [20]]
    expected = {30: (0.75 + 1) / 2, 10: (1 + 1.4 / 1.6) / 2, 20: (0.5 + 1.2 / 1.6) / 2, 40: (0 + 1.2 / 1.6) / 2}
    by_score = sorted(expected, key=lambda label: -expected[label])
    assert found.ranking.labels.tolist() == by_score
    assert found.ranking.scores == pytest.approx([expected[label] for label in by_score])
    assert ranks(found) == [{10: 1, 20: 2}, {30: 1, 10: 2, 40: 3}]  # a score that was looked up is no rank


def no_scores(labels: np.ndarray) -> np.ndarray:
    return np.full(len(labels), np.nan, dtype=np.float32)


def test_an_arm_that_has_no_scores_says_nothing() -> None:
    arms = scored({20: 4.0, 10: 2.0}), ranking()
    found = fuse(gather(arms, documents_of, (no_scores, no_scores)), FusionConfig("convex"))
    assert found.ranking.labels.tolist() == [20, 10]


def test_documents_are_ranked_as_if_each_arm_ranked_documents() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        arms = [ranking(*rng.permutation(60)[:20].tolist()) for _ in range(2)]
        found = fused(arms[0], arms[1], weighted("rrf", 1.0, 0.5, 60))
        expected: dict[int, float] = {}
        for arm, weight in zip(arms, (1.0, 0.5), strict=True):
            folded = list(dict.fromkeys(label // 10 for label in arm.labels.tolist()))
            for rank, document in enumerate(folded, start=1):
                expected[document] = expected.get(document, 0.0) + weight / (60 + rank)
        assert best_of_documents(found) == pytest.approx(expected)


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"rrf", "round-robin"}))
def test_a_document_that_is_better_in_both_arms_is_never_below(name: FusionName) -> None:
    rng = np.random.default_rng(2)
    for _ in range(50):
        chunks = [scored(dict(zip(rng.permutation(60)[:20].tolist(), descending(rng), strict=True))) for _ in range(2)]
        best = [best_of_arm(arm) for arm in chunks]
        found = best_of_documents(fused(chunks[0], chunks[1], FusionConfig(name)))
        assert found.keys() == best[0].keys() | best[1].keys()
        both = [document for document in found if all(document in of_arm for of_arm in best)]
        for one in both:
            for other in both:
                if all(of_arm[one] >= of_arm[other] for of_arm in best):
                    assert found[one] >= found[other]


def descending(rng: np.random.Generator) -> list[float]:
    return sorted(rng.random(20).tolist(), reverse=True)


def best_of_arm(arm: Ranking) -> dict[int, float]:
    best: dict[int, float] = {}
    for label, score in zip(arm.labels.tolist(), arm.scores.tolist(), strict=True):
        best.setdefault(label // 10, score)
    return best


def best_of_documents(found: Fused) -> dict[int, float]:
    best: dict[int, float] = {}
    for label, score in zip(found.ranking.labels.tolist(), found.ranking.scores.tolist(), strict=True):
        best.setdefault(label // 10, score)
    return best


def test_an_arm_without_weight_is_left_out() -> None:
    found = fused(ranking(10, 20), ranking(30), weighted("rrf", 1.0, 0.0, 60))
    assert found.ranking.labels.tolist() == [10, 20]
    assert ranks(found)[1] == {}


@pytest.mark.parametrize("name", NAMES)
def test_nothing_proposed_is_nothing_fused(name: FusionName) -> None:
    assert fused(ranking(), ranking(), FusionConfig(name)).ranking.labels.tolist() == []
