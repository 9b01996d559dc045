"""``embedctl doctor``: what it prints, its JSON, and its exit codes."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from command import Cli, typed
from schemas import validate

from embedctl.store.layout import Layout
from embedctl.store.writer import read_manifest, writing


@pytest.fixture
def store(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the world's store, whose folder is the working directory."""
    shutil.copytree(world, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return tmp_path / "copy" / ".embedctl"


def embeddings(store: Path) -> Path:
    layout = Layout(store)
    part = read_manifest(layout).parts[0]
    assert part.embeddings
    return layout.embeddings(part.embeddings.made_with, part.number)


def test_one_line_when_all_is_well(store: Path, cli: Cli) -> None:
    told = cli("doctor", "--progress", "none")
    assert told.code == 0
    assert told.out.splitlines()[-1].startswith("Store is sound: 1 part, ")
    assert not [line for line in told.out.splitlines() if line.startswith(("damage", "warning"))]
    assert cli("doctor", "--quiet").out == ""
    assert "index contents: " in cli("doctor", "--deep", "--verbose").out


def test_damage_is_told_with_its_file_and_what_to_type_and_repaired(store: Path, cli: Cli) -> None:
    path = embeddings(store)
    path.write_bytes(path.read_bytes()[:-1])
    told = cli("doctor", "--quiet")
    assert told.code == 4
    head, *_ = told.out.splitlines()
    assert head == f"damage   {path.relative_to(store).as_posix()}"
    assert "embedctl doctor --repair" in told.out
    assert "Store is damaged: 1 finding left" in told.out
    plan = cli("doctor", "--repair", "--dry-run")
    assert plan.code == 4
    assert "would be done:" in plan.out
    assert path.exists()
    repaired = cli("doctor", "--repair")
    assert repaired.code == 0
    assert "Store is sound again, 1 finding repaired" in repaired.out
    assert cli("query", "how are keys rotated", "--json").code == 0


@pytest.mark.parametrize("flags", [(), ("--deep",), ("--repair", "--dry-run"), ("--repair", "--deep")])
def test_the_json_is_what_the_schema_says(store: Path, cli: Cli, flags: tuple[str, ...]) -> None:
    told = cli("doctor", "--json", "--progress", "none", *flags)
    validate("doctor", json.loads(told.out))
    embeddings(store).unlink()
    told = cli("doctor", "--json", "--progress", "none", *flags)
    report = json.loads(told.out)
    validate("doctor", report)
    assert told.code == report["exit_code"] == (0 if report["repair"] == "done" else 4)
    damage = [one for one in report["findings"] if one["severity"] == "damage"]
    assert [one["kind"] for one in damage] == ["embeddings"]
    assert damage[0]["repaired"] == (report["repair"] == "done")
    if report["repair"] == "done":
        assert report["counts"]["embedded"] > 0
        validate("run", json.loads(sorted((store / "runs").glob("*-doctor.json"))[-1].read_text(encoding="utf-8")))


def test_lost_documents_end_with_three(store: Path, cli: Cli) -> None:
    (store / "documents" / "000001.parquet").unlink()
    Path("docs/rotate.py").unlink()
    told = cli("doctor", "--repair")
    assert told.code == 3
    assert "docs:rotate.py" in told.out


def test_codes_of_what_cannot_be_done(store: Path, cli: Cli) -> None:
    assert cli("doctor", "--dry-run").code == 2
    assert cli("doctor", "--store", "elsewhere").code == 10
    with writing(Layout(store), "embedctl test"):
        assert cli("doctor").code == 0
        assert cli("doctor", "--repair").code == 11
    manifest = store / "manifest.json"
    manifest.write_text('{"format_version": 99}', encoding="utf-8")
    assert cli("doctor", "--repair").code == 5
    assert manifest.read_text(encoding="utf-8") == '{"format_version": 99}'


def test_garbage_in_every_file_of_the_index_ends_no_process(store: Path) -> None:
    index = read_manifest(Layout(store)).index
    assert index
    for name in index.files:
        path = Layout(store).generation(index.generation) / name
        path.write_bytes(os.urandom(path.stat().st_size))
    told = typed("doctor", "--repair", "--json", "--progress", "none")
    assert told.code == 0, told.err
    report = json.loads(told.out)
    assert {one["kind"] for one in report["findings"] if one["severity"] == "damage"} == {"index"}
    assert report["counts"]["embedded"] == 0
    assert typed("query", "how are keys rotated", "--mode", "bm25").code == 0
