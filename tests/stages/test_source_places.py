"""Where sources are: names in two spellings, sources that are gone, changes that no time tells, overlaps."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from unicodedata import normalize

import pytest

import embedctl
from embedctl import SourceRequest
from embedctl.config import RecordFields, WalkRules
from embedctl.query.filters import path_matcher
from embedctl.query.where import parse_where
from embedctl.store.layout import Layout
from embedctl.store.snapshot import Snapshot
from embedctl.store.writer import read_manifest

if TYPE_CHECKING:
    from pathlib import Path

OLD = 1_700_000_000


@pytest.fixture
def store(tmp_path: Path) -> embedctl.Store:
    return embedctl.create(tmp_path / ".embedctl")


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, (OLD, OLD))
    return path


def ids(store: embedctl.Store) -> list[str]:
    layout = Layout(store.path)
    rows = Snapshot(layout, read_manifest(layout)).live_rows(("source", "doc_id"))
    return sorted(f"{row['source']}:{row['doc_id']}" for _, _, row in rows)


def texts(store: embedctl.Store) -> list[str]:
    layout = Layout(store.path)
    return sorted(row["text"] for _, _, row in Snapshot(layout, read_manifest(layout)).live_rows(("text",)))


@pytest.mark.parametrize(("on_disk", "typed"), [("NFD", "NFC"), ("NFC", "NFD")])
@pytest.mark.parametrize("name", ["Tagebücher/Käfer.md", "각서/메모.md", "notes/Ås.md"])
def test_both_spellings_of_a_name_are_one(
    store: embedctl.Store, tmp_path: Path, name: str, on_disk: str, typed: str
) -> None:
    write(tmp_path / "docs" / normalize(on_disk, name), "Beetles.")
    given = normalize(typed, name)
    store.ingest([tmp_path / "docs"])
    assert ids(store) == [f"docs:{normalize('NFC', name)}"]
    assert store.show(f"docs/{given}").fields["text"] == "Beetles."
    assert path_matcher([given])(normalize(on_disk, name))
    condition, _ = parse_where(f"path = '{given}' and path glob '*/{given.partition('/')[2]}'")
    assert condition({"path": normalize(on_disk, name)})
    store.forget([f"docs:{given}"])
    assert ids(store) == []
    assert store.ingest().outcomes["added"] == 0  # it stays out
    store.ingest([tmp_path / "docs" / given])
    assert len(ids(store)) == 1
    rules = WalkRules(include=(given,))
    assert store.preflight([tmp_path / "docs"], source=SourceRequest(rules=rules)).outcomes["skipped"] == 1


def test_a_folder_that_is_spelled_otherwise_is_the_same_source(store: embedctl.Store, tmp_path: Path) -> None:
    write(tmp_path / normalize("NFD", "Größe") / "a.md", "Large.")
    store.ingest([tmp_path / normalize("NFC", "Größe")])
    store.ingest([tmp_path / normalize("NFD", "Größe")])
    assert [source["name"] for source in store.status()["sources"]] == [normalize("NFC", "Größe")]


def test_two_files_whose_names_look_the_same_are_two(store: embedctl.Store, tmp_path: Path) -> None:
    names = [normalize(form, "Café.md") for form in ("NFC", "NFD")]
    for name in names:
        write(tmp_path / "docs" / name, f"Written as {len(name)} characters.")
    if len(list((tmp_path / "docs").iterdir())) < 2:
        pytest.skip("this file system has one spelling")
    store.ingest([tmp_path / "docs"])
    assert len(texts(store)) == 2
    assert store.ingest().outcomes["unchanged"] == 2


@pytest.mark.parametrize("left", ["nothing", "an empty folder", "folders without files"])
def test_a_source_without_its_files_keeps_its_documents(store: embedctl.Store, tmp_path: Path, left: str) -> None:
    share = tmp_path / "share"
    for name in ("a.md", "deep/b.md"):
        write(share / name, "Here.")
    store.ingest([share])
    share.rename(tmp_path / "away")
    if left != "nothing":
        share.mkdir()
    if left == "folders without files":
        (share / "deep").mkdir()
    for told in (store.preflight().files[0], store.ingest().problems[0]):
        assert told["outcome"] == "failed"
        assert '2 documents stay until "embedctl index --allow-empty" or "embedctl forget share"' in told["reason"]
    assert store.status(check=True)["stale"]["missing_sources"] == 1
    assert store.ingest().exit_code == 3
    assert len(ids(store)) == 2
    allowed = SourceRequest(allow_empty=True)
    assert store.preflight(source=allowed).outcomes == {"deleted": 2}
    report = store.ingest(source=allowed)
    assert (report.outcomes["deleted"], report.exit_code, ids(store)) == (2, 0, [])


def test_rules_that_leave_out_every_file_are_no_absence(store: embedctl.Store, tmp_path: Path) -> None:
    write(tmp_path / "docs" / "a.md", "Here.")
    store.ingest([tmp_path / "docs"])
    report = store.ingest([tmp_path / "docs"], source=SourceRequest(rules=WalkRules(include=("*.rst",))))
    assert (report.exit_code, ids(store)) == (0, [])


def test_a_file_that_is_gone_is_dropped_when_asked(store: embedctl.Store, tmp_path: Path) -> None:
    path = write(tmp_path / "a.md", "Here.")
    store.ingest([path])
    path.unlink()
    assert store.ingest().exit_code == 3
    assert len(ids(store)) == 1
    assert store.ingest(source=SourceRequest(allow_empty=True)).exit_code == 0
    assert ids(store) == []


@pytest.mark.parametrize("how", ["written over", "put in its place"])
def test_other_content_of_the_same_size_and_time_is_seen(store: embedctl.Store, tmp_path: Path, how: str) -> None:
    path = write(tmp_path / "docs" / "a.md", "The tide is low.")
    store.ingest([tmp_path / "docs"])
    if how == "written over":
        write(path, "The tide is top.")
    else:
        write(tmp_path / "new.md", "The tide is top.").replace(path)
    assert store.ingest().outcomes["changed"] == 1
    assert texts(store) == ["The tide is top."]


def test_of_two_sources_the_nearer_one_has_a_file(store: embedctl.Store, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    write(docs / "a.md", "A.")
    write(docs / "sub" / "b.md", "B.")
    write(docs / "sub" / "c.csv", "note,text\nN,T\n")
    store.ingest([docs])
    store.ingest([docs / "sub"])
    assert ids(store) == ["docs:a.md", "sub:b.md", "sub:c.csv#1"]
    assert [entry["reason"] for entry in store.status(files="skipped")["listed"]] == [
        'in the source "sub", too, which has it'
    ] * 2
    store.ingest([docs / "sub" / "c.csv"], source=SourceRequest(fields=RecordFields(text=("note",))))
    assert ids(store) == ["c:1", "docs:a.md", "sub:b.md"]
    assert texts(store) == ["A.", "B.", "N"]
    assert store.preflight().outcomes == {"unchanged": 3, "skipped": 3}
    store.forget(["sub", "c"])
    store.ingest()
    assert ids(store) == ["docs:a.md", "docs:sub/b.md", "docs:sub/c.csv#1"]


def test_what_the_nearer_source_leaves_out_is_the_others(store: embedctl.Store, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    write(docs / "sub" / "a.md", "A.")
    write(docs / "sub" / "b.txt", "B.")
    store.ingest([docs / "sub"], source=SourceRequest(rules=WalkRules(include=("*.md",))))
    store.ingest([docs])
    assert ids(store) == ["docs:sub/b.txt", "sub:a.md"]


def test_what_was_forgotten_does_not_come_back_through_another_source(store: embedctl.Store, tmp_path: Path) -> None:
    write(tmp_path / "docs" / "sub" / "a.md", "A.")
    store.ingest([tmp_path / "docs" / "sub"])
    store.forget(["sub:a.md"])
    store.ingest([tmp_path / "docs"])
    assert ids(store) == []
