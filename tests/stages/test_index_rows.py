"""Documents and payloads by label: merged with the parts they come from, read back, and refused where damaged."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from index_world import LIMITS, World

from embedctl.arms.kind import ExtraRows, Opening, TextRow
from embedctl.errors import DamagedError
from embedctl.index.open import Index
from embedctl.index.rows import BLOCK, ROWS, Rows, shown
from embedctl.labels import label, labels
from embedctl.store.files import describe_file
from embedctl.store.layout import Layout
from embedctl.store.manifest import IndexRecord
from embedctl.store.piece import Piece
from embedctl.store.segments import segment_records


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("embedctl.config.limits.INDEX", LIMITS)
    layout = Layout(tmp_path / ".embedctl")
    layout.root.mkdir()
    return World(layout)


def segments(record: IndexRecord) -> list[tuple[int, int]]:
    assert record.payloads is not None
    return segment_records(record.payloads, "rows")


def held(world: World, record: IndexRecord) -> list[int]:
    """Return all labels on disk, dead ones included."""
    files = sorted(world.root(record).glob("rows/*/labels.u64"))
    return sorted(np.concatenate([np.fromfile(file, "<u8") for file in files]).tolist())


def every(world: World) -> np.ndarray:
    return np.concatenate([labels(number, np.array(world.live(number), dtype=np.int64)) for number in world.dead])


def test_rows_come_back_in_the_order_in_which_they_are_asked_for(world: World) -> None:
    world.add(50)
    world.add(3)
    world.index()
    world.add(40)
    world.index()
    wanted = np.random.default_rng(2).permutation(every(world))[:70]
    wanted = np.concatenate([wanted, wanted[:5]])
    rows = world.open().rows
    found = shown(rows, wanted)
    assert [one["text"] for one in found] == [f"chunk {at & 0xFFFF} of part {at >> 32}" for at in wanted.tolist()]
    assert [one["path"] for one in found] == [f"{at >> 32}-{(at & 0xFFFF) // 2}" for at in wanted.tolist()]
    assert [one["metadata"] for one in found] == [{"part": at >> 32} for at in wanted.tolist()]
    assert rows.documents(wanted).tolist() == [label(at >> 32, (at & 0xFFFF) // 2) for at in wanted.tolist()]
    none = np.empty(0, dtype=np.uint64)
    assert (rows.payloads(none), len(rows.documents(none))) == ([], 0)


@pytest.mark.parametrize("documents", [1, BLOCK // 2 - 1, BLOCK // 2, BLOCK // 2 + 1, 3 * BLOCK])
def test_the_last_block_may_be_short(world: World, documents: int) -> None:
    world.add(documents)
    assert segments(world.index()) == [(1, 2 * documents)]
    world.check()


def test_small_additions_are_merged_and_large_segments_linked(world: World) -> None:
    world.add(100)
    first = world.index()
    inode = (world.root(first) / "rows/000001/payloads.z").stat().st_ino
    world.add(10)
    second = world.index()
    assert segments(second) == [(1, 200), (2, 20)]
    assert (world.root(second) / "rows/000001/payloads.z").stat().st_ino == inode
    world.add(10)
    third = world.index()
    assert segments(third) == [(1, 200), (3, 40)]
    world.check()
    world.add(100)
    assert segments(world.index()) == [(4, 440)]
    world.check()


def test_dead_rows_stay_until_their_segment_is_merged(world: World) -> None:
    world.add(100)
    world.index()
    world.bury(1, {0, 1})
    record = world.index()
    assert segments(record) == [(1, 200)]
    assert label(1, 0) in held(world, record)
    assert record.rows == 196
    world.check()
    world.bury(1, set(range(2, 24)))
    world.add(40)
    record = world.index()
    assert segments(record) == [(2, 232)]
    assert held(world, record) == every(world).tolist()
    world.check()


def test_a_part_that_goes_takes_its_rows_along(world: World) -> None:
    world.add(20)
    world.add(20)
    world.index()
    world.bury(1, set(range(20)))
    del world.dead[1]
    record = world.index()
    assert held(world, record) == every(world).tolist()
    assert segments(record) == [(2, 40)]


def test_an_index_without_rows_has_no_segment(world: World) -> None:
    world.add(4)
    world.index()
    world.bury(1, {0, 1, 2, 3})
    record = world.index()
    assert (segments(record), record.rows) == ([], 0)
    with pytest.raises(DamagedError, match="lack 1 of 1 labels"):
        world.open().rows.payloads(labels(1, np.array([0])))


def test_unknown_labels_are_named_by_their_number(world: World) -> None:
    world.add(10)
    world.index()
    rows = world.open().rows
    wanted = np.array([label(1, 3), label(1, 20), label(0, 3), label(9, 0)], dtype=np.uint64)
    for read in (rows.payloads, rows.documents):
        with pytest.raises(DamagedError, match="lack 3 of 4 labels"):
            read(wanted)


def opened(world: World) -> Rows:
    """Open the rows without comparing checksums, as long as lengths are right: the damage is older than them."""
    record = world.manifest.index
    assert record is not None
    assert record.payloads is not None
    root = world.root(record)
    files = {name: describe_file(root / "rows" / name) for name in record.payloads.files}
    return ROWS.open(Piece(root, replace(record.payloads, files=files), {}, ""), Opening(world.settings))


def test_blocks_that_are_not_what_was_written_are_refused(world: World) -> None:
    world.add(50)
    record = world.index()
    folder = world.root(record) / "rows/000001"
    payloads, blocks = folder / "payloads.z", folder / "blocks.u64"
    ends, data = np.fromfile(blocks, "<u8"), payloads.read_bytes()
    first, second = labels(1, np.array([0])), labels(1, np.array([BLOCK]))

    payloads.write_bytes(b"\xff" * int(ends[0]) + data[int(ends[0]) :])
    rows = opened(world)
    with pytest.raises(DamagedError, match="cannot be read"):
        rows.payloads(first)
    assert json.loads(rows.payloads(second)[0])["text"] == f"chunk {BLOCK} of part 1"

    short = zlib.compress(b"{}\n{}")
    payloads.write_bytes(short + data[int(ends[0]) :])
    (ends + np.uint64(len(short)) - ends[0]).astype("<u8").tofile(blocks)
    with pytest.raises(DamagedError, match="not those of its labels"):
        opened(world).payloads(first)

    for wrong in (ends[::-1], ends - np.uint64(1), np.concatenate([ends[:1], ends[:-1]])):
        wrong.astype("<u8").tofile(blocks)
        with pytest.raises(DamagedError, match="does not describe the payloads"):
            opened(world)


@pytest.mark.parametrize("payload", ["", "[]", "{}", '{"text": 3}', "not JSON", "[" * 100_000])
def test_a_payload_that_does_not_say_what_it_shows_is_refused(payload: str) -> None:
    class One:
        def documents(self, labels: np.ndarray) -> np.ndarray:
            return labels

        def payloads(self, labels: np.ndarray) -> list[str]:
            return [payload for _ in labels]

    with pytest.raises(DamagedError, match="does not say what it shows"):
        shown(One(), labels(1, np.array([0])))


def test_rows_of_a_session_are_found_beside_those_of_the_index(world: World) -> None:
    world.add(30)
    record = world.index()
    own = [label(500, 2), label(500, 7)]
    texts = [TextRow(one, label(1, 4), f"text {one}", "", (), "p") for one in own]
    extra = ExtraRows(tuple(texts), {"text": np.eye(2, 32, dtype=np.float32)}, ('{"a": 1}', '{"a": 2}'))
    index = Index(world.layout, record, extra)
    wanted = np.array([own[1], label(1, 9), own[0]], dtype=np.uint64)
    found = index.rows.payloads(wanted)
    assert (found[0], found[2]) == ('{"a": 2}', '{"a": 1}')
    assert json.loads(found[1])["text"] == "chunk 9 of part 1"
    assert index.rows.documents(wanted).tolist() == [label(1, 4), label(1, 4), label(1, 4)]
    assert index.rows_count == 62
    with pytest.raises(DamagedError, match="lack 1 of 2 labels"):
        index.rows.payloads(np.array([own[0], label(500, 3)], dtype=np.uint64))
