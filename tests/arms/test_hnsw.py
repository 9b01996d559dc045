"""The HNSW graph: when it is made, kept and extended, and that damage is caught before hnswlib sees it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dense_rows import NONE, Rows, clustered, labels_of, make_segments, oracle
from numpy.typing import NDArray

from embedctl.arms.dense.hnsw import HnswRetriever
from embedctl.arms.dense.hnsw_check import check_graph
from embedctl.arms.dense.hnsw_writer import GraphPlan, plan_graph, write_graph
from embedctl.arms.dense.recall import shares
from embedctl.arms.dense.segments import Segments
from embedctl.config import HnswBuild, HnswConfig, IndexLimits
from embedctl.encoders import card

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


@pytest.mark.parametrize(
    ("build", "most", "action"),
    [
        ("auto", None, "build"),
        ("auto", 400, "build"),
        ("auto", 399, "none"),
        ("on", 399, "build"),
        ("off", None, "none"),
    ],
)
def test_a_new_graph_is_made_as_the_settings_say(
    tmp_path: Path, build: HnswBuild, most: int | None, action: str
) -> None:
    config = replace(SERIAL, build=build)
    segments = some_segments(tmp_path / "s")
    assert plan_graph(segments, config, IndexLimits(), most=most).action == action
    make(tmp_path / "old", segments)
    kept = "none" if build == "off" else "keep"
    assert plan_graph(segments, config, IndexLimits(), tmp_path / "old", most).action == kept
    assert plan_graph(Segments([], segments.dim), config, IndexLimits()).action == "none"


def alike(kind: str) -> NDArray[np.float32]:
    """Return rows that leave others without a link: texts of one template, or copies of one or four rows."""
    if kind == "template":
        texts = [f"Bird number {n} of the meadow sings in tune {n % 7}." for n in range(520)]
        return card("hashing").open().encode_documents(texts)
    axes = np.eye(64, dtype=np.float32)
    return (
        np.repeat(axes[:1], 600, axis=0) if kind == "one" else np.concatenate([np.repeat(axes[:4], 150, axis=0), axes])
    )


@pytest.mark.parametrize("kind", ["template", "copies", "one"])
def test_every_row_is_reached_however_alike_they_are(tmp_path: Path, kind: str) -> None:
    vectors = alike(kind)
    rows = Rows({1: vectors}, {1: NONE})
    segments = make_segments(rows, tmp_path / "segments", ((1,),))[0]
    make(tmp_path / "g", segments)
    check_graph(tmp_path / "g", segments.dim)
    queries = np.unique(vectors, axis=0)
    exact = [oracle(rows, vector, 10) for vector in queries]
    found = HnswRetriever(tmp_path / "g", segments, ef=400).search_batch(queries, 10)
    assert shares(exact, found, 10).min() == 1.0
    everything = HnswRetriever(tmp_path / "g", segments, ef=len(vectors)).search(queries[0], len(vectors))
    np.testing.assert_array_equal(np.sort(everything.labels), segments.live_labels)


def test_an_extended_graph_reaches_every_row(tmp_path: Path) -> None:
    vectors = alike("template")
    before = make_segments(Rows({1: vectors[:300]}, {1: NONE}), tmp_path / "before", ((1,),))[0]
    make(tmp_path / "old", before)
    rows = Rows({1: vectors[:300], 2: vectors[300:]}, {1: NONE, 2: NONE})
    segments = make_segments(rows, tmp_path / "now", ((1,), (2,)))[0]
    assert make(tmp_path / "new", segments, tmp_path / "old").action == "extend"
    everything = HnswRetriever(tmp_path / "new", segments, ef=len(vectors)).search(vectors[0], len(vectors))
    np.testing.assert_array_equal(np.sort(everything.labels), segments.live_labels)
