"""Generations over ready-made vectors: what is linked, merged and written, and that every plan still answers right."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from embedctl.index.dense_arm import DenseArm
from older_formats import as_format

from embedctl.arms.dense.build import VectorBuild
from embedctl.arms.dense.hnsw_writer import GraphPlan
from embedctl.config import TEXT_FIELD, HnswConfig, IndexLimits, PartLimits, StoreSettings
from embedctl.errors import DamagedError, NoStoreError
from embedctl.index.open import Generation, require_index
from embedctl.query.filters import LabelSet
from embedctl.records import Chunk, Document
from embedctl.reporters.silent import SilentReporter
from embedctl.stages import index as index_module
from embedctl.stages.index import IndexChange, index
from embedctl.stages.report import RunReport
from embedctl.store.layout import GenerationLayout, Layout
from embedctl.store.manifest import FORMAT_VERSION, EncoderRecord, IndexRecord, Manifest, Part
from embedctl.store.parts import write_chunks, write_documents, write_embeddings
from embedctl.store.writer import read_manifest, writing

DIM = 32
MADE_WITH = "0123456789abcdef"
LIMITS = IndexLimits(
    flat_rows=300, graph_tail_rows=50, graph_tail_share=0.0, gathered_rows=20, graph_after=3, rescored_least=50
)


class Told(SilentReporter):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []

    def message(self, kind: str, text: str) -> None:
        self.messages.append((kind, text))


@dataclass
class World:
    """A store that is filled by hand, and what it ought to know."""

    layout: Layout
    reporter: Told = field(default_factory=Told)
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))
    vectors: dict[int, np.ndarray] = field(default_factory=dict)
    dead: dict[int, set[int]] = field(default_factory=dict)

    def add(self, documents: int) -> int:
        """Add a part: two chunks a document."""
        with writing(self.layout, "test") as writer:
            manifest = writer.manifest
            number, rows = manifest.next_part, range(2 * documents)
            record = write_documents(self.layout, number, [_document(number, row) for row in range(documents)])
            chunks = write_chunks(self.layout, number, [_chunk(number, row) for row in rows], MADE_WITH)
            vectors = self.rng.normal(size=(len(rows), DIM)) + 0.5
            vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
            ids = pa.chunked_array([[_chunk(number, row).chunk_id for row in rows]], pa.string())
            embeddings = write_embeddings(self.layout, number, ids, vectors, MADE_WITH)
            settings = StoreSettings(hnsw=HnswConfig(threads=1))
            manifest = replace(
                manifest, settings=settings, encoders={TEXT_FIELD: EncoderRecord("none", MADE_WITH, DIM)}
            )
            writer.commit(manifest.with_part(Part(number, record, chunks, {TEXT_FIELD: embeddings})))
        self.vectors[number], self.dead[number] = vectors.astype(np.float16).astype(np.float32), set()
        return number

    def bury(self, number: int, documents: set[int]) -> None:
        with writing(self.layout, "test") as writer:
            writer.commit(writer.manifest.with_dead({number: documents}))
        self.dead[number] |= documents

    def index(self, rebuild: bool = False) -> IndexRecord:
        with writing(self.layout, "test") as writer:
            index(writer, self.reporter, RunReport("index"), rebuild)
        return require_index(self.layout, read_manifest(self.layout))

    @property
    def manifest(self) -> Manifest:
        return read_manifest(self.layout)

    def files(self, record: IndexRecord) -> GenerationLayout:
        return GenerationLayout(self.layout.generation(record.generation))

    def generation(self) -> Generation:
        return Generation(self.layout, require_index(self.layout, self.manifest))

    def best(self, vector: np.ndarray, k: int, allowed: np.ndarray | None = None) -> list[int]:
        labels, scores = [], []
        for number, vectors in self.vectors.items():
            live = [row for row in range(len(vectors)) if row // 2 not in self.dead[number]]
            labels.append((np.uint64(number) << np.uint64(32)) | np.array(live, dtype=np.uint64))
            scores.append(np.einsum("ij,j->i", vectors[live].astype(float), vector.astype(float)).astype(np.float32))
        label, score = np.concatenate(labels), np.concatenate(scores)
        if allowed is not None:
            keep = np.isin(label, allowed)
            label, score = label[keep], score[keep]
        return list(label[np.lexsort((label, -score))][:k].tolist())

    def check(self) -> None:
        """Every plan answers with the live rows, alone and in batches, filtered and not."""
        generation = self.generation()
        arm = DenseArm(generation)
        queries = self.rng.normal(size=(6, DIM)).astype(np.float32)
        queries /= np.linalg.norm(queries, axis=1, keepdims=True)
        some = np.array(self.best(queries[0], 10**6)[::3], dtype=np.uint64)
        for allowed in (None, LabelSet(some)):
            for wanted in ("auto", "flat", "binary", "hnsw"):
                plan = arm.plan(wanted, allowed)
                batch = arm.search_batch(plan, queries, 10, allowed)
                hits = 0
                for query, batched in zip(queries, batch, strict=True):
                    ranking = arm.search(plan, query, 10, allowed)
                    assert ranking.labels.tolist() == batched.labels.tolist()
                    expected = self.best(query, 10, None if allowed is None else some)
                    assert len(ranking.labels) == len(expected)
                    hits += len(set(ranking.labels.tolist()) & set(expected))
                    np.testing.assert_array_equal(arm.cosine(query, ranking.labels), ranking.scores)
                assert hits >= {"flat": 60, "hnsw": 57, "binary": 48}[plan.name]
        assert len(generation.bm25) == generation.rows == len(self.best(queries[0], 10**6))


def _document(part: int, row: int) -> Document:
    text = f"document {row} of part {part}"
    return Document(
        doc_id=f"{part}-{row}",
        source="made",
        path=f"{part}-{row}",
        record=None,
        title=None,
        text=text,
        media_type="text/plain",
        markup="plain",
        language=None,
        encoding="utf-8",
        pages=(),
        body_start=0,
        mtime_us=1,
        size=len(text),
        sha256=hashlib.sha256(text.encode()).digest(),
        metadata=json.dumps({"part": part}),
    )


def _chunk(part: int, row: int) -> Chunk:
    text = f"chunk {row} of part {part}"
    return Chunk(
        chunk_id=f"made:{part}-{row // 2}#{row % 2}",
        doc_id=f"{part}-{row // 2}",
        doc_row=row // 2,
        ordinal=row % 2,
        start=0,
        end=len(text),
        start_line=1,
        end_line=1,
        page=None,
        heading=(),
        context="",
        text=text,
        sha256=hashlib.sha256(text.encode()).digest(),
        tokens=8,
    )


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("embedctl.config.limits.INDEX", LIMITS)
    layout = Layout(tmp_path / ".embedctl")
    layout.root.mkdir()
    return World(layout)


def inodes(world: World, record: IndexRecord) -> dict[str, int]:
    root = world.files(record).root
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
    assert not {"centre.f32", "hnsw.bin"} & record.files.keys()
    world.check()


def test_small_indexes_have_neither_bits_nor_graph_and_say_so(world: World) -> None:
    world.add(40)
    record = world.index()
    assert {name for name in record.files if not name.startswith("bm25/")} == {
        "dead.u64",
        "vectors/000001/labels.u64",
        "vectors/000001/vectors.f16",
    }
    arm = DenseArm(world.generation())
    for wanted, lacks in (("hnsw", "no graph"), ("binary", "no bits")):
        plan = arm.plan(wanted, None)
        assert plan.name == "flat"
        assert lacks in plan.reason


def test_plans_follow_size_filter_and_number_of_queries(world: World) -> None:
    world.add(200)
    world.index()
    arm = DenseArm(world.generation())
    every = np.concatenate([segment.labels for segment in world.generation().segments.segments])
    assert arm.plan("auto", None).name == "binary"
    assert arm.plan("auto", LabelSet(every[:20])).name == "flat"
    assert arm.plan("auto", LabelSet(every[:21])).name == "binary"
    assert arm.plan("auto", None, queries=3).name == "binary"
    assert arm.plan("auto", None, queries=4).name == "hnsw"
    arm.answered(3)
    plan = arm.plan("auto", None)
    assert plan.name == "hnsw"
    arm.search(plan, np.eye(DIM, dtype=np.float32)[0], 5, None)
    assert arm.plan("auto", None).reason == "the graph is loaded"
    assert arm.cost(plan, 500) == (0, 0, 500, 500)
    narrow = arm.plan("hnsw", None, ef=7)
    assert (arm.cost(narrow, 5).ef, arm.cost(narrow, 9).ef, arm.cost(plan, 5).ef) == (7, 9, HnswConfig().ef)
    binary = arm.cost(arm.plan("binary", None), 1)
    assert (binary.scanned, binary.rescored) == (400, 50)
    assert arm.cost(arm.plan("flat", None), 10).bytes == 400 * DIM * 2


def test_a_graph_that_does_not_fit_into_memory_is_not_loaded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.add(200)
    world.index()
    monkeypatch.setattr("embedctl.index.dense_arm.available_memory", lambda: 1_000)
    plan = DenseArm(world.generation()).plan("auto", None, queries=1_000)
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
    assert [record.rows for record in after.segments] == [400, 20]
    for name in ("vectors/000001/vectors.f16", "vectors/000001/bits.u64", "centre.f32", "hnsw.bin", "hnsw.u64"):
        assert new[name] == old[name]
        assert after.files[name] == before.files[name]
    assert np.fromfile(world.files(after).dead, dtype="<u8").tolist() == [(1 << 32) | 10, (1 << 32) | 11]
    assert world.generation().hnsw().tail == 20
    assert (np.fromfile(world.files(after).segment(2) / "labels.u64", dtype="<u8") >> np.uint64(32) == number).all()
    world.check()


def test_a_long_tail_extends_the_graph(world: World) -> None:
    world.add(200)
    world.index()
    world.add(30)
    record = world.index()
    assert world.generation().hnsw().tail == 0
    assert [segment.rows for segment in record.segments] == [400, 60]
    world.check()


def test_a_damaged_graph_is_not_extended_but_made_anew(world: World) -> None:
    world.add(200)
    path = world.files(world.index()).hnsw
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(bytes(data))
    with pytest.raises(DamagedError, match="SHA-256"):
        world.generation().hnsw()
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
    assert "hnsw.bin" in names
    for name in names:
        assert first.files[name] == second.files[name]


def test_too_little_memory_leaves_the_graph_out_with_a_sentence(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "available_memory", lambda: 10_000_000)
    world.add(200)
    record = world.index()
    assert "hnsw.bin" not in record.files
    assert "centre.f32" in record.files
    ((kind, text),) = world.reporter.messages
    assert kind == "warning"
    assert "400 chunks, about 0.6 GB of memory, of which 0.0 GB" in text
    assert DenseArm(world.generation()).plan("auto", None, queries=100).name == "binary"
    world.check()


def test_what_a_build_takes_is_told_in_advance(world: World) -> None:
    world.add(200)
    world.index()
    assert world.reporter.messages == [("info", "Building both indexes: 400 chunks, about 0.6 GB of memory.")]


@pytest.mark.parametrize("side", ["bm25", "graph"])
def test_when_one_side_fails_the_other_ends_too(world: World, side: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world.add(200)
    if side == "bm25":

        def fail(*_: object) -> None:
            raise OSError("bm25 failed")

        monkeypatch.setattr("embedctl.arms.bm25.writer.Bm25Writer.add", fail)
    else:

        def fail(*_: object) -> None:
            raise OSError("graph failed")

        monkeypatch.setattr("embedctl.arms.dense.build.write_graph", fail)
    with pytest.raises(OSError, match=f"{side} failed"):
        world.index()
    assert world.manifest.index is None


def test_an_interrupt_while_only_the_graph_is_left_ends_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.add(200)
    handed_over, waited_for = threading.Event(), []

    def slow(build: VectorBuild, plan: GraphPlan, config: HnswConfig, advance: Callable[[int], None]) -> None:
        handed_over.wait(20)
        for _ in range(1_000):
            advance(1)
            waited_for.append(1)
            time.sleep(0.01)

    def interrupt(*_: object) -> None:
        handed_over.set()
        raise KeyboardInterrupt

    monkeypatch.setattr("embedctl.arms.dense.build.VectorBuild.write_graph", slow)
    monkeypatch.setattr("concurrent.futures.Future.result", interrupt)
    with pytest.raises(KeyboardInterrupt):
        world.index()
    assert len(waited_for) < 1_000


def test_rebuilding_leaves_no_dead_row_anywhere(world: World) -> None:
    world.add(200)
    world.index()
    world.bury(1, {1})
    record = world.index(rebuild=True)
    assert [segment.rows for segment in record.segments] == [398]
    assert not np.fromfile(world.files(record).dead, dtype="<u8").size
    world.check()


def test_small_parts_become_parts_of_the_usual_size(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embedctl.stages.compact.PartLimits", lambda: PartLimits(documents=20))
    for _ in range(16):
        world.add(4)
    record = world.index()
    assert [part.documents.rows for part in record.parts] == [4, 20, 20, 20]
    assert record.rows == len(world.generation().bm25) == len(world.generation().segments) == 128
    known = {vectors[row].tobytes() for vectors in world.vectors.values() for row in range(len(vectors))}
    (segment,) = world.generation().segments.segments
    assert {row.tobytes() for row in segment.vectors.astype(np.float32)} == known


def test_nothing_to_do_publishes_nothing(world: World) -> None:
    world.add(20)
    first = world.index()
    assert IndexChange(world.manifest).nothing
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
