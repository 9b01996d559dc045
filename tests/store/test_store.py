"""The store on disk: commits, locks, garbage, damage."""

from __future__ import annotations

import json
import multiprocessing
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from embedctl.config import TEXT_FIELD, ChunkConfig, HnswConfig, RecordFields, StoreSettings, WalkRules
from embedctl.errors import DamagedError, LockedError, MismatchError, NoStoreError, ResourceError
from embedctl.records import Source
from embedctl.store.files import describe_file, read_columns, write_table
from embedctl.store.garbage import collect
from embedctl.store.layout import Layout, find_store, new_store, require_store
from embedctl.store.manifest import (
    FORMAT_VERSION,
    ArmRecord,
    EncoderRecord,
    FileRecord,
    FilesRecord,
    IndexRecord,
    Manifest,
    Part,
)
from embedctl.store.manifest_json import manifest_text, parse_manifest
from embedctl.store.writer import read_manifest, writing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HNSW = HnswConfig(8, 50, 60, "on", 1)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / ".embedctl")


def index_record(generation: int, parts: tuple[Part, ...], files: dict[str, FileRecord] | None = None) -> IndexRecord:
    settings = StoreSettings(language="german")
    arms = {
        "bm25": ArmRecord("bm25", None, "bm25", files or {}, 1),
        "dense": ArmRecord("dense", TEXT_FIELD, "dense", {}, 1, {"segments": [[3, 7]]}),
    }
    return IndexRecord(generation, settings, {TEXT_FIELD: EncoderRecord("m", "ef" * 8, 384)}, parts, arms, rows=1)


def full_manifest() -> Manifest:
    record = FileRecord(rows=3, bytes=10, sha256="ab" * 32, made_with="ef" * 8)
    part = Part(4, record, record, {TEXT_FIELD: record}, dead=(0, 2))
    return Manifest(
        settings=StoreSettings(ChunkConfig("window", 64, 8, False), "some/model", "german", HNSW),
        sources=(
            Source(
                "docs",
                "docs",
                WalkRules(include=("*.md",)),
                RecordFields(text="body"),
                only=("a.md",),
                forgotten=("7",),
            ),
        ),
        parts=(part,),
        files=FilesRecord(2, record, covers=4),
        encoders={TEXT_FIELD: EncoderRecord("some/model", "ef" * 8, 384)},
        index=index_record(3, (part,), {"meta.json": record}),
        next_part=5,
        next_generation=4,
        snapshot=9,
    )


def test_manifest_survives_its_own_json() -> None:
    manifest = full_manifest()
    assert parse_manifest(manifest_text(manifest), "manifest.json") == manifest
    assert parse_manifest(manifest_text(Manifest()), "manifest.json") == Manifest()


def test_manifest_of_a_newer_version_is_refused_politely() -> None:
    newer = json.dumps({**json.loads(manifest_text(Manifest())), "format_version": FORMAT_VERSION + 1, "new": 1})
    with pytest.raises(MismatchError, match="Upgrade embedctl"):
        parse_manifest(newer, "manifest.json")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"format_version": 1}', '{"format_version": "x"}'])
def test_damaged_manifest_is_named(text: str) -> None:
    with pytest.raises(DamagedError, match=r"manifest\.json"):
        parse_manifest(text, "manifest.json")


def test_dead_rows_accumulate_and_empty_parts_go() -> None:
    manifest = full_manifest().with_dead({4: {2}})
    assert manifest.parts[0].dead == (0, 2)
    assert full_manifest().with_dead({4: {1}}).parts == ()


def test_a_failed_commit_leaves_the_snapshot_and_ends_the_run(layout: Layout) -> None:
    with writing(layout, "test") as writer:
        before = writer.commit(replace(writer.manifest, next_part=2))
        gone = layout.documents(7)
        gone.parent.mkdir()
        with pytest.raises(FileNotFoundError) as caught:
            writer.commit(replace(writer.manifest, next_part=8), [gone])
        assert caught.value.filename == str(gone)
        assert writer.manifest == before
        with pytest.raises(ResourceError, match="a commit of it failed"):
            writer.commit(replace(writer.manifest, next_part=3))
    assert read_manifest(layout) == before
    with writing(layout, "test") as writer:
        writer.commit(replace(writer.manifest, next_part=3))
    assert (read_manifest(layout).next_part, read_manifest(layout).snapshot) == (3, 2)


