"""Generations over ready-made vectors: what is linked, merged and written, and that every plan still answers right."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from index_world import DIM, LIMITS, World, asked
from older_formats import as_format

from embedctl.arms.dense.build import DenseBuild
from embedctl.arms.dense.hnsw_writer import GraphPlan
from embedctl.arms.dense.structures import Plan
from embedctl.config import TEXT_FIELD, HnswBuild, HnswConfig, PartLimits
from embedctl.errors import DamagedError, NoStoreError
from embedctl.index.build import IndexChanges
from embedctl.index.open import require_index
from embedctl.query.filters import LabelSet
from embedctl.store.layout import Layout
from embedctl.store.manifest import FORMAT_VERSION, IndexRecord
from embedctl.store.segments import segment_records


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("embedctl.config.limits.INDEX", LIMITS)
    layout = Layout(tmp_path / ".embedctl")
    layout.root.mkdir()
    return World(layout)


def inodes(world: World, record: IndexRecord) -> dict[str, int]:
    root = world.root(record)
    return {name: (root / name).stat().st_ino for name in record.files if not name.startswith("bm25/")}


def test_a_life(world: World) -> None:
    """From a few rows to bits and a graph and back, by additions, deaths and whole parts that go."""
    for step in range(9):
        number = world.add(40)
        world.index()
        if step in (1, 4, 8):
            world.check()
        if step in (2, 5, 7):
            world.bury(number, {3, 7, 39})
            world.bury(number - 1, {0})
            world.index()
            world.check()
    world.bury(1, set(range(40)))
    record = world.index()
    assert 1 not in {part.number for part in record.parts}
    world.check()
    for number in (2, 3, 4, 5, 6):
        world.bury(number, set(range(40)))
    record = world.index()
    assert record.rows < LIMITS.flat_rows
    assert "dense/centre.f32" not in record.files
    assert "dense/hnsw.bin" in record.files
    world.check()


def test_small_indexes_have_a_graph_for_many_queries_and_no_bits(world: World) -> None:
    world.add(40)
    record = world.index()
    assert {name for name in record.files if not name.startswith("bm25/")} == {
        "dense/dead.u64",
        *(f"dense/{name}" for name in ("hnsw.bin", "hnsw.bin.json", "hnsw.u64")),
        "dense/vectors/000001/labels.u64",
        "dense/vectors/000001/vectors.f16",
        *(f"rows/000001/{name}" for name in ("labels.u64", "documents.u64", "blocks.u64", "payloads.z")),
    }
    own = world.structures()
    assert own.choose(Plan("auto", ""), None, 3) == ("flat", "80 chunks; at most 300 are scanned exactly", None)
    assert own.choose(Plan("auto", ""), None, 4) == ("hnsw", "80 chunks, 4 queries", None)
    plan = own.choose(Plan("binary", ""), None, 1)
    assert plan.name == "flat"
    assert "no bits" in plan.reason


def test_a_graph_is_left_out_and_made_as_the_settings_say(world: World) -> None:
    world.add(40)
    modes: tuple[HnswBuild, ...] = ("off", "on", "off", "auto")
    for build in modes:
        world.graphs(build)
        record = world.index()
        assert ("dense/hnsw.bin" in record.files) is (build != "off")
        world.check()
    world.graphs("off")
    world.index()
    plan = world.structures().choose(Plan("hnsw", ""), None, 1)
    assert plan.name == "flat"
    assert "no graph" in plan.reason


def test_plans_follow_size_filter_and_number_of_queries(world: World) -> None:
    world.add(200)
    world.index()
    arm = world.dense()
    own, auto = arm.structures, Plan("auto", "")
    every = own.segments.live_labels
    assert own.choose(auto, None, 1).name == "binary"
    assert own.choose(auto, LabelSet(every[:20]), 1).name == "flat"
    assert own.choose(auto, LabelSet(every[:21]), 1).name == "binary"
    assert own.choose(auto, None, 3).name == "binary"
    plan = own.choose(auto, None, 4)
    assert (plan.name, plan.reason) == ("hnsw", "400 chunks, 4 queries")
    assert own.choose(auto, None, 1).reason == "the graph is loaded"
    assert own.cost(plan, 500, None) == {"scanned": 0, "bytes": 0, "rescored": 500, "ef": 500}
    narrow = own.choose(Plan("hnsw", "", 7), None, 1)
    efs = [own.cost(one, k, None)["ef"] for one, k in ((narrow, 5), (narrow, 9), (plan, 5))]
    assert efs == [7, 9, HnswConfig().ef]
    binary = own.cost(own.choose(Plan("binary", ""), None, 1), 1, None)
    assert (binary["scanned"], binary["rescored"]) == (400, 50)
    assert own.cost(own.choose(Plan("flat", ""), None, 1), 10, None)["bytes"] == 400 * DIM * 2


def test_an_arm_counts_the_queries_of_its_session(world: World) -> None:
    world.add(200)
    world.index()
    arm, vectors = world.dense(), np.eye(DIM, dtype=np.float32)
    plans = [asked(arm, vectors[:1], queries=count)[0].plan.name for count in (0, 0, 1, 1, 1, 1)]
    assert plans == ["binary"] * 5 + ["hnsw"]


def test_a_graph_that_does_not_fit_into_memory_is_not_loaded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.add(200)
    world.index()
    monkeypatch.setattr("embedctl.arms.dense.structures.available_memory", lambda: 1_000)
    plan = world.structures().choose(Plan("auto", ""), None, 1_000)
    assert plan.name == "binary"
    assert "0.0 GB are there" in plan.reason


def test_a_small_change_links_what_is_large(world: World) -> None:
    world.add(200)
    before = world.index()
    old = inodes(world, before)
    number = world.add(10)
    world.bury(1, {5})
    after = world.index()
    new = inodes(world, after)
    assert [record.rows for record in segment_records(after.arms["dense"])] == [400, 20]
    linked = ["vectors/000001/vectors.f16", "vectors/000001/bits.u64", "centre.f32", "hnsw.bin", "hnsw.u64"]
    for name in (*(f"dense/{one}" for one in linked), "rows/000001/payloads.z"):
        assert new[name] == old[name]
        assert after.files[name] == before.files[name]
    assert np.fromfile(world.files(after).dead, dtype="<u8").tolist() == [(1 << 32) | 10, (1 << 32) | 11]
    assert world.structures().hnsw.tail == 20
    assert (np.fromfile(world.files(after).segment(2) / "labels.u64", dtype="<u8") >> np.uint64(32) == number).all()
    world.check()


def test_a_long_tail_extends_the_graph(world: World) -> None:
    world.add(200)
    world.index()
    world.add(30)
    record = world.index()
    assert world.structures().hnsw.tail == 0
    assert [segment.rows for segment in segment_records(record.arms["dense"])] == [400, 60]
    world.check()


def test_a_damaged_graph_is_not_extended_but_made_anew(world: World) -> None:
    world.add(200)
    path = world.files(world.index()).hnsw
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(bytes(data))
    with pytest.raises(DamagedError, match="SHA-256"):
        _ = world.structures().hnsw
    world.add(30)
    world.index()
    world.check()


def test_one_thread_makes_equal_generations(world: World, tmp_path: Path) -> None:
    other = World(Layout(tmp_path / "other"))
    other.layout.root.mkdir()
    for one in (world, other):
        one.add(200)
        one.index()
        one.add(30)
        one.bury(1, {1, 2, 3})
    first, second = world.index(), other.index()
    names = {name for name in first.files if not name.startswith("bm25/")}
    assert {"dense/hnsw.bin", "rows/000002/payloads.z"} <= names
    for name in names:
        assert first.files[name] == second.files[name]


def test_too_little_memory_leaves_the_graph_out_with_a_sentence(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embedctl.arms.dense.build.available_memory", lambda: 10_000_000)
    world.add(200)
    record = world.index()
    assert "dense/hnsw.bin" not in record.files
    assert "dense/centre.f32" in record.files
    ((kind, text),) = world.reporter.messages
    assert kind == "warning"
    assert "400 chunks, about 0.6 GB of memory, of which 0.0 GB" in text
    assert world.structures().choose(Plan("auto", ""), None, 100).name == "binary"
    world.check()


def test_what_a_build_takes_is_told_in_advance(world: World) -> None:
    world.add(200)
    world.index()
    assert world.reporter.messages == [("info", "Building the index: 400 chunks, about 0.6 GB of memory.")]


PLACES = {
    "bm25": "embedctl.arms.bm25.writer.Bm25Writer.add",
    "graph": "embedctl.arms.dense.build.write_graph",
    "rows": "embedctl.index.rows.payloads",
}


@pytest.mark.parametrize("side", PLACES)
def test_when_one_piece_fails_the_others_end_too(world: World, side: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world.add(200)

    def fail(*_: object) -> None:
        raise OSError(f"{side} failed")

    monkeypatch.setattr(PLACES[side], fail)
    with pytest.raises(OSError, match=f"{side} failed"):
        world.index()
    assert world.manifest.index is None


def test_an_interrupt_while_only_the_graph_is_left_ends_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.add(200)
    handed_over, waited_for = threading.Event(), []

    def slow(build: DenseBuild) -> None:
        handed_over.wait(20)
        for _ in range(1_000):
            build._work.advance(1)
            waited_for.append(1)
            time.sleep(0.01)

    def interrupt(*_: object, **__: object) -> None:
        handed_over.set()
        raise KeyboardInterrupt

    monkeypatch.setattr(DenseBuild, "write_graph", slow)
    monkeypatch.setattr("embedctl.index.build.wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        world.index()
    assert len(waited_for) < 1_000


def test_rebuilding_leaves_no_dead_row_anywhere(world: World) -> None:
    world.add(200)
    world.index()
    world.bury(1, {1})
    record = world.index(rebuild=True)
    assert [segment.rows for segment in segment_records(record.arms["dense"])] == [398]
    assert record.payloads is not None
    assert record.payloads.facts["segments"] == [[1, 398]]
    assert not np.fromfile(world.files(record).dead, dtype="<u8").size
    world.check()


def test_small_parts_become_parts_of_the_usual_size(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embedctl.stages.compact.PartLimits", lambda: PartLimits(documents=20))
    for _ in range(16):
        world.add(4)
    record = world.index()
    assert [part.documents.rows for part in record.parts] == [4, 20, 20, 20]
    assert record.rows == world.open().arm("bm25").rows == len(world.structures().segments) == 128
    known = {row.tobytes() for vectors in world.vectors[TEXT_FIELD].values() for row in vectors}
    (segment,) = world.structures().segments.segments
    assert {row.tobytes() for row in segment.vectors.astype(np.float32)} == known


def test_nothing_to_do_publishes_nothing(world: World) -> None:
    world.add(20)
    first = world.index()
    assert IndexChanges(world.layout, world.manifest).nothing
    assert world.index().generation == first.generation


def test_an_index_of_format_1_is_made_anew_from_the_same_parts(world: World) -> None:
    world.add(20)
    world.index()
    world.layout.manifest.write_text(json.dumps(as_format(1, world.layout.manifest.read_text())))
    manifest = world.manifest
    assert (manifest.format_version, manifest.index) == (1, None)
    assert [part.number for part in manifest.parts] == [1]
    with pytest.raises(NoStoreError, match="older embedctl") as raised:
        require_index(world.layout, manifest)
    assert "nothing is embedded again" in raised.value.hint
    world.index()
    assert world.manifest.format_version == FORMAT_VERSION
    world.check()


def test_a_graph_plan_without_work_takes_no_memory(world: World) -> None:
    world.add(200)
    world.index()
    messages = list(world.reporter.messages)
    world.add(5)
    world.index()
    assert world.reporter.messages == messages
    assert GraphPlan("keep", "").work == 0
