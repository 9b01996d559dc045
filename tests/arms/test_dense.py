"""What every dense retriever does, and what is particular to the exact scan and to that of bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dense_rows import DIM, NONE, Allow, Rows, clustered, labels_of, make_segments, oracle

from embedctl.arms.dense import segments as segments_module
from embedctl.arms.dense.binary import BinaryRetriever
from embedctl.arms.dense.flat import FlatRetriever
from embedctl.arms.dense.hnsw import HnswRetriever
from embedctl.arms.dense.hnsw_writer import plan_graph, write_graph
from embedctl.arms.dense.kernels import sign_planes
from embedctl.arms.dense.segments import Segments, open_segment
from embedctl.arms.dense.segments_writer import write_segment
from embedctl.config import HnswConfig, IndexLimits
from embedctl.contracts import DenseRetriever
from embedctl.errors import DamagedError, MismatchError, ModelError
from embedctl.store.segments import to_merge

GROUPS = ((1, 90_000), (7,))
"""Interleaved: the labels of part 7 lie between those of the other segment."""


@pytest.fixture(scope="module")
def rows() -> Rows:
    vectors = {1: clustered(500, 1), 7: clustered(900, 3), 90_000: clustered(300, 4)}
    vectors[7][100:130] = vectors[1][5]  # equal vectors
    rng = np.random.default_rng(5)
    dead = {number: np.flatnonzero(rng.random(len(part)) < 0.1) for number, part in vectors.items()}
    dead[90_000] = np.arange(300)
    return Rows(vectors, dead)


def make_flat(rows: Rows, folder: Path) -> FlatRetriever:
    return FlatRetriever(make_segments(rows, folder, GROUPS)[0])


def make_binary(rows: Rows, folder: Path) -> BinaryRetriever:
    return BinaryRetriever(*make_segments(rows, folder, GROUPS), per_row=20, least=40)


def make_hnsw(rows: Rows, folder: Path) -> HnswRetriever:
    """A graph from before most rows died and before part 7 came: it has dead rows and a tail."""
    before = Rows({1: rows.vectors[1], 90_000: rows.vectors[90_000]}, {1: NONE, 90_000: NONE})
    old = make_segments(before, folder / "old", GROUPS[:1])[0]
    limits, config = IndexLimits(flat_rows=0), HnswConfig(threads=1)
    write_graph(folder / "hnsw.bin", old, plan_graph(old, config, limits), config, None, lambda _: None)
    return HnswRetriever(folder / "hnsw.bin", make_segments(rows, folder / "new", GROUPS)[0], ef=100)


MAKERS = {"flat": make_flat, "binary": make_binary, "hnsw": make_hnsw}


@pytest.fixture(params=MAKERS, scope="module")
def retriever(request: pytest.FixtureRequest, rows: Rows, tmp_path_factory: pytest.TempPathFactory) -> DenseRetriever:
    return MAKERS[request.param](rows, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def flat(rows: Rows, tmp_path_factory: pytest.TempPathFactory) -> FlatRetriever:
    return make_flat(rows, tmp_path_factory.mktemp("exact"))


# What all do


def test_length_counts_live_rows(retriever: DenseRetriever, rows: Rows) -> None:
    assert len(retriever) == len(rows.live[0])


def test_recall_order_and_scores(retriever: DenseRetriever, flat: FlatRetriever, rows: Rows) -> None:
    found = 0
    for vector in clustered(40, 9):
        expected = oracle(rows, vector, 10)
        ranking = retriever.search(vector, 10)
        assert ranking.labels.dtype == np.uint64
        assert ranking.scores.dtype == np.float32
        pairs = list(zip((-ranking.scores).tolist(), ranking.labels.tolist(), strict=True))
        assert pairs == sorted(pairs)
        np.testing.assert_array_equal(ranking.scores, flat._segments.cosine(vector, ranking.labels))
        found += len(np.intersect1d(ranking.labels, expected.labels))
    assert found >= 0.95 * 400


def test_no_dead_row_is_found(retriever: DenseRetriever, rows: Rows) -> None:
    for number in (1, 7, 90_000):
        dead = rows.vectors[number][rows.dead[number][0]]
        assert np.isin(retriever.search(dead, 50).labels, rows.live[0]).all()


@pytest.mark.parametrize("k", [0, 1, 1_300, 10**9])
def test_any_k(retriever: DenseRetriever, rows: Rows, k: int) -> None:
    ranking = retriever.search(clustered(1, 3)[0], k)
    assert len(ranking.labels) <= min(k, len(retriever))
    assert len(np.unique(ranking.labels)) == len(ranking.labels)
    assert np.isin(ranking.labels, rows.live[0]).all()
    if k == 1:
        assert len(ranking.labels) == 1


@pytest.mark.parametrize("share", [0.0, 0.01, 0.2, 0.5, 1.0])
def test_a_filter_lets_only_its_rows_through(retriever: DenseRetriever, rows: Rows, share: float) -> None:
    labels = rows.live[0]
    allowed = Allow(np.sort(np.random.default_rng(1).permutation(labels)[: int(share * len(labels))]))
    for vector in clustered(3, 4):
        ranking = retriever.search(vector, 10, allowed)
        assert np.isin(ranking.labels, allowed.labels).all()
        if not isinstance(retriever, HnswRetriever):  # which leaves narrow filters to the others
            assert len(ranking.labels) == min(10, allowed.count)
        if share >= 0.5:
            np.testing.assert_array_equal(ranking.labels, oracle(rows, vector, 10, allowed).labels)


@pytest.mark.parametrize("share", [None, 0.02, 0.6])
def test_batches_equal_single_searches(retriever: DenseRetriever, rows: Rows, share: float | None) -> None:
    labels = rows.live[0]
    allowed = None if share is None else Allow(labels[np.random.default_rng(3).random(len(labels)) < share])
    queries = clustered(150, 10)
    for query, batched in zip(queries, retriever.search_batch(queries, 7, allowed), strict=True):
        single = retriever.search(query, 7, allowed)
        np.testing.assert_array_equal(single.labels, batched.labels)
        np.testing.assert_array_equal(single.scores, batched.scores)


def test_equal_vectors_tie_by_label(retriever: DenseRetriever, rows: Rows) -> None:
    copies = labels_of(7, np.setdiff1d(np.arange(100, 130), rows.dead[7]))
    ranking = retriever.search(rows.vectors[1][5], 12)
    equal = ranking.labels[ranking.scores == ranking.scores[0]]
    assert len(equal) == 12
    assert (np.diff(equal.astype(np.int64)) > 0).all()
    assert np.isin(copies[:11], ranking.labels).all()


def test_unusable_query_vectors_are_refused(retriever: DenseRetriever) -> None:
    for search in (retriever.search, lambda vector, k: retriever.search_batch(vector[np.newaxis], k)):
        with pytest.raises(MismatchError, match="25 dimensions"):
            search(np.zeros(DIM + 1, dtype=np.float32), 3)
        with pytest.raises(ModelError, match="finite"):
            search(np.full(DIM, np.nan, dtype=np.float32), 3)


# The exact scan


@pytest.mark.parametrize("block", [7, 64, 65_536])
@pytest.mark.parametrize("share", [None, 0.0, 0.02, 0.3, 1.0])
def test_flat_is_exact(
    flat: FlatRetriever, rows: Rows, monkeypatch: pytest.MonkeyPatch, block: int, share: float | None
) -> None:
    monkeypatch.setattr(segments_module, "BLOCK_ROWS", block)
    every = np.concatenate([labels_of(1, np.arange(500)), labels_of(7, np.arange(900)), np.array([5], np.uint64)])
    chosen = every[np.random.default_rng(2).random(len(every)) < (share or 0)]
    allowed = None if share is None else Allow(np.sort(chosen))
    for k in (1, 10, 5000):
        for vector in (*clustered(2, 8), rows.vectors[1][5]):
            expected, found = oracle(rows, vector, k, allowed), flat.search(vector, k, allowed)
            np.testing.assert_array_equal(found.labels, expected.labels)
            np.testing.assert_array_equal(found.scores, expected.scores)


def test_cosine_is_that_of_the_search(flat: FlatRetriever) -> None:
    vector = clustered(1, 11)[0]
    ranking = flat.search(vector, 50)
    np.testing.assert_array_equal(flat._segments.cosine(vector, ranking.labels), ranking.scores)
    unknown = np.array([5, (1 << 32) | 500, 3 << 32], dtype=np.uint64)
    assert np.isnan(flat._segments.cosine(vector, unknown)).all()


def test_nothing_at_all() -> None:
    retriever = FlatRetriever(Segments([], DIM))
    assert len(retriever) == 0
    assert not len(retriever.search(clustered(1, 1)[0], 5).labels)
    assert not len(retriever.search_batch(clustered(1, 1), 5)[0].labels)


# Bits


def test_bits_are_those_above_the_centre() -> None:
    vectors, centre = clustered(70, 2), clustered(1, 5)[0]
    planes = sign_planes(vectors, centre)
    bits = np.unpackbits(np.ascontiguousarray(planes.T).view(np.uint8), axis=1)
    np.testing.assert_array_equal(bits[:, :DIM].astype(bool), vectors > centre)
    assert not bits[:, DIM:].any()


def test_copies_of_one_row_do_not_crowd_out_the_scan(tmp_path: Path) -> None:
    rows = Rows({1: np.tile(clustered(1, 1), (3_000, 1)), 2: clustered(500, 2)}, {1: NONE, 2: NONE})
    retriever = BinaryRetriever(*make_segments(rows, tmp_path, ((2,), (1,))), per_row=2, least=10)
    ranking = retriever.search(rows.vectors[1][0], 8)
    np.testing.assert_array_equal(ranking.labels, labels_of(1, np.arange(8)))


# Segments


@pytest.mark.parametrize("name", ["vectors.f16", "labels.u64", "bits.u64"])
def test_a_damaged_file_is_named(rows: Rows, tmp_path: Path, name: str) -> None:
    segments, _ = make_segments(rows, tmp_path, ((1,),))
    path, size = tmp_path / "0" / name, 500
    del segments
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DamagedError, match=name.replace(".", r"\.")):
        open_segment(tmp_path / "0", size, DIM, np.empty(0, np.uint64), planes=True)
    path.unlink()
    with pytest.raises(DamagedError, match="cannot be read"):
        open_segment(tmp_path / "0", size, DIM, np.empty(0, np.uint64), planes=True)


def test_unusable_vectors_do_not_become_a_segment(tmp_path: Path) -> None:
    bad = clustered(20, 1)
    bad[17, 3] = np.inf
    with pytest.raises(ModelError, match="finite"):
        write_segment(tmp_path / "a", {1: lambda: (labels_of(1, np.arange(20)), bad)}, DIM)
    with pytest.raises(MismatchError, match="24 dimensions"):
        write_segment(tmp_path / "b", {1: lambda: (labels_of(1, np.arange(3)), bad[:3, :5])}, DIM)
    with pytest.raises(MismatchError, match="3 labels"):
        write_segment(tmp_path / "c", {1: lambda: (labels_of(1, np.arange(3)), bad[:2])}, DIM)


def test_a_segment_without_rows_leaves_nothing(tmp_path: Path) -> None:
    assert write_segment(tmp_path / "a", {1: lambda: (labels_of(1, NONE), clustered(0, 1))}, DIM) == 0
    assert not (tmp_path / "a").exists()


def test_many_small_additions_make_few_segments_and_cost_little() -> None:
    sizes: list[tuple[int, int]] = []
    written = 0
    for _ in range(1_000):
        taken = to_merge(sizes, 10, ratio=2, dead_share=0.25)
        rows = 10 + sum(sizes[at][0] for at in taken)
        sizes = [size for at, size in enumerate(sizes) if at not in taken] + [(rows, 0)]
        written += rows
        assert len(sizes) <= 11
    assert sum(live for live, _ in sizes) == 10_000
    assert written <= 12 * 10_000


def test_segments_with_many_dead_rows_are_written_again() -> None:
    sizes = [(1_000, 0), (70, 30), (75, 25)]
    assert to_merge(sizes, 0, ratio=2, dead_share=0.25) == [1, 2]
    assert to_merge(sizes[:1], 0, ratio=2, dead_share=0.25) == []
    assert to_merge([(0, 40)], 0, ratio=2, dead_share=0.25) == [0]
