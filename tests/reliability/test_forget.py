"""What ``forget`` leaves of a document: nothing, in no byte of any file that embedctl has."""

from __future__ import annotations

import json
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from every_byte import holding, spellings

import embedctl
from embedctl import QueryConfig, SettingsRequest
from embedctl.config import DistillConfig, IndexLimits
from embedctl.stages import distill, pipeline
from embedctl.store.layout import Layout
from embedctl.store.parts import chunk_columns, read_sample, read_vectors
from embedctl.store.writer import read_manifest
from embedctl.system.cache_folder import cache_folder

WORDS = [
    "harbour",
    "boat",
    "wind",
    "ledger",
    "archive",
    "signal",
    "orchard",
    "turbine",
    "glacier",
    "kestrel",
    "lighthouse",
    "valley",
    "meadow",
    "river",
]
MARKS = {"file": "Zyxquoril", "row": "Vontrebane", "title": "Ulmaskerd", "meta": "Pryndolec", "staying": "Kalbrunest"}
BM25 = QueryConfig(mode="bm25")
SHARED = "This paragraph about the shared lighthouse stands in two documents, word for word, and in full."


@pytest.fixture
def kind() -> str:
    return "plain"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def store(
    tmp_path: Path, kind: str, small_model: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> embedctl.Store:
    small = partial(DistillConfig, least_chunks=20, least_sample=1_000)
    monkeypatch.setattr(distill, "DistillConfig", small)
    monkeypatch.setattr(pipeline, "DistillConfig", small)
    if kind == "with a graph":
        monkeypatch.setattr("embedctl.config.limits.INDEX", IndexLimits(flat_rows=16))
    store = embedctl.create(tmp_path / ".embedctl")
    share = 0.9 if kind == "fast" else None
    store.index(
        [write_documents(tmp_path / "docs")], settings=SettingsRequest(model=str(small_model), teacher_share=share)
    )
    if kind == "distilled":
        store.distill()
    return store


def write_documents(folder: Path) -> Path:
    folder.mkdir()
    random = np.random.default_rng(4)
    for number in range(40):
        (folder / f"{number:02}.md").write_text(f"# Note {number}\n\n{' '.join(random.choice(WORDS, 40))}\n")
    (folder / "gone.md").write_text(f"# Plan\n\nThe word {MARKS['file']} stands here alone.\n\n## More\n\n{SHARED}\n")
    (folder / "kept.md").write_text(f"# Plan\n\nHere {MARKS['staying']} is what stays.\n\n## More\n\n{SHARED}\n")
    rows = [
        {"id": "1", "title": f"On {MARKS['title']}", "text": f"It says {MARKS['row']} and more.", "by": MARKS["meta"]},
        {"id": "2", "title": "On tides", "text": "Tides come and go with the moon, twice a day."},
    ]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def vectors_of(store: embedctl.Store, *words: str) -> list[bytes]:
    """Return the first half of every vector of each chunk that has one of the words, as float32 and as float16.

    In a fast store a chunk has two: its student's, and, where it was sampled, its model's.
    """
    layout = Layout(store.path)
    manifest = read_manifest(layout)
    vectors, hashes = [], set()
    for part in manifest.parts:
        rows = chunk_columns(layout, part, "text", "context", "sha256").to_pylist()
        for row, vector in zip(rows, read_vectors(layout, part), strict=True):
            if any(word in row["context"] + row["text"] for word in words):
                vectors.append(vector)
                hashes.add(row["sha256"])
    for sample in manifest.samples:
        rows = read_sample(layout, sample, "sha256", "vector").to_pylist()
        vectors += [np.asarray(row["vector"], np.float32) for row in rows if row["sha256"] in hashes]
    halves = [vector[: len(vector) // 2] for vector in vectors]
    return [half.astype(kind).tobytes() for half in halves for kind in ("<f4", "<f2")]


@pytest.mark.parametrize("kind", ["plain", "fast", "with a graph", "distilled"])
def test_no_byte_of_what_was_forgotten_is_left(store: embedctl.Store, temporary: Path, kind: str) -> None:
    gone = [MARKS[name] for name in ("file", "row", "title", "meta")]
    vectors = vectors_of(store, *gone)
    texts = [spelling for word in gone for spelling in spellings(word)]
    assert len(vectors) >= 4
    assert len(holding(store.path, vectors)) >= 2, "the search finds them while they are there"
    assert len(holding(store.path, texts)) >= 4

    report = store.forget(["docs/gone.md", "docs:rows.jsonl#1"])
    assert report.outcomes["deleted"] == 2
    for folder in (store.path, cache_folder(), temporary):
        assert holding(folder, texts) == []
        assert holding(folder, vectors) == []
    manifest = read_manifest(Layout(store.path))
    assert (manifest.student is not None) == (kind == "fast")
    assert store.query("Tides come and go", BM25).hits[0].doc_id == "rows.jsonl#2"

    assert store.index().changed == 0
    assert holding(store.path, texts) == [], "a refresh does not bring it back"


def test_what_another_document_says_too_stays(store: embedctl.Store) -> None:
    shared, kept = vectors_of(store, "shared lighthouse"), vectors_of(store, MARKS["staying"])
    store.forget(["docs/gone.md"])
    assert holding(store.path, shared[:1]) != []
    assert holding(store.path, kept[:1]) != []
    assert [hit.path for hit in store.query(SHARED, BM25).hits][:1] == ["docs/kept.md"]
    store.forget(["docs/kept.md"])
    assert holding(store.path, [*shared, *kept]) == []


@pytest.mark.parametrize("kind", ["fast"])
def test_a_forgotten_source_is_gone_with_all_that_it_gave(store: embedctl.Store) -> None:
    vectors = vectors_of(store, *WORDS, *MARKS.values())
    store.forget(["docs"])
    texts = [spelling for word in (*MARKS.values(), "glacier kestrel") for spelling in spellings(word)]
    assert holding(store.path, [*texts, *vectors]) == []
    assert read_manifest(Layout(store.path)).parts == ()


def test_what_was_deleted_from_its_source_is_gone_by_the_next_forgetting(store: embedctl.Store, tmp_path: Path) -> None:
    """Until then it may lie in a part of which less than a quarter is dead, which the documentation says."""
    texts = spellings(MARKS["file"])
    (tmp_path / "docs" / "gone.md").unlink()
    store.index()
    assert MARKS["file"] not in " ".join(hit.text for hit in store.query(MARKS["file"], BM25).hits)
    store.forget(["docs/rows.jsonl"])
    assert holding(store.path, texts) == []
