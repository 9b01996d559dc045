"""Documents inside files, notes on what a text lacks, and files that another version of a parser has read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from installed import install

import embedctl
from embedctl.parsers.kinds import version
from embedctl.records import Document
from embedctl.store.layout import Layout
from embedctl.store.ledger import Ledger, read_ledger
from embedctl.store.parts import iter_documents
from embedctl.store.writer import read_manifest, writing

BUNDLE = """
from embedctl.records import ParsedDocument

def parse(data, path):
    own, *names = data.decode().split()
    inner = tuple(
        (name, ParsedDocument(f"text of {name}", "text/plain", notes=("has no index",) if name == "b" else ()))
        for name in names
    )
    return ParsedDocument("" if own == "-" else own, "text/bundle", notes=("1 of 2 pages is blank",), inner=inner)
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for files ``.bundle``: their own text and names of what is inside."""
    install(tmp_path / "site", "acme_bundle", BUNDLE, {"embedctl.parsers": {"bundle": "acme_bundle:parse"}})
    monkeypatch.syspath_prepend(tmp_path / "site")
    folder = tmp_path / "files"
    folder.mkdir()
    return folder


@pytest.fixture
def store(tmp_path: Path) -> embedctl.Store:
    return embedctl.create(tmp_path / ".embedctl")


def documents(store: embedctl.Store) -> dict[str, Document]:
    layout = Layout(store.path)
    found = [document for part in read_manifest(layout).parts for _, document in iter_documents(layout, part)]
    assert len({document.doc_id for document in found}) == len(found)
    return {document.doc_id: document for document in found}


def rewrite_ledger(store: embedctl.Store, read_by: str | None) -> None:
    """Note of every file that this read it."""
    layout = Layout(store.path)
    with writing(layout, "test") as writer:
        ledger = read_ledger(layout, writer.manifest)
        states = {key: replace(state, read_by=read_by) for key, state in ledger.items()}
        record = Ledger.of(states).write(layout, writer.manifest)
        writer.commit(replace(writer.manifest, files=record), [layout.files(record.number)])


def test_documents_inside_a_file_are_documents(files: Path, store: embedctl.Store) -> None:
    (files / "a.bundle").write_text("cover a b a")
    (files / "empty.bundle").write_text("- c")
    report = store.ingest([files])
    found = documents(store)
    assert {doc_id: document.text for doc_id, document in found.items()} == {
        "a.bundle": "cover",
        "a.bundle#a": "text of a",
        "a.bundle#b": "text of b",
        "a.bundle#a (2)": "text of a",
        "empty.bundle#c": "text of c",
    }
    assert {document.path for document in found.values()} == {"a.bundle", "empty.bundle"}
    assert report.outcomes["added"] == 5
    assert store.ingest([files]).outcomes["unchanged"] == 5


def test_a_changed_file_replaces_all_of_its_documents(files: Path, store: embedctl.Store) -> None:
    (files / "a.bundle").write_text("cover a b")
    store.ingest([files])
    (files / "a.bundle").write_text("cover c")
    report = store.ingest([files])
    assert set(documents(store)) == {"a.bundle", "a.bundle#c"}
    assert (report.outcomes["changed"], report.outcomes["deleted"]) == (2, 1)
    (files / "a.bundle").rename(files / "moved.bundle")
    assert store.ingest([files]).outcomes["moved"] == 2
    assert set(documents(store)) == {"moved.bundle", "moved.bundle#c"}


def test_one_of_them_can_be_forgotten(files: Path, store: embedctl.Store) -> None:
    (files / "a.bundle").write_text("cover a b")
    store.ingest([files])
    store.forget(["files:a.bundle#a"])
    assert set(documents(store)) == {"a.bundle", "a.bundle#b"}
    (files / "a.bundle").write_text("cover a b c")
    store.ingest([files])
    assert set(documents(store)) == {"a.bundle", "a.bundle#b", "a.bundle#c"}


def test_notes_are_listed_and_kept(files: Path, store: embedctl.Store) -> None:
    (files / "a.bundle").write_text("cover a b")
    (files / "plain.txt").write_text("no note")
    report = store.ingest([files])
    note = "1 of 2 pages is blank; b: has no index"
    assert report.exit_code == 0
    assert [(each["outcome"], each["reason"]) for each in report.problems] == [("noted", note)]
    assert store.ingest([files]).problems == []
    listed = store.status(files="noted")["listed"]
    assert [(each["path"], each["outcome"], each["reason"]) for each in listed] == [("files/a.bundle", "indexed", note)]


@pytest.mark.parametrize(("read_by", "again"), [("bundle/1", False), ("bundle/0", True), (None, True)])
def test_a_file_is_read_again_where_another_version_has_read_it(
    files: Path, store: embedctl.Store, read_by: str | None, again: bool
) -> None:
    (files / "a.bundle").write_text("cover a")
    store.ingest([files])
    rewrite_ledger(store, read_by)
    before = documents(store)
    report = store.ingest([files])
    assert (report.outcomes["unchanged"], report.outcomes["changed"]) == (2, 0)
    assert bool(report.problems) == again, "what it is read for is noted again"
    assert documents(store) == before
    assert store.ingest([files]).problems == []


def test_what_another_version_reads_otherwise_is_replaced(files: Path, store: embedctl.Store, tmp_path: Path) -> None:
    (files / "a.bundle").write_text("cover a b")
    store.ingest([files])
    rewrite_ledger(store, "bundle/0")
    module = tmp_path / "site" / "acme_bundle.py"
    module.write_text(module.read_text().replace("text of", "words of"))
    report = store.ingest([files])
    assert report.outcomes["changed"] == 3
    assert documents(store)["a.bundle#a"].text == "words of a"


def test_a_refused_file_is_tried_again_by_another_table_of_parsers(files: Path, store: embedctl.Store) -> None:
    (files / "drawing.vsdx").write_bytes(b"PK\x03\x04")
    store.ingest([files])
    ledger = read_ledger(Layout(store.path), read_manifest(Layout(store.path)))
    assert [state.read_by for _, state in ledger.items()] == [version("kinds")]
    rewrite_ledger(store, "kinds/0")
    assert store.ingest([files]).outcomes["skipped"] == 1
    ledger = read_ledger(Layout(store.path), read_manifest(Layout(store.path)))
    assert [state.read_by for _, state in ledger.items()] == [version("kinds")]
