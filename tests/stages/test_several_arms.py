"""A store with BM25 and two dense arms over two fields: built, extended, pruned, rebuilt, damaged in one arm."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from damage import flip, garbage, remove, truncate
from index_world import DIM, LIMITS, MADE_WITH, Heard, World

from embedctl.config import TEXT_FIELD
from embedctl.doctor.examine import DoctorRequest, examine
from embedctl.doctor.findings import DoctorReport, RepairPlan
from embedctl.labels import label
from embedctl.store.files import describe_file
from embedctl.store.layout import Layout
from embedctl.store.manifest import EncoderRecord, IndexRecord
from embedctl.store.writer import writing

OTHER = "hash"
ENCODERS = {
    TEXT_FIELD: EncoderRecord("none", MADE_WITH, DIM),
    OTHER: EncoderRecord("other", "fedcba9876543210", DIM // 2),
}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("embedctl.config.limits.INDEX", LIMITS)
    layout = Layout(tmp_path / ".embedctl")
    layout.root.mkdir(mode=0o700)
    return World(layout, ENCODERS)


def look(world: World, deep: bool = True) -> DoctorReport:
    return examine(world.layout, world.manifest, DoctorRequest(deep=deep), Heard())


def damage(report: DoctorReport) -> list[tuple[str, str | None]]:
    return [(one.kind, one.file) for one in report.damage]


def inodes(world: World, record: IndexRecord, piece: str) -> dict[str, int]:
    root = world.root(record)
    return {name: (root / name).stat().st_ino for name in record.files if name.startswith(f"{piece}/")}


def test_every_arm_answers_from_its_own_field_through_a_life(world: World) -> None:
    for step in range(5):
        number = world.add(60)
        world.index()
        if step in (2, 4):
            world.bury(number, {3, 7, 59})
            world.bury(number - 1, {0})
            world.index()
        world.check()
    record = world.index(rebuild=True)
    assert {name: one.rows for name, one in record.arms.items()} == dict.fromkeys(("bm25", "dense", OTHER), 600 - 16)
    assert {record.arms[name].field for name in ("dense", OTHER)} == {TEXT_FIELD, OTHER}
    assert {"dense/hnsw.bin", "hash/hnsw.bin", "hash/centre.f32"} <= record.files.keys()
    world.check()
    assert damage(look(world)) == []


def test_a_small_change_extends_every_arm(world: World) -> None:
    world.add(200)
    before = world.index()
    old = {name: inodes(world, before, name) for name in ("dense", OTHER)}
    world.add(10)
    after = world.index()
    for name in ("dense", OTHER):
        new = inodes(world, after, name)
        for file in ("vectors/000001/vectors.f16", "vectors/000001/bits.u64", "centre.f32", "hnsw.bin"):
            assert new[f"{name}/{file}"] == old[name][f"{name}/{file}"]
    world.check()


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        ("hash/hnsw.bin", flip),
        ("hash/vectors/000001/vectors.f16", garbage),
        ("hash/vectors/000001/bits.u64", flip),
        ("hash/dead.u64", truncate),
        ("rows/000001/payloads.z", flip),
        ("rows/000001/labels.u64", remove),
    ],
)
def test_damage_in_one_piece_is_found_there_and_ends_with_a_rebuild(world: World, name: str, harm: object) -> None:
    world.add(200)
    world.index()
    world.bury(1, {5})
    record = world.index()
    path = world.root(record) / name
    harm(path)  # type: ignore[operator]
    report = look(world)
    assert damage(report) == [("index", path.relative_to(world.layout.root).as_posix())]
    plan = RepairPlan.of(report, world.manifest)
    assert plan.index
    assert not plan.parts
    world.check()  # answers come from what is sound, and from the parts
    world.index()
    assert any("rebuilt from the parts" in text for _, text in world.reporter.messages)
    assert damage(look(world)) == []
    world.check()


def resealed(world: World, name: str) -> None:
    """Let the manifest say of a file, which was changed, what it is now: only its contents give it away."""
    piece, _, file = name.partition("/")
    with writing(world.layout, "test") as writer:
        index = writer.manifest.index
        assert index is not None
        told = describe_file(world.root(index) / name)
        if piece == "rows":
            assert index.payloads is not None
            index = replace(index, payloads=replace(index.payloads, files={**index.payloads.files, file: told}))
        else:
            arm = replace(index.arms[piece], files={**index.arms[piece].files, file: told})
            index = replace(index, arms={**index.arms, piece: arm})
        writer.commit(replace(writer.manifest, index=index))


def swap(path: Path, kind: str, shape: tuple[int, ...]) -> None:
    values = np.fromfile(path, dtype=kind).reshape(shape)
    values[[0, 1]] = values[[1, 0]]
    values.tofile(path)


def test_contents_are_compared_with_the_parts_whatever_the_checksums_say(world: World) -> None:
    world.add(200)
    record = world.index()
    for name, kind, shape, sentence in (
        ("hash/vectors/000001/vectors.f16", "<f2", (-1, DIM // 2), "hold other vectors than part 1"),
        ("hash/vectors/000001/bits.u64", "<u8", (-1,), "not the signs of the vectors"),
        ("rows/000001/documents.u64", "<u8", (-1, 2), "rows of other documents"),
    ):
        path = world.root(record) / name
        kept = path.read_bytes()
        swap(path, kind, shape)
        resealed(world, name)
        report = look(world)
        assert any(sentence in one.message for one in report.damage), report.damage
        assert {str(one.file).split("/")[2] for one in report.damage} == {name.split("/")[0]}
        path.write_bytes(kept)
        resealed(world, name)
    assert damage(look(world)) == []


def test_rows_of_the_wrong_part_are_named(world: World) -> None:
    world.add(200)
    record = world.index()
    path = world.root(record) / "rows/000001/labels.u64"
    values = np.fromfile(path, dtype="<u8")
    values[-1] = label(7, 0)
    values.tofile(path)
    resealed(world, "rows/000001/labels.u64")
    (finding,) = look(world).damage
    assert "lack 1 of 400 labels" in finding.message
    assert finding.file == "index/000001/rows"


def test_an_arm_of_a_kind_that_is_not_installed_has_its_files_checked(world: World) -> None:
    world.add(200)
    record = world.index()
    with writing(world.layout, "test") as writer:
        index = writer.manifest.index
        assert index is not None
        arms = {**index.arms, OTHER: replace(index.arms[OTHER], kind="colbert", facts={})}
        writer.commit(replace(writer.manifest, index=replace(index, arms=arms)))
    report = look(world)
    (finding,) = [one for one in report.findings if one.kind == "index"]
    assert finding.severity == "warning"
    assert 'There is no kind of arm called "colbert"' in finding.message
    flip(world.root(record) / "hash/vectors/000001/vectors.f16")
    assert damage(look(world)) == [("index", "index/000001/hash/vectors/000001/vectors.f16")]
