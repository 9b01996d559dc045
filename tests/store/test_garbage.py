"""What is removed, what is left alone, and that nothing outside a store is."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from embedctl.errors import DamagedError
from embedctl.store.files import write_table
from embedctl.store.garbage import collect, missing, named_files, referenced
from embedctl.store.layout import FOLDERS, Layout
from embedctl.store.manifest import FileRecord, Manifest, Part, StudentRecord
from embedctl.store.writer import writing

TABLE = pa.table({"text": ["a"]})


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "project" / ".embedctl")
    with writing(layout, "test") as writer:
        record = write_table(layout.documents(1), TABLE)
        writer.commit(writer.manifest.with_part(Part(1, record)), [layout.documents(1)])
    return layout


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    (folder / "deep").mkdir(parents=True)
    (folder / "000009.parquet").write_text("mine")
    (folder / "deep" / "file").write_text("mine")
    return folder


def whole(folder: Path) -> bool:
    return {path.name for path in folder.rglob("*")} == {"000009.parquet", "deep", "file"}


def clean(layout: Layout) -> None:
    with writing(layout, "test"):
        pass


def test_links_are_removed_and_never_followed(layout: Layout, outside: Path) -> None:
    (layout.root / "documents" / "000009.parquet").symlink_to(outside / "000009.parquet")
    (layout.root / "documents" / "folder").symlink_to(outside, target_is_directory=True)
    layout.generation(4).mkdir(parents=True)
    (layout.generation(4) / "bm25").symlink_to(outside, target_is_directory=True)
    clean(layout)
    assert whole(outside)
    assert [path.name for path in (layout.root / "documents").iterdir()] == ["000001.parquet"]
    assert not layout.generation(4).exists()


@pytest.mark.parametrize("name", [*FOLDERS, "embeddings/abababababababab"])
def test_a_folder_that_is_a_link_stops_the_writer(layout: Layout, outside: Path, name: str) -> None:
    folder = layout.root / name
    folder.parent.mkdir(exist_ok=True)
    if folder.exists():
        folder.rename(layout.base / "moved")
    folder.symlink_to(outside, target_is_directory=True)
    with pytest.raises(DamagedError, match=f"{name} is a symbolic link"), writing(layout, "test"):
        pass
    with pytest.raises(DamagedError, match=f"{name} is a symbolic link"):
        collect(layout, Manifest())
    assert whole(outside)


def test_what_others_put_there_is_left_alone(layout: Layout) -> None:
    (layout.root / "notes.txt").write_text("mine")
    (layout.root / "notes").mkdir()
    (layout.root / "notes" / "a.tmp").write_text("mine")
    (layout.root / "b.tmp").write_text("mine")
    layout.runs.mkdir()
    (layout.runs / "000001-index.json").write_text("{}")
    clean(layout)
    assert all(
        (layout.root / name).exists() for name in ("notes.txt", "notes/a.tmp", "b.tmp", "runs/000001-index.json")
    )


def test_what_killed_runs_left_half_is_gone_after_the_next(layout: Layout) -> None:
    left = ["manifest.json.tmp", "manifest.backup.json.tmp", "lock.json", "lock.json.tmp", ".gitignore.tmp"]
    left += [
        "documents/000002.parquet.tmp",
        "runs/000001-index.tmp",
        "students/.new/model.safetensors",
        "index/000009/x",
    ]
    for name in left:
        path = layout.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("half")
    os.mkfifo(layout.root / "chunks.tmp")  # of somebody else
    clean(layout)
    assert [name for name in left if (layout.root / name).exists()] == []
    assert (layout.root / "chunks.tmp").exists()


def test_nothing_is_removed_from_a_store_whose_manifest_is_damaged(layout: Layout) -> None:
    for text in (layout.manifest.read_text()[:-9], ""):
        layout.manifest.write_text(text)
        with pytest.raises(DamagedError), writing(layout, "test"):
            pass
        assert layout.documents(1).exists()


def test_files_that_a_manifest_names_and_that_are_not_there(layout: Layout) -> None:
    record = FileRecord(0, 3, "ab" * 32)
    student = StudentRecord("cd" * 8, "m", "ef" * 8, 4, 1, 0, 0.0, {"config.json": record, "model.safetensors": record})
    part = Part(1, replace(record, bytes=layout.documents(1).stat().st_size))
    manifest = Manifest(parts=(part,), student=student, next_part=2)
    folder = layout.student("cd" * 8)
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("abc")
    (folder / "model.safetensors").symlink_to("config.json")
    assert missing(layout, manifest) == [folder / "model.safetensors"]
    assert set(named_files(layout, manifest)) == {layout.documents(1), *(folder / name for name in student.files)}
    assert referenced(layout, manifest) == {layout.documents(1), folder}
