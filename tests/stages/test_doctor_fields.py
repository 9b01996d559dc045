"""``doctor`` in a store with vectors of two encoders: each field is repaired for itself."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from damage import flip, flip_column, garbage, manifest_of, remove

import embedctl
from embedctl import SettingsRequest
from embedctl.config import TEXT_FIELD
from embedctl.stages.arms import add, applied
from embedctl.store.layout import Layout
from embedctl.store.parts import chunk_columns, read_vectors
from embedctl.store.writer import writing

ROWS = 520
OTHER = "small"
"""The name of the second arm, and of its field."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of one part and two fields. Never changed."""
    folder = tmp_path_factory.mktemp("fields")
    rows = [{"id": f"b{n}", "text": f"Bird number {n} of the meadow sings in tune {n % 7}."} for n in range(ROWS)]
    (folder / "birds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    store = embedctl.create(folder / ".embedctl")
    store.index([folder / "birds.jsonl"], settings=SettingsRequest(model="hashing", threads=1))
    with writing(Layout(store.path), "test") as writer:
        before = writer.manifest.settings
        settings = add(before, OTHER, "dense", "hashing:64")
        writer.commit(applied(writer.manifest, settings))
    store.index(refresh=False)
    return folder


@pytest.fixture
def store(made: Path, tmp_path: Path) -> embedctl.Store:
    shutil.copytree(made, tmp_path / "copy")
    return embedctl.open(tmp_path / "copy" / ".embedctl")


def vectors_file(store: embedctl.Store, field: str) -> Path:
    (part,) = manifest_of(store).parts
    return Layout(store.path).embeddings(part.vectors[field].made_with, part.number)


def vectors(store: embedctl.Store) -> dict[str, list[list[float]]]:
    (part,) = manifest_of(store).parts
    return {name: read_vectors(Layout(store.path), part, name).tolist() for name in part.vectors}


def check(store: embedctl.Store, before: object) -> None:
    report = store.doctor(deep=True)
    assert not [one for one in report.findings if one.severity != "note"], report.findings
    assert vectors(store) == before
    index = manifest_of(store).index
    assert index is not None
    assert {name: arm.rows for name, arm in index.arms.items()} == {"bm25": ROWS, "dense": ROWS, OTHER: ROWS}


def test_every_field_is_examined(store: embedctl.Store) -> None:
    report = store.doctor(deep=True)
    names = [one.name for one in report.checks]
    assert {"embeddings", f"embeddings of {OTHER}"} <= set(names)
    assert report.exit_code == 0
    flip(vectors_file(store, OTHER))
    (finding,) = store.doctor(deep=True).damage
    assert (finding.kind, finding.file) == (
        "embeddings",
        vectors_file(store, OTHER).relative_to(store.path).as_posix(),
    )


@pytest.mark.parametrize("field", [TEXT_FIELD, OTHER])
def test_a_damaged_field_keeps_what_can_be_read_and_the_other_field(store: embedctl.Store, field: str) -> None:
    before = vectors(store)
    flip_column(vectors_file(store, field), "vector", group=1)
    report = store.doctor(repair=True)
    assert report.exit_code == 0, report.findings
    assert (report.counts["salvaged"], report.counts["embedded"]) == (512, ROWS - 512)
    assert f"512 of {ROWS} vectors were kept" in report.done[0]
    check(store, before)
    assert not manifest_of(store).samples


@pytest.mark.parametrize("harm", [garbage, remove])
def test_damaged_chunks_keep_the_vectors_of_every_field(store: embedctl.Store, harm: Callable[[Path], None]) -> None:
    before = vectors(store)
    (part,) = manifest_of(store).parts
    harm(Layout(store.path).chunks(part.number))
    report = store.doctor(repair=True)
    assert report.counts["embedded"] == 0
    check(store, before)


def test_damaged_documents_keep_the_vectors_of_every_field(store: embedctl.Store) -> None:
    before = vectors(store)
    (part,) = manifest_of(store).parts
    flip_column(Layout(store.path).documents(part.number), "text", group=1)
    flip_column(vectors_file(store, OTHER), "vector", group=1)
    report = store.doctor(repair=True)
    assert report.exit_code == 0, report.findings
    assert report.counts["embedded"] == ROWS - 512
    store.index(refresh=False)
    after = vectors_by_text(store)
    texts = [f"Bird number {n} of the meadow sings in tune {n % 7}." for n in range(ROWS)]
    for name, own in before.items():
        assert [after[name][text] for text in texts] == own
    assert store.doctor(deep=True).exit_code == 0


def vectors_by_text(store: embedctl.Store) -> dict[str, dict[str, list[float]]]:
    found: dict[str, dict[str, list[float]]] = {}
    for part in manifest_of(store).parts:
        texts = chunk_columns(Layout(store.path), part, "text").column("text").to_pylist()
        for name in part.vectors:
            own = read_vectors(Layout(store.path), part, name).tolist()
            found.setdefault(name, {}).update(zip(texts, own, strict=True))
    return found