def test_commit_counts_snapshots(layout: Layout) -> None:
    with writing(layout, "test") as writer:
        writer.commit(writer.manifest)
        writer.commit(writer.manifest)
    with writing(layout, "test") as writer:
        writer.commit(writer.manifest)
    assert read_manifest(layout).snapshot == 3


@pytest.fixture
def other_writer(layout: Layout) -> Iterator[None]:
    """Another process that holds the lock until the test is over."""
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    process = context.Process(target=hold_lock, args=(layout.root, ready, done))
    process.start()
    assert ready.wait(60)
    yield
    done.set()
    process.join()


def hold_lock(root: Path, ready: object, done: object) -> None:
    with writing(Layout(root), "embedctl index", 0.0):
        ready.set()  # type: ignore[attr-defined]
        done.wait()  # type: ignore[attr-defined]


@pytest.mark.usefixtures("other_writer")
def test_second_writer_learns_who_holds_the_lock(layout: Layout) -> None:
    with (
        pytest.raises(LockedError, match=r'"embedctl index", process \d+ on .+, since \d{4}-') as caught,
        writing(layout, "test"),
    ):
        pass
    assert caught.value.exit_code == 11
    assert "--wait" in caught.value.hint


def test_lock_is_free_after_a_failed_run(layout: Layout) -> None:
    with pytest.raises(RuntimeError), writing(layout, "test"):
        raise RuntimeError
    with writing(layout, "test") as writer:
        writer.commit(writer.manifest)
    assert not (layout.root / "lock.json").exists()


def test_garbage_is_what_no_manifest_names(layout: Layout) -> None:
    table = pa.table({"a": [1]})
    for number in (1, 2):
        write_table(layout.documents(number), table)
        write_table(layout.embeddings("e", number), table)
        layout.generation(number).mkdir(parents=True)
    record = describe_file(layout.documents(2), 1)
    part = Part(2, record, record, {TEXT_FIELD: replace(record, made_with="e")})
    manifest = Manifest(parts=(part,), index=index_record(2, (part,)))
    collect(layout, manifest)
    left = {path.relative_to(layout.root).as_posix() for path in layout.root.rglob("*") if path.name.startswith("0")}
    assert left == {"documents/000002.parquet", "embeddings/e/000002.parquet", "index/000002"}


def test_a_part_that_only_the_index_serves_is_kept(layout: Layout) -> None:
    write_table(layout.documents(1), pa.table({"a": [1]}))
    part = Part(1, describe_file(layout.documents(1), 1))
    collect(layout, Manifest(parts=(), index=index_record(1, (part,))))
    assert layout.documents(1).exists()


@pytest.mark.parametrize("harm", ["flip", "truncate", "remove", "other_rows"])
def test_damaged_parquet_is_named_never_believed(tmp_path: Path, harm: str) -> None:
    path = tmp_path / "part.parquet"
    table = pa.table({"text": [f"row {number} of the table" for number in range(500)]})
    record = write_table(path, table)
    data = bytearray(path.read_bytes())
    if harm == "flip":
        data[200] ^= 0x10
        path.write_bytes(data)
    elif harm == "truncate":
        path.write_bytes(data[:-40])
    elif harm == "remove":
        path.unlink()
    else:
        record = replace(record, rows=499)
    with pytest.raises(DamagedError, match=r"part\.parquet"):
        read_columns(path, record, ["text"])


def test_store_is_found_by_walking_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EMBEDCTL_STORE", raising=False)
    layout = Layout(tmp_path / ".embedctl")
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert find_store() is None
    assert new_store().root == deep / ".embedctl"
    with pytest.raises(NoStoreError, match="embedctl index"):
        require_store()
    with writing(layout, "test") as writer:
        writer.commit(writer.manifest)
    assert require_store().root == layout.root
    monkeypatch.setenv("EMBEDCTL_STORE", str(tmp_path / "elsewhere"))
    assert find_store() is None
    assert require_store(layout.root).root == layout.root


def test_an_index_may_serve_a_part_as_it_was() -> None:
    manifest = full_manifest()
    assert manifest.index is not None
    served = tuple(replace(part, dead=()) for part in manifest.index.parts)
    changed = replace(manifest, index=replace(manifest.index, parts=served))
    again = parse_manifest(manifest_text(changed), "manifest.json")
    assert again == changed
    assert [part.dead for part in again.parts] == [part.dead for part in manifest.parts]
