"""What every dense retriever does, and what is particular to the exact and the approximate one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from embedctl.config import HnswConfig
from embedctl.contracts import DenseRetriever, Ranking
from embedctl.errors import DamagedError, MismatchError, ModelError, ResourceError
from embedctl.retrievers import flat as flat_module
from embedctl.retrievers import hnsw_file
from embedctl.retrievers.flat import FlatPart, FlatRetriever, write_flat
from embedctl.retrievers.hnsw import HnswRetriever
from embedctl.retrievers.hnsw_file import facts_path
from embedctl.retrievers.hnsw_writer import HnswChange, HnswOutcome, write_hnsw

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DIM = 24
SERIAL = HnswConfig(threads=1)
NONE = np.empty(0, dtype=np.uint64)


@dataclass(frozen=True)
class Rows:
    """Live rows and dead ones, by part."""

    vectors: dict[int, np.ndarray]
    dead: dict[int, np.ndarray]

    @property
    def live(self) -> tuple[np.ndarray, np.ndarray]:
        labels, vectors = [], []
        for number, part in sorted(self.vectors.items()):
            rows = np.setdiff1d(np.arange(len(part)), self.dead[number])
            labels.append((np.uint64(number) << np.uint64(32)) | rows.astype(np.uint64))
            vectors.append(part[rows])
        return np.concatenate(labels), np.concatenate(vectors)


@dataclass(frozen=True)
class Allow:
    """The simplest filter there is."""

    labels: np.ndarray

    @property
    def count(self) -> int:
        return len(self.labels)

    def mask(self, labels: np.ndarray) -> np.ndarray:
        return np.isin(labels, self.labels)


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def clustered(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(size=(20, DIM))
    return unit(centres[rng.integers(0, 20, count)] + 0.4 * rng.normal(size=(count, DIM)))


@pytest.fixture(scope="module")
def rows() -> Rows:
    vectors = {1: clustered(500, 1), 2: clustered(0, 2), 7: clustered(900, 3), 90_000: clustered(300, 4)}
    vectors[7][100:130] = vectors[1][5]  # equal vectors
    rng = np.random.default_rng(5)
    dead = {number: np.flatnonzero(rng.random(len(part)) < 0.1) for number, part in vectors.items()}
    dead[90_000] = np.arange(300)
    return Rows(vectors, dead)


def make_flat(rows: Rows, folder: Path) -> FlatRetriever:
    parts = []
    for number, vectors in rows.vectors.items():
        path = folder / f"{number}.f32"
        write_flat(path, vectors)
        parts.append(FlatPart(number, path, len(vectors), rows.dead[number]))
    return FlatRetriever(parts, DIM)


def change(rows: Rows, removed: np.ndarray = NONE, added: np.ndarray = NONE) -> HnswChange:
    labels, vectors = rows.live
    new = np.isin(labels, added)
    return HnswChange(
        dim=DIM,
        removed=removed,
        added=lambda: [(labels[new], vectors[new])],
        added_rows=int(new.sum()),
        live=lambda: ((labels[at : at + 100], vectors[at : at + 100]) for at in range(0, len(labels), 100)),
        live_rows=len(labels),
    )


def make_hnsw(rows: Rows, folder: Path) -> HnswRetriever:
    write_hnsw(folder / "hnsw.bin", change(rows), SERIAL)
    return HnswRetriever(folder / "hnsw.bin", DIM, ef=100)


MAKERS: dict[str, Callable[[Rows, Path], Any]] = {"flat": make_flat, "hnsw": make_hnsw}


@pytest.fixture(params=MAKERS, scope="module")
def retriever(request: pytest.FixtureRequest, rows: Rows, tmp_path_factory: pytest.TempPathFactory) -> DenseRetriever:
    return MAKERS[request.param](rows, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def flat(rows: Rows, tmp_path_factory: pytest.TempPathFactory) -> FlatRetriever:
    return make_flat(rows, tmp_path_factory.mktemp("exact"))


def oracle(rows: Rows, vector: np.ndarray, k: int, allowed: Allow | None = None) -> Ranking:
    labels, vectors = rows.live
    if allowed is not None:
        keep = np.isin(labels, allowed.labels)
        labels, vectors = labels[keep], vectors[keep]
    scores = np.array([np.dot(row.astype(float), vector.astype(float)) for row in vectors], dtype=np.float32)
    order = sorted(range(len(labels)), key=lambda at: (-scores[at], labels[at]))[:k]
    return Ranking(labels[order], scores[order])


# What both do


def test_length_counts_live_rows(retriever: DenseRetriever, rows: Rows) -> None:
    assert len(retriever) == len(rows.live[0])


def test_recall_order_and_scores(retriever: DenseRetriever, rows: Rows) -> None:
    found = 0
    for vector in clustered(40, 9):
        expected = oracle(rows, vector, 10)
        ranking = retriever.search(vector, 10)
        assert ranking.labels.dtype == np.uint64
        assert ranking.scores.dtype == np.float32
        pairs = list(zip((-ranking.scores).tolist(), ranking.labels.tolist(), strict=True))
        assert pairs == sorted(pairs)
        known = dict(zip(*map(np.ndarray.tolist, rows.live), strict=True))
        exact = [np.dot(known[label], vector) for label in ranking.labels.tolist()]
        np.testing.assert_allclose(ranking.scores, exact, atol=1e-5)
        found += len(np.intersect1d(ranking.labels, expected.labels))
    assert found >= 0.95 * 400


def test_no_dead_row_is_found(retriever: DenseRetriever, rows: Rows) -> None:
    dead = rows.vectors[7][rows.dead[7][0]]
    assert np.isin(retriever.search(dead, 50).labels, rows.live[0]).all()


@pytest.mark.parametrize("k", [0, 1, 1400, 10**9])
def test_any_k(retriever: DenseRetriever, rows: Rows, k: int) -> None:
    ranking = retriever.search(clustered(1, 3)[0], k)
    assert len(ranking.labels) <= min(k, len(retriever))
    assert len(np.unique(ranking.labels)) == len(ranking.labels)
    if k == 1:
        assert len(ranking.labels) == 1


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 1.0])
def test_a_filter_lets_only_its_rows_through(retriever: DenseRetriever, rows: Rows, share: float) -> None:
    labels = rows.live[0]
    allowed = Allow(np.sort(np.random.default_rng(1).permutation(labels)[: int(share * len(labels))]))
    vector = clustered(1, 4)[0]
    ranking = retriever.search(vector, 10, allowed)
    assert np.isin(ranking.labels, allowed.labels).all()
    if share >= 0.5:
        np.testing.assert_array_equal(ranking.labels, oracle(rows, vector, 10, allowed).labels)


def test_unusable_query_vectors_are_refused(retriever: DenseRetriever) -> None:
    with pytest.raises(MismatchError, match="25 dimensions"):
        retriever.search(np.zeros(DIM + 1, dtype=np.float32), 3)
    with pytest.raises(ModelError, match="finite"):
        retriever.search(np.full(DIM, np.nan, dtype=np.float32), 3)


# The exact scan


@pytest.mark.parametrize("block", [7, 64, 65_536])
@pytest.mark.parametrize("share", [None, 0.0, 0.02, 0.3, 1.0])
def test_flat_is_exact(
    flat: FlatRetriever, rows: Rows, monkeypatch: pytest.MonkeyPatch, block: int, share: float | None
) -> None:
    monkeypatch.setattr(flat_module, "_BLOCK_ROWS", block)
    every = np.arange(500, dtype=np.uint64) | np.uint64(1 << 32)
    every = np.concatenate([every, np.arange(900, dtype=np.uint64) | np.uint64(7 << 32), np.array([5], np.uint64)])
    chosen = every[np.random.default_rng(2).random(len(every)) < (share or 0)]
    allowed = None if share is None else Allow(np.sort(chosen))
    for k in (1, 10, 5000):
        for vector in (*clustered(2, 8), rows.vectors[1][5]):
            expected, found = oracle(rows, vector, k, allowed), flat.search(vector, k, allowed)
            np.testing.assert_array_equal(found.labels, expected.labels)
            np.testing.assert_array_equal(found.scores, expected.scores)


def test_equal_vectors_tie_by_label(flat: FlatRetriever, rows: Rows) -> None:
    ranking = flat.search(rows.vectors[1][5], 12)
    equal = ranking.scores == ranking.scores[0]
    assert equal.sum() >= 12
    assert (np.diff(ranking.labels.astype(np.int64)) > 0).all()


def test_flat_batches_equal_single_searches(flat: FlatRetriever, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flat_module, "_BLOCK_SCORES", flat_module._BLOCK_ROWS * 3)
    queries = clustered(8, 10)
    for single, batched in zip(
        (flat.search(query, 7) for query in queries), flat.search_batch(queries, 7), strict=True
    ):
        np.testing.assert_array_equal(single.labels, batched.labels)
        np.testing.assert_array_equal(single.scores, batched.scores)


def test_cosine_is_that_of_the_search(flat: FlatRetriever) -> None:
    vector = clustered(1, 11)[0]
    ranking = flat.search(vector, 50)
    np.testing.assert_array_equal(flat.cosine(vector, ranking.labels), ranking.scores)
    unknown = np.array([5, (1 << 32) | 500, 3 << 32], dtype=np.uint64)
    assert np.isnan(flat.cosine(vector, unknown)).all()


def test_a_damaged_vector_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "part.f32"
    part = FlatPart(1, path, 10, np.empty(0, dtype=np.int64))
    with pytest.raises(DamagedError, match=r"part\.f32"):
        FlatRetriever([part], DIM)
    write_flat(path, clustered(10, 1))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DamagedError, match="959 bytes instead of 960"):
        FlatRetriever([part], DIM)


def test_no_parts_at_all() -> None:
    retriever = FlatRetriever([], DIM)
    assert len(retriever) == 0
    assert not len(retriever.search(clustered(1, 1)[0], 5).labels)


# The graph


def part_labels(number: int, start: int, end: int) -> np.ndarray:
    return (np.uint64(number) << np.uint64(32)) | np.arange(start, end, dtype=np.uint64)


def some_rows(dead_of_first: int, second: int) -> Rows:
    vectors = {1: clustered(400, 1), 2: clustered(second, 2)}
    return Rows(vectors, {1: np.arange(dead_of_first), 2: np.empty(0, dtype=np.int64)})


def test_one_thread_builds_the_same_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_hnsw(tmp_path / name, change(some_rows(0, 0)), SERIAL)
        update(tmp_path / name, tmp_path / f"{name}2", 20, 60)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a2").read_bytes() == (tmp_path / "b2").read_bytes()


def update(previous: Path, path: Path, dead: int, second: int, config: HnswConfig = SERIAL) -> HnswOutcome:
    removed, added = part_labels(1, 0, dead), part_labels(2, 0, second)
    return write_hnsw(path, change(some_rows(dead, second), removed, added), config, previous)


def test_an_update_extends_the_graph_and_leaves_the_old_file(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    assert write_hnsw(old, change(some_rows(0, 0)), HnswConfig()).rebuilt == "there was no graph"
    before = old.read_bytes()
    outcome = update(old, new, 50, 100)
    assert outcome.rebuilt is None
    assert (outcome.facts.count, outcome.facts.deleted) == (500, 50)
    assert old.read_bytes() == before
    rows, retriever = some_rows(50, 100), HnswRetriever(new, DIM, ef=100)
    found = sum(
        len(np.intersect1d(retriever.search(vector, 10).labels, oracle(rows, vector, 10).labels))
        for vector in clustered(30, 12)
    )
    assert found >= 0.95 * 300
    assert not np.isin(part_labels(1, 0, 50), retriever.search(rows.vectors[1][3], 450).labels).any()


def test_too_many_dead_rows_make_a_new_graph(tmp_path: Path) -> None:
    write_hnsw(tmp_path / "old", change(some_rows(0, 0)), SERIAL)
    outcome = update(tmp_path / "old", tmp_path / "new", 150, 100)
    assert outcome.rebuilt == "too many of its rows were dead"
    assert (outcome.facts.count, outcome.facts.deleted) == (350, 0)


def test_dead_rows_add_up_over_updates(tmp_path: Path) -> None:
    write_hnsw(tmp_path / "0", change(some_rows(0, 0)), SERIAL)
    assert update(tmp_path / "0", tmp_path / "1", 90, 0).rebuilt is None
    then = change(some_rows(120, 0), removed=part_labels(1, 90, 120))
    assert write_hnsw(tmp_path / "2", then, SERIAL, tmp_path / "1").rebuilt == "too many of its rows were dead"


def test_a_graph_that_does_not_fit_is_not_extended(tmp_path: Path) -> None:
    old = tmp_path / "old"
    write_hnsw(old, change(some_rows(0, 0)), SERIAL)
    assert update(old, tmp_path / "a", 5, 0, HnswConfig(m=8, threads=1)).rebuilt == "the graph parameters changed"
    strange = change(some_rows(2, 0), removed=part_labels(9, 0, 2))
    assert "other rows" in str(write_hnsw(tmp_path / "b", strange, SERIAL, old).rebuilt)
    old.write_bytes(old.read_bytes()[:-10])
    assert "of no use" in str(update(old, tmp_path / "c", 5, 0).rebuilt)
    assert len(HnswRetriever(tmp_path / "c", DIM, ef=10)) == 395


def test_an_empty_graph_can_be_made_and_extended(tmp_path: Path) -> None:
    nothing = Rows({1: clustered(0, 1)}, {1: np.empty(0, dtype=np.int64)})
    write_hnsw(tmp_path / "0", change(nothing), SERIAL)
    assert not len(HnswRetriever(tmp_path / "0", DIM, ef=10).search(clustered(1, 1)[0], 3).labels)
    outcome = write_hnsw(tmp_path / "1", change(some_rows(0, 0), added=part_labels(1, 0, 400)), SERIAL, tmp_path / "0")
    assert outcome.rebuilt is None
    assert len(HnswRetriever(tmp_path / "1", DIM, ef=10)) == 400


@pytest.mark.parametrize("damage", ["truncated", "empty", "missing", "header", "facts", "no facts"])
def test_damage_is_caught_before_loading(tmp_path: Path, damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "hnsw.bin"
    write_hnsw(path, change(some_rows(0, 0)), SERIAL)
    data = path.read_bytes()
    damaged = {"truncated": data[:-1], "empty": b"", "header": data[:16] + b"\xff" + data[17:]}
    if damage in damaged:
        path.write_bytes(damaged[damage])
    elif damage == "missing":
        path.unlink()
    elif damage == "facts":
        facts_path(path).write_text('{"dim": 24}')
    else:
        facts_path(path).unlink()
    monkeypatch.setattr("embedctl.retrievers.hnsw.load_graph", lambda *_: pytest.fail("it was loaded"))
    with pytest.raises(DamagedError, match=r"hnsw\.bin"):
        HnswRetriever(path, DIM, ef=10)


def test_a_graph_of_other_dimensions_is_refused(tmp_path: Path) -> None:
    write_hnsw(tmp_path / "g", change(some_rows(0, 0)), SERIAL)
    with pytest.raises(MismatchError, match="24 dimensions, the store has 32"):
        HnswRetriever(tmp_path / "g", 32, ef=10)


def test_unusable_vectors_do_not_become_a_graph(tmp_path: Path) -> None:
    bad = some_rows(0, 0)
    bad.vectors[1][17, 3] = np.inf
    with pytest.raises(ModelError, match="finite"):
        write_hnsw(tmp_path / "g", change(bad), SERIAL)
    narrow = Rows({1: bad.vectors[1][:3, :5]}, {1: np.empty(0, dtype=np.int64)})
    with pytest.raises(MismatchError, match="24 dimensions"):
        write_hnsw(tmp_path / "g", change(narrow), SERIAL)


def test_a_short_write_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class FullDisk:
        def __init__(self, graph: Any) -> None:
            self._graph = graph

        def __getattr__(self, name: str) -> Any:
            return getattr(self._graph, name)

        def save_index(self, path: bytes) -> None:
            with open(path, "wb") as file:  # noqa: PTH123
                file.write(b"\0" * 100)

    real = hnsw_file.save_graph
    monkeypatch.setattr("embedctl.retrievers.hnsw_writer.save_graph", lambda graph, *rest: real(FullDisk(graph), *rest))
    with pytest.raises(ResourceError, match="not written in full"):
        write_hnsw(tmp_path / "g", change(some_rows(0, 0)), SERIAL)
    assert not facts_path(tmp_path / "g").exists()
