"""The pipeline on real files with the real model: what is made, reused, removed and refused."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import duckdb
import numpy as np
import pytest
from counting_encoder import CountingEncoder
from guide import GUIDE

import embedctl
from embedctl import FilterConfig, QueryConfig, RankingRequest, SettingsRequest, SourceRequest, WalkRules
from embedctl.config import DEFAULT_MODEL, IndexLimits, ParserLimits, PartLimits, RuntimeConfig
from embedctl.encoders.model_folder import resolve
from embedctl.errors import MismatchError, ModelError, NoStoreError, UsageError
from embedctl.stages import part_writer, read_task
from embedctl.store.layout import Layout
from embedctl.store.ledger import read_ledger
from embedctl.store.writer import read_manifest


def paths(answer: embedctl.Answer) -> list[str]:
    return [hit.path for hit in answer.hits]


def bm25(store: embedctl.Store, text: str) -> list[str]:
    return paths(store.query(text, QueryConfig(mode="bm25")))


def dense(store: embedctl.Store, text: str, plan: str = "auto") -> list[str]:
    return paths(store.query(text, QueryConfig(mode="dense", dense=plan)))  # type: ignore[arg-type]


def outcomes(report: object) -> dict[str, int]:
    return {kind: count for kind, count in report.outcomes.items() if count}  # type: ignore[attr-defined]


def test_first_index_answers_in_every_mode(store: embedctl.Store, docs: Path) -> None:
    report = store.index([docs])
    assert outcomes(report) == {"added": 2, "skipped": 1}
    assert report.problems == [{"path": "docs/ops/logo.png", "outcome": "skipped", "reason": "image"}]
    assert report.exit_code == 0
    hit = store.query("how often are keys rotated?").hits[0]
    first_line = GUIDE.splitlines().index("## Rotation") + 1
    assert (hit.path, hit.start_line, hit.heading) == ("docs/keys.md", first_line, ("Keys", "Rotation"))
    assert hit.text == "\n".join(GUIDE.splitlines()[first_line - 1 : hit.end_line])
    assert bm25(store, "vault")[0] == "docs/keys.md"
    assert dense(store, "running backups")[0] == "docs/ops/backup.txt"
    assert dense(store, "running backups", "hnsw") == dense(store, "running backups", "flat")


def test_unchanged_refresh_calls_the_model_zero_times(
    store: embedctl.Store, docs: Path, counting: CountingEncoder
) -> None:
    for path in docs.rglob("*.*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))  # young files are looked at once more
    store.index([docs])
    counting.documents.clear()
    snapshot = store.status()["snapshot"]
    report = store.index()
    assert outcomes(report) == {"unchanged": 2, "skipped": 1}
    assert counting.documents == []
    assert store.status()["snapshot"] == snapshot


def test_an_edit_embeds_only_what_changed(store: embedctl.Store, docs: Path, counting: CountingEncoder) -> None:
    store.index([docs])
    counting.documents.clear()
    (docs / "keys.md").write_text(GUIDE.replace("ninety", "thirty"), encoding="utf-8")
    report = store.index()
    assert outcomes(report)["changed"] == 1
    assert len(counting.documents) == 1
    assert "every thirty days" in counting.documents[0]
    assert bm25(store, "thirty") == ["docs/keys.md"]
    assert bm25(store, "ninety") == []
    texts = [hit.text for hit in store.query("rotation period", QueryConfig(mode="dense")).hits]
    assert not any("ninety" in text for text in texts)


def test_deleted_and_moved_files_are_right_in_both_arms(
    store: embedctl.Store, docs: Path, counting: CountingEncoder
) -> None:
    store.index([docs])
    counting.documents.clear()
    (docs / "keys.md").rename(docs / "ops" / "signing.md")
    (docs / "ops" / "backup.txt").unlink()
    report = store.index()
    assert outcomes(report) == {"moved": 1, "deleted": 1, "skipped": 1}
    assert counting.documents == []
    for plan in ("flat", "hnsw"):
        assert set(dense(store, "keys", plan)) == {"docs/ops/signing.md"}
    assert set(bm25(store, "keys backups vault")) == {"docs/ops/signing.md"}
    assert store.status()["documents"] == 1


def test_touched_files_are_not_embedded_again(store: embedctl.Store, docs: Path, counting: CountingEncoder) -> None:
    store.index([docs])
    counting.documents.clear()
    os.utime(docs / "keys.md", (1, 1))
    assert outcomes(store.index())["unchanged"] == 2
    assert counting.documents == []


def test_stages_alone_equal_the_whole(store: embedctl.Store, docs: Path, tmp_path: Path, counting: object) -> None:
    store.index([docs])
    other = embedctl.create(tmp_path / "other" / ".embedctl")
    other.ingest([docs])
    with pytest.raises(NoStoreError, match="embedctl index"):
        other.query("keys")
    assert other.status()["pending"] == {"chunk": 2, "embed": 2, "index": 2}
    other.chunk()
    assert other.status()["pending"] == {"chunk": 0, "embed": 2, "index": 2}
    other.embed()
    other.index(refresh=False)
    assert other.status()["pending"] == {"chunk": 0, "embed": 0, "index": 0}
    hits = [[(hit.id, hit.scores) for hit in one.query("lost keys").hits] for one in (store, other)]
    assert hits[0] == hits[1]


def test_an_interrupted_embedding_is_resumed(
    store: embedctl.Store, docs: Path, counting: CountingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_writer, "PartLimits", lambda: PartLimits(documents=1))
    monkeypatch.setattr("embedctl.stages.embed.GROUPED_CHUNKS", 1)
    encode = counting.encode_documents

    def interrupted(texts: list[str]) -> object:
        if counting.documents:
            raise KeyboardInterrupt
        return encode(texts)

    monkeypatch.setattr(counting, "encode_documents", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.index([docs])
    assert store.status()["pending"]["embed"] == 1
    done = len(counting.documents)
    monkeypatch.setattr(counting, "encode_documents", encode)
    report = store.index()
    assert report.counts["embedded"] == len(counting.documents) - done
    assert len(set(counting.documents)) == len(counting.documents)
    assert bm25(store, "vault morning") != []
    assert store.status()["pending"] == {"chunk": 0, "embed": 0, "index": 0}


def test_duplicate_texts_are_embedded_once(store: embedctl.Store, tmp_path: Path, counting: CountingEncoder) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(20):
        (folder / f"{number}.txt").write_text("The same words in every file.", encoding="utf-8")
    report = store.index([folder])
    assert counting.documents == ["The same words in every file."]
    assert report.counts["reused"] == 19
    assert len(store.query("same words", n=50).hits) == 20


def test_sources_stay_apart_and_can_be_forgotten(store: embedctl.Store, docs: Path, tmp_path: Path) -> None:
    records = tmp_path / "corpus.jsonl"
    rows = [{"_id": "keys.md", "title": "Locks", "text": "A lock needs its key.", "year": 2020}]
    records.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    store.index([docs, records])
    names = {source["name"]: source["documents"] for source in store.status()["sources"]}
    assert names == {"docs": 2, "corpus": 1}
    with pytest.raises(UsageError, match="docs:keys"):
        store.show("keys.md")
    assert store.show("corpus:keys.md").fields["metadata"] == {"year": 2020}
    only = QueryConfig(filter=FilterConfig(sources=("corpus",)))
    assert [hit.doc_id for hit in store.query("key", only).hits] == ["keys.md"]
    report = store.forget(["corpus", "docs:keys.md"])
    assert report.outcomes["deleted"] == 2
    assert set(bm25(store, "key lock backups")) == {"docs/ops/backup.txt"}
    assert outcomes(store.index()) == {"unchanged": 1, "skipped": 2}
    live = b"".join(path.read_bytes() for path in store.path.rglob("*") if path.is_file())
    assert b"sealed envelope" not in live


def test_changed_records_only(store: embedctl.Store, tmp_path: Path, counting: CountingEncoder) -> None:
    records = tmp_path / "notes.csv"
    records.write_text("id,text,stars\na,First note about tides,3\nb,Second note about winds,5\n", encoding="utf-8")
    store.index([records])
    counting.documents.clear()
    records.write_text("id,text,stars\na,First note about tides,3\nc,Third note about clouds,1\n", encoding="utf-8")
    report = store.index()
    assert outcomes(report) == {"unchanged": 1, "added": 1, "deleted": 1}
    assert counting.documents == ["Third note about clouds"]
    starred = QueryConfig(filter=FilterConfig(where="stars >= 3"))
    assert [hit.doc_id for hit in store.query("note", starred).hits] == ["a"]


def test_a_forgotten_record_stays_forgotten(store: embedctl.Store, tmp_path: Path) -> None:
    records = tmp_path / "rows.jsonl"
    records.write_text('{"id": "a", "text": "Heron"}\n{"id": "b", "text": "Otter"}\n', encoding="utf-8")
    store.index([records])
    store.forget(["rows:a"])
    records.write_text('{"id": "a", "text": "Heron"}\n{"id": "b", "text": "Otter"}\n\n', encoding="utf-8")
    report = store.index()
    assert outcomes(report) == {"unchanged": 1, "skipped": 1}
    assert bm25(store, "heron") == []


def test_a_name_that_leads_nowhere_does_not_get_into_the_store(store: embedctl.Store, docs: Path) -> None:
    for request, error in (
        (SettingsRequest(model="no/such-model"), ModelError),
        (SettingsRequest(strategy="paragraphs"), UsageError),
        (SettingsRequest(language="klingon"), UsageError),
        (SettingsRequest(model=DEFAULT_MODEL, size=9999), UsageError),
        (SettingsRequest(size=64, overlap=60), UsageError),
    ):
        with pytest.raises(error):
            store.index([docs], settings=request)
        with pytest.raises(NoStoreError):
            store.status()
    store.index([docs])
    with pytest.raises(UsageError):
        store.index(settings=SettingsRequest(model=DEFAULT_MODEL, size=9999), rebuild=True)
    assert store.index().exit_code == 0
    assert store.status()["last_run"]["exit_code"] == 0
    assert bm25(store, "vault") == ["docs/keys.md"]


def test_the_index_is_asked_with_the_model_that_made_it(
    store: embedctl.Store, docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a store changes its model, its old index keeps answering in the old space."""
    other = tmp_path / "other-model"
    shutil.copytree(resolve(DEFAULT_MODEL).path, other)
    prompts = {"prompts": {"document": "passage: ", "query": "query: "}}
    (other / "config_sentence_transformers.json").write_text(json.dumps(prompts), encoding="utf-8")
    monkeypatch.undo()  # the encoders themselves, not the counting one
    store.index([docs])
    before = [(hit.id, hit.scores) for hit in store.query("lost keys").hits]
    request = SettingsRequest(model=str(other))
    store.chunk(settings=request, rebuild=True)
    store.embed()
    assert [(hit.id, hit.scores) for hit in embedctl.open(store.path).query("lost keys").hits] == before
    store.index(refresh=False)
    answer = embedctl.open(store.path).query("lost keys")
    assert store.status()["encoder"]["model"] == str(other)
    assert [hit.scores["cosine"] for hit in answer.hits] != [scores["cosine"] for _, scores in before]


