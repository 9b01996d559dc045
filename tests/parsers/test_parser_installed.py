"""Parsers of installed packages: which files they get, and that they run where parsers run."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from installed import install

import embedctl
from embedctl.errors import UnsupportedError
from embedctl.parsers import parser_for

VISIO = """
from embedctl.records import ParsedDocument
import os

def parse(data, path):
    try:
        os.fork()
    except PermissionError:
        return ParsedDocument(text=data.decode().replace("*", "").strip(), title="vsdx", media_type="text/vsdx")
    raise RuntimeError("no sandbox")
"""


def test_it_gets_the_endings_that_no_parser_here_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    points = dict.fromkeys(("vsd", "md", "code", "xyz"), "acme_parsers:Any")
    install(tmp_path, "acme_parsers", "Any = object\n", {"embedctl.parsers": points})
    assert parser_for("drawing.VSD", b"PK\x03\x04") == "vsd"
    assert parser_for("data.xyz", b"\x00\x01") == "xyz"
    assert parser_for("notes.md", b"words") == "markdown"
    assert parser_for("notes.code", b"words") == "text"
    with pytest.raises(UnsupportedError, match="binary file"):
        parser_for("xyz", b"\x00\x01")


def test_it_runs_in_the_sandbox_and_a_broken_one_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site, files = tmp_path / "site", tmp_path / "files"
    install(site, "acme_visio", VISIO, {"embedctl.parsers": {"vsdx": "acme_visio:parse"}})
    install(site, "acme_broken", "import gone\n", {"embedctl.parsers": {"vsd": "acme_broken:Any"}})
    monkeypatch.syspath_prepend(site)
    files.mkdir()
    (files / "notes.vsdx").write_text("* Buy a lamp\n", encoding="utf-8")
    (files / "drawing.vsd").write_bytes(b"PK\x03\x04")
    store = embedctl.create(tmp_path / ".embedctl")
    report = store.ingest([files])
    (documents,) = (tmp_path / ".embedctl" / "documents").glob("*.parquet")
    assert pq.read_table(documents)["title"].to_pylist() == ["vsdx"]
    reason = (
        "The parser \"vsd\" of the package acme_broken cannot be imported: ModuleNotFoundError: No module named 'gone'."
    )
    assert [(problem["outcome"], problem["reason"]) for problem in report.problems] == [("failed", reason)]
