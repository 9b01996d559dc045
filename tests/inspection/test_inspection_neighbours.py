"""Nearest chunks, hubs and duplicates, against small arrays by hand and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.spatial import distance

from embedctl.inspection.duplicates import NearestTexts, copies, duplicates, pairs
from embedctl.inspection.neighbours import (
    SELF,
    hubness,
    nearest,
    nearest_of_all,
    occurrences,
    skewness,
    strong_hubs,
)
from embedctl.inspection.survey import EmbeddedChunks, draw
from embedctl.reporters.silent import SilentReporter

QUIET = SilentReporter()


def units(count: int, dim: int, seed: int = 0) -> np.ndarray:
    points = np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)
    return points / np.linalg.norm(points, axis=1, keepdims=True)


@pytest.mark.parametrize(("count", "k"), [(2, 10), (11, 10), (300, 10), (1_500, 3)])
def test_nearest_are_those_of_a_sort(count: int, k: int) -> None:
    vectors = units(count, 6)
    rows, found = nearest(vectors, k, QUIET)
    cosines = 1 - distance.cdist(vectors, vectors, "cosine")
    np.fill_diagonal(cosines, -3)
    expected = np.argsort(-cosines, axis=1, kind="stable")[:, : min(k, count - 1)]
    assert rows.shape == expected.shape
    assert found == pytest.approx(np.take_along_axis(cosines, expected, axis=1), abs=1e-5)
    assert (rows == expected).mean() > 0.999  # neighbours that are equally near may change places


def test_equal_neighbours_come_in_the_order_of_rows() -> None:
    vectors = np.repeat(units(1, 8), 9, axis=0)
    assert nearest(vectors, 3, QUIET)[0].tolist()[:3] == [[1, 2, 3], [0, 2, 3], [0, 1, 3]]
    assert nearest(units(1, 4), 10, QUIET)[0].shape == (1, 0)


def test_occurrences_and_skewness_by_hand() -> None:
    lists = np.array([[1, 2], [2, 3], [1, 3], [2, 1]])
    found = occurrences(lists, 4)
    assert found.tolist() == [0, 3, 3, 2]
    # The mean is 2, the deviations -2, 1, 1, 0: (-8 + 1 + 1 + 0)/4 over ((4 + 1 + 1)/4)^1.5.
    assert skewness(found) == pytest.approx(-1.5 / 1.5**1.5)
    assert skewness(np.array([5, 5, 5])) == 0


def test_skewness_is_that_of_scipy() -> None:
    found = np.random.default_rng(1).negative_binomial(1, 0.1, 500)
    assert skewness(found) == pytest.approx(stats.skew(found))


def test_points_on_a_sphere_have_no_hubs_and_a_common_direction_makes_them() -> None:
    even = units(2_000, 64)
    topic = hubness(nearest(even, 10, QUIET)[0], 10)
    assert topic.verdict == "good"
    assert topic.figure("skewness").value < 0.5
    assert topic.figure("anti_hubs").value < 0.01
    shifted = even + np.float32(0.9) * np.eye(64, dtype=np.float32)[0]
    shifted /= np.linalg.norm(shifted, axis=1, keepdims=True)
    lists = nearest(shifted, 10, QUIET)[0]
    hubs = hubness(lists, 10)
    assert hubs.verdict in ("look", "bad")
    assert hubs.figure("skewness").value > 2
    assert "embedctl show" in hubs.advice
    assert "--no-fast" in hubness(lists, 10, student=True).advice
    (histogram,) = hubs.histograms
    assert sum(histogram.counts) == 2_000
    assert histogram.counts[0] == round(2_000 * hubs.figure("anti_hubs").value)
    labels = np.arange(2_000, dtype=np.uint64) + np.uint64(7)
    strong = strong_hubs(labels, lists, 3, 10)
    assert [count for _, count in strong] == sorted(occurrences(lists, 2_000).tolist(), reverse=True)[:3]
    assert all(occurrences(lists, 2_000)[label - 7] == count for label, count in strong)


def test_few_chunks_are_no_hubs() -> None:
    assert hubness(nearest(units(150, 8), 10, QUIET)[0], 10).verdict is None


def test_nearest_of_all_is_the_nearest_with_another_text() -> None:
    vectors = np.concatenate([units(500, 16), units(3, 16)])
    hashes = np.arange(503, dtype=np.uint64)
    hashes[500:] = [0, 1, 2]
    vectors[500:] = vectors[:3]  # copies of the first three
    vectors[499] = np.nan
    labels = np.arange(503, dtype=np.uint64) + np.uint64(1 << 32)
    blocks = [(labels[at : at + 100], hashes[at : at + 100], vectors[at : at + 100]) for at in range(0, 503, 100)]
    found, best = nearest_of_all(vectors[:5], hashes[:5], blocks, QUIET)
    cosines = vectors[:5] @ vectors.T
    cosines[:, 499] = 0
    cosines[hashes[:5, None] == hashes] = SELF
    assert best == pytest.approx(cosines.max(axis=1), abs=1e-6)
    assert found.tolist() == labels[cosines.argmax(axis=1)].tolist()


def chunks_of(hashes: list[int], documents: list[int]) -> EmbeddedChunks:
    labels = np.arange(len(hashes), dtype=np.uint64)
    lengths = np.full(len(hashes), 30, np.int32)
    return EmbeddedChunks(labels, np.array(documents, np.uint64), lengths, lengths, np.array(hashes, np.uint64))


def test_copies_are_what_could_be_left_out() -> None:
    assert copies(np.array([1, 2, 3, 3, 3, 2], np.uint64)) == 3 / 6
    assert copies(np.array([1, 2], np.uint64)) == 0


def test_duplicates_name_pairs_once_and_say_where_they_are() -> None:
    chunks = chunks_of([1, 2, 3, 3, 3, 2, 4, 5], [0, 0, 1, 2, 3, 4, 5, 5])
    first = np.array([0, 1, 2, 6, 7], np.uint64)
    others = np.array([1, 0, 0, 7, 6], np.uint64)
    cosines = np.array([0.5, 0.5, 0.3, 0.97, 0.97], np.float32)
    near = NearestTexts(first, others, cosines, everything=True)
    topic = duplicates(chunks, near)
    assert topic.figure("copies").value == 3 / 8
    assert topic.figure("near_95").value == 2 / 5
    assert topic.figure("near_99").value == 0
    assert topic.figure("within").value == 1
    assert topic.verdict == "bad"
    assert "--exclude" in topic.advice
    assert sum(topic.histograms[0].counts) == 5
    found = pairs(chunks, near, 2)
    assert [pair[:2] for pair in found] == [(2, 3), (1, 5), (6, 7)]
    assert [pair.copies for pair in found] == [3, 2, 0]
    assert [pair.within_document for pair in found] == [False, False, True]


def test_look_alikes_of_one_document_get_another_advice() -> None:
    chunks = chunks_of([1, 2, 3, 4], [0, 0, 0, 1])
    labels = np.arange(4, dtype=np.uint64)
    near = NearestTexts(labels, labels[::-1], np.array([0.995, 0.996, 0.996, 0.2], np.float32), everything=True)
    within = duplicates(chunks, near)
    assert within.verdict == "bad"
    assert "--max-per-file" in within.advice
    apart = duplicates(chunks_of([1, 2, 3, 4], [0, 1, 2, 3]), near)
    assert "--where" in apart.advice


def test_a_draw_is_the_same_each_time_and_in_order() -> None:
    labels = np.arange(1_000, dtype=np.uint64)
    drawn = draw(labels, 50, seed=3)
    assert drawn.tolist() == sorted(set(drawn.tolist()))
    assert len(drawn) == 50
    assert drawn.tolist() == draw(labels, 50, seed=3).tolist() != draw(labels, 50, seed=4).tolist()
    assert draw(labels, 1_000, seed=3) is labels