def test_an_interrupted_run_says_so(
    store: embedctl.Store, docs: Path, counting: CountingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(texts: list[str]) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(counting, "encode_documents", interrupt)
    with pytest.raises(KeyboardInterrupt):
        store.index([docs])
    run = store.status()["last_run"]
    assert (run["exit_code"], run["stopped"]) == (130, "KeyboardInterrupt")


def test_settings_are_free_until_something_is_made_with_them(store: embedctl.Store, docs: Path) -> None:
    store.ingest([docs])
    store.chunk(settings=SettingsRequest(strategy="window", size=64))
    with pytest.raises(MismatchError):
        store.chunk(settings=SettingsRequest(size=128))
    store.index(settings=SettingsRequest(language="german", threads=1))
    assert store.status()["settings"]["language"] == "german"
    store.index(settings=SettingsRequest(threads=2))
    assert store.status()["settings"]["hnsw"]["threads"] == 2


def test_a_failed_file_is_tried_again(store: embedctl.Store, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (docs / "keys.md").write_text("---\nlevel: 3\n---\n\nKeys are rotated by night.\n", encoding="utf-8")
    monkeypatch.setattr(read_task, "ParserLimits", lambda: ParserLimits(metadata_bytes=1))
    assert store.index([docs / "keys.md"]).exit_code == 3
    monkeypatch.undo()
    assert outcomes(store.index()) == {"added": 1}


def test_a_vanished_source_keeps_its_answers(store: embedctl.Store, docs: Path) -> None:
    store.index([docs])
    docs.rename(docs.with_name("away"))
    report = store.index()
    assert report.exit_code == 3
    assert "embedctl forget docs" in report.problems[-1]["reason"]
    assert bm25(store, "vault") == ["docs/keys.md"]


def test_a_file_that_breaks_keeps_its_last_good_version(store: embedctl.Store, docs: Path) -> None:
    page = docs / "sheet.ipynb"
    page.write_text(json.dumps({"cells": [{"cell_type": "markdown", "source": "Quasar table", "metadata": {}}],
                                "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")  # fmt: skip
    store.index([docs])
    page.write_text('{"cells": [', encoding="utf-8")
    report = store.index()
    assert report.exit_code == 3
    assert "stays searchable" in next(p["reason"] for p in report.problems if p["outcome"] == "failed")
    assert bm25(store, "quasar") == ["docs/sheet.ipynb"]


def test_other_settings_are_refused_until_asked_for_twice(
    store: embedctl.Store, docs: Path, counting: CountingEncoder
) -> None:
    store.index([docs])
    smaller = SettingsRequest(strategy="window", size=24)
    with pytest.raises(MismatchError, match="--strategy auto, not window; --chunk-size") as caught:
        store.index(settings=smaller)
    assert "--rebuild" in caught.value.hint
    before = store.status()["chunks"]
    store.index(settings=smaller, rebuild=True)
    assert store.status()["chunks"] > before
    assert store.status()["settings"]["chunk"]["size"] == 24
    assert set(bm25(store, "vault")) == {"docs/keys.md"}
    store.index(settings=SettingsRequest(language="german"), rebuild=True)
    assert store.status()["settings"]["language"] == "german"


def test_a_store_can_be_moved_with_its_sources(store: embedctl.Store, docs: Path, tmp_path: Path) -> None:
    store.index([docs])
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    shutil.copytree(store.path, moved / ".embedctl")
    shutil.copytree(docs, moved / "docs")
    copy = embedctl.open(moved / ".embedctl")
    assert bm25(copy, "vault") == ["docs/keys.md"]
    assert outcomes(copy.index())["unchanged"] == 2


def test_parts_are_readable_elsewhere_and_row_for_row(store: embedctl.Store, docs: Path) -> None:
    store.index([docs])
    rows = duckdb.sql(
        f"""
        SELECT c.chunk_id = e.chunk_id AS same, d.text[c.start + 1 : c."end"] = c.text AS exact, length(e.vector) AS dim
        FROM (SELECT *, row_number() OVER () AS n FROM '{store.path}/chunks/*.parquet') c
        JOIN (SELECT *, row_number() OVER () AS n FROM '{store.path}/embeddings/*/*.parquet') e USING (n)
        JOIN '{store.path}/documents/*.parquet' d USING (source_placeholder)
        """.replace("USING (source_placeholder)", "ON d.doc_id = c.doc_id")
    ).fetchall()
    assert rows
    assert set(rows) == {(True, True, 1024)}
    assert duckdb.sql(f"SELECT count(*) FROM '{store.path}/files/*.parquet'").fetchall() == [(3,)]


def test_vectors_are_unit_norm_and_those_of_the_encoder(
    store: embedctl.Store, docs: Path, counting: CountingEncoder
) -> None:
    store.index([docs])
    table = duckdb.sql(
        f"SELECT context || text AS input, vector FROM '{store.path}/chunks/*.parquet' "
        f"JOIN '{store.path}/embeddings/*/*.parquet' USING (chunk_id)"
    ).fetchall()
    stored = np.array([vector for _, vector in table], dtype=np.float32)
    assert np.allclose(np.linalg.norm(stored, axis=1), 1.0, atol=1e-5)
    assert np.allclose(stored, counting.encode_documents([text for text, _ in table]), atol=1e-4)


def test_dry_run_writes_nothing(store: embedctl.Store, docs: Path) -> None:
    plan = store.preflight([docs])
    assert not store.path.exists()
    assert plan.outcomes == {"added": 2, "skipped": 1}
    assert plan.documents == 2
    assert plan.chunks >= 2
    report = store.index([docs])
    assert (report.counts["chunks"], report.counts["tokens"]) == (plan.chunks, plan.tokens)
    assert store.preflight().outcomes == {"unchanged": 2, "skipped": 1}


def test_rules_are_remembered(store: embedctl.Store, docs: Path) -> None:
    store.index([docs], source=SourceRequest(rules=WalkRules(include=("*.md",))))
    assert store.status()["documents"] == 1
    (docs / "more.md").write_text("# More\n\nText.\n", encoding="utf-8")
    assert outcomes(store.index()) == {"unchanged": 1, "added": 1}


def test_the_store_never_indexes_itself(tmp_path: Path, counting: object) -> None:
    (tmp_path / "a.txt").write_text("A file beside the store.", encoding="utf-8")
    store = embedctl.create(tmp_path / "search-index")
    rules = SourceRequest(rules=WalkRules(hidden=True, ignore=False))
    store.index([tmp_path], source=rules)
    assert outcomes(store.index())["unchanged"] == 1
    assert store.status()["documents"] == 1


def test_many_small_runs_are_compacted(store: embedctl.Store, docs: Path, counting: CountingEncoder) -> None:
    store.index([docs])
    for number in range(20):
        (docs / f"note-{number}.txt").write_text(f"Note number {number} about harbours.", encoding="utf-8")
        store.index()
    assert store.status()["parts"] < 16
    assert len(counting.documents) == len(set(counting.documents))
    assert len(store.query("harbours", QueryConfig(mode="bm25", n=50)).hits) == 20
    assert len(store.query("harbours", QueryConfig(mode="dense", n=50)).hits) >= 20
    layout = Layout(store.path)
    manifest = read_manifest(layout)
    assert manifest.index is not None
    assert manifest.index.rows == store.status()["index"]["rows"]
    assert read_ledger(layout, manifest).covers_all, "a compacted part is no news to the ledger"


def test_threads_one_makes_equal_stores(docs: Path, tmp_path: Path, counting: object) -> None:
    made = []
    for name in ("one", "two"):
        store = embedctl.create(tmp_path / name / ".embedctl")
        store.index([docs], settings=SettingsRequest(threads=1))
        made.append(
            {
                path.relative_to(store.path).as_posix(): path.read_bytes()
                for path in store.path.rglob("*")
                if path.suffix in {".parquet", ".bin", ".f32", ".u64"} and "files" not in path.parts
            }
        )
    assert made[0] == made[1]


def test_thresholds_and_limits_reach_beyond_the_first_candidates(store: embedctl.Store, tmp_path: Path) -> None:
    """Independent of depth: what passes is what an exhaustive list would keep, in the same order."""
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(60):
        (folder / f"{number:02d}.txt").write_text("Harbour at low tide." + " Fog." * number, encoding="utf-8")
    store.index([folder])
    every = store.query("harbour tide", QueryConfig(mode="dense", n=60, ranking=RankingRequest(candidates=60))).hits
    least = every[24].scores["cosine"]
    assert least is not None
    shallow = QueryConfig(mode="dense", n=60, ranking=RankingRequest(candidates=1), min_scores={"dense": least})
    assert [hit.id for hit in store.query("harbour tide", shallow).hits] == [hit.id for hit in every[:25]]
    one = QueryConfig(mode="hybrid", n=5, ranking=RankingRequest(candidates=1), max_per_file=1)
    assert len({hit.doc_id for hit in store.query("harbour tide", one).hits}) == 5
    narrow = QueryConfig(n=3, ranking=RankingRequest(candidates=1), filter=FilterConfig(paths=("5[0-2].txt",)))
    assert {hit.doc_id for hit in store.query("harbour tide", narrow).hits} == {"50.txt", "51.txt", "52.txt"}


def test_a_session_loads_the_graph_once_it_pays(
    store: embedctl.Store, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embedctl.config.limits.INDEX", IndexLimits(flat_rows=0, graph_after=2))
    store.index([docs])
    plans = [store.query("lost keys").explanation.dense_plan for _ in range(4)]
    assert [plan.split(":")[0] for plan in plans if plan] == ["binary", "binary", "hnsw", "hnsw"]
    assert "vault" in store.query("restore a lost key").hits[0].text
    filtered = store.query("lost keys", QueryConfig(filter=FilterConfig(paths=("*.md",))))
    assert (filtered.explanation.dense_plan or "").startswith("flat")


def test_a_store_made_with_one_runtime_answers_with_the_other(docs: Path, tmp_path: Path) -> None:
    """The vectors are not the same bits, but those of one space."""
    runtimes = (RuntimeConfig("torch"), RuntimeConfig("openvino"))
    for made_with in runtimes:
        path = tmp_path / made_with.runtime / ".embedctl"
        embedctl.create(path, runtime=made_with).index([docs])
        stores = [embedctl.open(path, runtime=runtime) for runtime in runtimes]
        answers = [store.query("when are keys rotated", QueryConfig(mode="dense")) for store in stores]
        assert [hit.id for hit in answers[0].hits] == [hit.id for hit in answers[1].hits] != []
        for one, other in zip(answers[0].hits, answers[1].hits, strict=True):
            assert one.scores["cosine"] == pytest.approx(other.scores["cosine"], abs=3e-3)
        other_store = stores[1 - runtimes.index(made_with)]
        other_store.index()
        assert other_store.status()["pending"]["embed"] == 0
