"""Stores that older embedctls made: opened, answered from, and brought up to date without embedding anything again.

``README.md`` says how each was made.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import stat
from pathlib import Path
from typing import Any

import format_recipe
import numpy as np
import pyarrow.parquet as pq
import pytest

import embedctl
from embedctl.arms.bm25.arm import StoredRows
from embedctl.errors import MismatchError, NoStoreError
from embedctl.store.garbage import missing
from embedctl.store.layout import Layout
from embedctl.store.manifest import FORMAT_VERSION, INDEX_SINCE
from embedctl.store.writer import read_manifest

FOLDER = Path(__file__).parent
ARCHIVES = {
    1: "a783a9476ef0caf4654cad30e3cc6da48b60ac0d61bcb44df36dd291727f637b",
    2: "6d5a22feb4fe68a1c9c4cd935e3333860cb3904afd03cdc557fe91589aa2bbd0",
    3: "46e7afff5c4f732a2f6ed66dcdfa8563f96e41bf0f713b6929874557faa83133",
    4: "b41bfd045fb7e948a01769425c318aeb3973739751ad0ba623240d4c503c8b17",
}
"""SHA-256 of each: what a released embedctl wrote does not change any more."""
ARMS_SINCE = 4
"""Format in which the index has a folder for each arm, and the rows have their own."""
FRONT_MATTER_SINCE = 4
"""Format since which front matter is part of the first chunk, so that one section more is a chunk of its own."""
QUESTIONS = {
    "why does the sea rise and fall?": "docs:tides.md#0",
    "sourdough": "docs:bread.md#0",
    "nocturnal hunters": "docs:birds.jsonl#owl#0",
    "keystone": "docs:bridge.txt#0",
}


@pytest.fixture(params=sorted(ARCHIVES))
def version(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def base(tmp_path: Path, version: int) -> Path:
    """A project with a store of that format, and its documents with new times, as after a clone."""
    format_recipe.unpack(FOLDER / f"format-{version}.tar.xz", tmp_path / "project")
    format_recipe.write_documents(tmp_path / "project" / "docs")
    return tmp_path / "project"


def chunks_of(version: int) -> int:
    """Return how many live chunks a store of this format has."""
    return 6 if version >= FRONT_MATTER_SINCE else 5


def best(store: embedctl.Store) -> dict[str, str]:
    """Return the first hit of each question."""
    return {question: store.query(question).hits[0].id for question in QUESTIONS}


def test_there_is_one_of_every_format(version: int) -> None:
    assert sorted(ARCHIVES) == list(range(1, FORMAT_VERSION + 1))
    archive = FOLDER / f"format-{version}.tar.xz"
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == ARCHIVES[version], "make a new format, not a new fixture"
    assert archive.stat().st_size < 60_000


def test_status_of_an_old_store(base: Path, version: int) -> None:
    found = embedctl.open(base / ".embedctl").status()
    assert found["format_version"] == version
    assert (found["documents"], found["chunks"]) == (5, chunks_of(version) + 1)
    assert found["files"]["indexed"] == 4


def test_an_old_store_answers_or_says_what_to_do(base: Path, version: int) -> None:
    store = embedctl.open(base / ".embedctl")
    if version < INDEX_SINCE:
        with pytest.raises(NoStoreError, match="format 1") as caught:
            store.query("tides")
        assert '"embedctl index"' in caught.value.hint
    else:
        assert best(store) == QUESTIONS


def test_a_refresh_brings_an_old_store_up_to_date(base: Path, version: int) -> None:
    layout = Layout(base / ".embedctl")
    before = read_manifest(layout)
    ids, contents = chunk_ids(layout), chunk_contents(layout)
    store = embedctl.open(layout.root)
    embedded = []
    for _ in range(2):
        report = store.index()
        assert report.exit_code == 0
        embedded.append(report.counts.get("embedded", 0))
    assert embedded == [len(chunk_contents(layout) - contents), 0], "only what is read in another way"
    assert embedded[0] == (0 if version >= FRONT_MATTER_SINCE else 2)
    after = read_manifest(layout)
    assert (after.format_version, after.encoder) == (FORMAT_VERSION, before.encoder)
    assert missing(layout, after) == []
    assert layout.backup.read_bytes() == layout.manifest.read_bytes()
    assert chunk_ids(layout) == ids | {"docs:tides.md#1"}
    assert best(store) == QUESTIONS


def test_a_change_in_an_old_store_embeds_what_changed(base: Path) -> None:
    with (base / "docs" / "birds.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"id": "wren", "text": "Wrens sing loudly."}\n')
    store = embedctl.open(base / ".embedctl")
    contents = chunk_contents(Layout(store.path))
    report = store.index()
    assert report.counts["embedded"] == len(chunk_contents(Layout(store.path)) - contents) <= 3
    assert best(store) == QUESTIONS
    assert store.query("singing wrens").hits[0].id == "docs:birds.jsonl#wren#0"


def test_doctor_examines_and_repairs_an_old_store(base: Path, version: int) -> None:
    store = embedctl.open(base / ".embedctl")
    report = store.doctor(deep=True)
    assert not [one for one in report.findings if one.severity != "note"], report.findings
    if version < INDEX_SINCE:
        return
    details = {check.name: check.detail for check in report.checks}
    arms = "dense/" if version >= ARMS_SINCE else ""
    assert details["index contents"] == f"{chunks_of(version)} live chunks in bm25, dense{', rows' if arms else ''}"
    for name in ("bm25/*.store", f"{arms}vectors/000001/vectors.f16", f"{arms}dead.u64"):
        (path, *_) = sorted(store.path.glob(f"index/*/{name}"))
        path.unlink()
    found = store.doctor()
    assert {one.kind for one in found.damage} == {"index"}
    assert len(found.damage) == 3
    repaired = store.doctor(repair=True)
    assert (repaired.exit_code, repaired.counts["embedded"]) == (0, 0)
    assert read_manifest(Layout(store.path)).format_version == FORMAT_VERSION
    assert best(store) == QUESTIONS


@pytest.mark.parametrize("version", [2, 3], indirect=True)
def test_rows_that_an_old_index_keeps_are_compared_with_the_parts(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = embedctl.open(base / ".embedctl")
    monkeypatch.setattr(StoredRows, "documents", lambda _self, labels: labels + np.uint64(1))
    found = store.doctor(deep=True).damage
    assert found
    assert all("are rows of other documents" in one.message for one in found)
    assert all((one.file or "").endswith("/bm25") for one in found)


def chunk_ids(layout: Layout) -> set[str]:
    """Return the ids of all live chunks."""
    return live_values(layout, "chunk_id")


def chunk_contents(layout: Layout) -> set[Any]:
    """Return the hashes of what the encoder reads of each live chunk."""
    return live_values(layout, "sha256")


def live_values(layout: Layout, column: str) -> set[Any]:
    found: set[Any] = set()
    for part in read_manifest(layout).parts:
        table = pq.read_table(layout.chunks(part.number), columns=[column, "doc_row"])
        rows = zip(table[column].to_pylist(), table["doc_row"].to_pylist(), strict=True)
        found.update(value for value, row in rows if row not in part.dead)
    return found


# --- the format of today


NUMBERS = re.compile(r"[0-9a-f]{32}|[0-9a-f]{16}|\d{6}|(?<=\.)\d+(?=\.del)")
"""What is different in the name of a file each time."""


def shape(value: Any) -> Any:
    """Return names and types of a JSON value, without what it says."""
    if isinstance(value, dict):
        return {NUMBERS.sub("*", name): shape(member) for name, member in sorted(value.items())}
    if isinstance(value, list):
        return [json.loads(kind) for kind in sorted({json.dumps(shape(member)) for member in value})]
    return type(value).__name__


def described(root: Path) -> dict[str, Any]:
    """Return what makes up the format of a store: names of files, of columns and their types, of fields."""
    found: dict[str, Any] = {}
    for path in sorted(root.rglob("*")):
        name = NUMBERS.sub("*", path.relative_to(root).as_posix())
        if path.is_dir() or name.split("/")[0] in {"lock", "lock.json", "runs"}:
            continue
        if path.suffix == ".parquet":
            found[name] = [f"{field.name}: {field.type} {field.nullable}" for field in pq.read_schema(path)]
        elif path.suffix == ".json" and "bm25" not in name:
            found[name] = shape(json.loads(path.read_text(encoding="utf-8")))
        else:
            found[name] = "bytes"
    return found


def test_what_is_written_today_is_the_format_of_today(tmp_path: Path) -> None:
    """When this fails, a store changed its form: raise ``FORMAT_VERSION``, and add a fixture of the new format."""
    format_recipe.unpack(FOLDER / f"format-{FORMAT_VERSION}.tar.xz", tmp_path / "kept")
    root = tmp_path / "made" / ".embedctl"
    format_recipe.make(root.parent, lambda: embedctl.create(root).index([root.parent / "docs"]))
    assert described(root) == described(tmp_path / "kept" / ".embedctl")
    modes = {(path.is_dir(), stat.S_IMODE(path.lstat().st_mode)) for path in (root, *root.rglob("*"))}
    assert modes == {(True, 0o700), (False, 0o600)}, "whoever made them: Tantivy, numpy, Arrow"


WRITERS = {
    "index": ("index",),
    "index a path": ("index", "docs"),
    "ingest": ("ingest", "docs"),
    "chunk": ("chunk",),
    "embed": ("embed",),
    "distill": ("distill",),
    "forget": ("forget", "docs"),
    "arm": ("arm", "default", "bm25"),
}


@pytest.mark.parametrize("arguments", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize(("harm", "code"), [("newer", 5), ("damaged", 4), ("missing", 4)])
def test_no_writer_touches_a_store_that_it_cannot_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], harm: str, code: int
) -> None:
    from embedctl.cli.run import run

    base = tmp_path / "project"
    format_recipe.unpack(FOLDER / f"format-{FORMAT_VERSION}.tar.xz", base)
    format_recipe.write_documents(base / "docs")
    manifest = base / ".embedctl" / "manifest.json"
    if harm == "newer":
        raw = json.loads(manifest.read_text())
        manifest.write_text(
            json.dumps({**raw, "format_version": FORMAT_VERSION + 1}).replace('"sha256"', '"blake3"', 1)
        )
    elif harm == "damaged":
        manifest.write_text(manifest.read_text()[:-50])
    else:
        manifest.unlink()
    (base / ".embedctl" / ".gitignore").unlink()
    before = tree(base)
    monkeypatch.chdir(base)
    assert run(list(arguments)) == code
    assert tree(base) == before


def tree(base: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return mode, time and bytes of every file and folder."""
    return {
        str(path): (path.lstat().st_mode, path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in (base, *sorted(base.rglob("*")))
    }


def test_a_newer_store_is_refused_with_both_numbers(tmp_path: Path) -> None:
    format_recipe.unpack(FOLDER / f"format-{FORMAT_VERSION}.tar.xz", tmp_path)
    manifest = tmp_path / ".embedctl" / "manifest.json"
    manifest.write_text(json.dumps({"format_version": FORMAT_VERSION + 1}))
    before = tree(tmp_path)
    with pytest.raises(MismatchError, match=rf"format {FORMAT_VERSION + 1}.* up to {FORMAT_VERSION}"):
        embedctl.open(tmp_path / ".embedctl").query("tides")
    assert tree(tmp_path) == before
    shutil.rmtree(tmp_path / ".embedctl")
