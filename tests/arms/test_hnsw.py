"""The HNSW graph: when it is made, kept and extended, and that damage is caught before hnswlib sees it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hnswlib
import numpy as np
import pytest
from dense_rows import DIM, NONE, Rows, clustered, labels_of, make_segments, oracle

from embedctl.arms.dense import hnsw_file
from embedctl.arms.dense.hnsw import HnswRetriever
from embedctl.arms.dense.hnsw_file import facts_path, labels_path
from embedctl.arms.dense.hnsw_writer import GraphPlan, graph_bytes, plan_graph, write_graph
from embedctl.arms.dense.segments import Segments
from embedctl.config import HnswConfig, IndexLimits
from embedctl.errors import DamagedError, MismatchError, ResourceError

SERIAL = HnswConfig(threads=1)
LIMITS = IndexLimits(flat_rows=0, graph_tail_rows=60, graph_tail_share=0.0)


def some_rows(dead_of_first: int, second: int) -> Rows:
    return Rows({1: clustered(400, 1), 2: clustered(second, 2)}, {1: np.arange(dead_of_first), 2: NONE})


def some_segments(folder: Path, dead_of_first: int = 0, second: int = 0) -> Segments:
    groups = ((1,), (2,)) if second else ((1,),)
    return make_segments(some_rows(dead_of_first, second), folder, groups)[0]


def make(path: Path, segments: Segments, previous: Path | None = None, config: HnswConfig = SERIAL) -> GraphPlan:
    plan = plan_graph(segments, config, LIMITS, previous)
    write_graph(path, segments, plan, config, previous, lambda _: None)
    return plan


def test_one_thread_builds_the_same_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        make(tmp_path / name, some_segments(tmp_path / f"{name}-1"))
        plan = make(tmp_path / f"{name}2", some_segments(tmp_path / f"{name}-2", 20, 100), tmp_path / name)
        assert plan.action == "extend"
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a2").read_bytes() == (tmp_path / "b2").read_bytes()


def test_rows_are_put_in_by_label_however_they_are_spread(tmp_path: Path) -> None:
    rows = some_rows(10, 100)
    make(tmp_path / "a", make_segments(rows, tmp_path / "one", ((1,), (2,)))[0])
    make(tmp_path / "b", make_segments(rows, tmp_path / "other", ((2,), (1,)))[0])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    ("dead", "added", "action"),
    [(0, 0, "keep"), (30, 60, "keep"), (0, 61, "extend"), (100, 61, "extend"), (101, 0, "build")],
)
def test_small_changes_keep_the_graph(tmp_path: Path, dead: int, added: int, action: str) -> None:
    make(tmp_path / "old", some_segments(tmp_path / "before"))
    segments = some_segments(tmp_path / "now", dead, added)
    plan = plan_graph(segments, SERIAL, LIMITS, tmp_path / "old")
    assert plan.action == action
    assert plan.work == {"keep": 0, "extend": added, "build": len(segments)}[action]


def test_an_extended_graph_finds_everything_and_leaves_the_old_file(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    make(old, some_segments(tmp_path / "before"), config=HnswConfig())
    before = old.read_bytes()
    segments = some_segments(tmp_path / "now", 50, 100)
    assert make(new, segments, old).action == "extend"
    assert old.read_bytes() == before
    rows, retriever = some_rows(50, 100), HnswRetriever(new, segments, ef=100)
    assert (retriever.facts.count, retriever.tail, len(retriever)) == (500, 0, 450)
    queries = clustered(30, 12)
    found = sum(
        len(np.intersect1d(ranking.labels, oracle(rows, vector, 10).labels))
        for vector, ranking in zip(queries, retriever.search_batch(queries, 10), strict=True)
    )
    assert found >= 0.95 * 300
    assert not np.isin(labels_of(1, np.arange(50)), retriever.search(rows.vectors[1][3], 450).labels).any()


def test_a_kept_graph_answers_with_rows_that_it_lacks(tmp_path: Path) -> None:
    make(tmp_path / "g", some_segments(tmp_path / "before"))
    retriever = HnswRetriever(tmp_path / "g", some_segments(tmp_path / "now", 30, 60), ef=100)
    assert (retriever.tail, len(retriever)) == (60, 430)
    rows = some_rows(30, 60)
    for vector in (rows.vectors[2][7], rows.vectors[1][100]):
        np.testing.assert_array_equal(retriever.search(vector, 10).labels, oracle(rows, vector, 10).labels)


def test_no_graph_where_it_would_not_be_walked(tmp_path: Path) -> None:
    segments = some_segments(tmp_path / "s")
    assert plan_graph(segments, SERIAL, IndexLimits(flat_rows=400)).action == "none"
    assert plan_graph(segments, SERIAL, IndexLimits(flat_rows=399)).action == "build"


def test_a_graph_that_does_not_fit_is_not_extended(tmp_path: Path) -> None:
    old, segments = tmp_path / "old", some_segments(tmp_path / "s")
    make(old, segments)
    assert plan_graph(segments, HnswConfig(m=8), LIMITS, old).reason == "the graph parameters changed"
    old.write_bytes(old.read_bytes()[:-10])
    plan = plan_graph(segments, SERIAL, LIMITS, old)
    assert plan.action == "build"
    assert "of no use" in plan.reason


def test_memory_is_estimated_from_above_but_not_far() -> None:
    """hnswlib says what rows and links take; locks, the table of labels and marks come on top."""
    graph = hnswlib.Index("ip", 384)
    graph.init_index(1_000, M=16, ef_construction=100)
    graph.add_items(np.random.default_rng(0).normal(size=(1_000, 384)), num_threads=1)
    assert graph.index_file_size() <= graph_bytes(1_000, 384, HnswConfig(), 2) <= 1.2 * graph.index_file_size()


@pytest.mark.parametrize("damage", ["truncated", "empty", "missing", "header", "facts", "no facts", "labels"])
def test_damage_is_caught_before_loading(tmp_path: Path, damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path, segments = tmp_path / "hnsw.bin", some_segments(tmp_path / "s")
    make(path, segments)
    data = path.read_bytes()
    damaged = {"truncated": data[:-1], "empty": b"", "header": data[:16] + b"\xff" + data[17:]}
    if damage in damaged:
        path.write_bytes(damaged[damage])
    elif damage == "missing":
        path.unlink()
    elif damage == "facts":
        facts_path(path).write_text('{"dim": 24}')
    elif damage == "labels":
        labels_path(path).write_bytes(labels_path(path).read_bytes()[8:])
    else:
        facts_path(path).unlink()
    monkeypatch.setattr("embedctl.arms.dense.hnsw.load_graph", lambda *_: pytest.fail("it was loaded"))
    with pytest.raises(DamagedError, match=r"hnsw\."):
        HnswRetriever(path, segments, ef=10)


def test_a_graph_of_other_dimensions_is_refused(tmp_path: Path) -> None:
    make(tmp_path / "g", some_segments(tmp_path / "s"))
    with pytest.raises(MismatchError, match="24 dimensions, the store has 32"):
        HnswRetriever(tmp_path / "g", Segments([], DIM + 8), ef=10)


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
    monkeypatch.setattr("embedctl.arms.dense.hnsw_writer.save_graph", lambda graph, *rest: real(FullDisk(graph), *rest))
    with pytest.raises(ResourceError, match="not written in full"):
        make(tmp_path / "g", some_segments(tmp_path / "s"))
    assert not facts_path(tmp_path / "g").exists()
