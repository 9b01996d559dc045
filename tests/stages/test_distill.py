"""Distilled encoders in a store: what is sampled, reused, kept and refused; a small model, and many small chunks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import embedctl
from embedctl import QueryConfig, SettingsRequest
from embedctl.config import DistillConfig, RuntimeConfig
from embedctl.contracts import Encoder, TokenIds
from embedctl.encoders import card, student_card
from embedctl.encoders.model_folder import ModelFolder
from embedctl.errors import DamagedError, MismatchError, ModelError, UsageError
from embedctl.store.layout import Layout
from embedctl.store.parts import read_vectors
from embedctl.store.students import student_folder
from embedctl.store.vectors import read_hashes, read_sample_hashes
from embedctl.store.writer import read_manifest

if TYPE_CHECKING:
    from embedctl.contracts import Vectors

RECORDS = 1_300
TORCH = RuntimeConfig("torch")
WORDS = ["the", "key", "keys", "lock", "vault", "of", "and", "to", "is", "rotated", "every", "ninety", "days", "lost"]


class Watched:
    """An encoder that counts the texts of more than one token that it is given, and can fail."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.name, self.fingerprint, self.dim = encoder.name, encoder.fingerprint, encoder.dim
        self.tokenizer_fingerprint = encoder.tokenizer_fingerprint
        self.texts = 0
        self.fail_after = 1_000_000

    def encode_tokens(self, tokens: TokenIds) -> Vectors:
        self.texts += int((np.diff(tokens.offsets) > 1).sum())
        if self.texts > self.fail_after:
            raise KeyboardInterrupt
        return self._encoder.encode_tokens(tokens)

    def encode_documents(self, texts: list[str]) -> Vectors:
        self.texts += len(texts)
        return self._encoder.encode_documents(texts)

    def encode_queries(self, texts: list[str]) -> Vectors:
        return self._encoder.encode_queries(texts)


def write_records(path: Path, count: int = RECORDS, seed: int = 0) -> Path:
    random = np.random.default_rng(seed)
    with path.open("w", encoding="utf-8") as stream:
        for number in range(count):
            words = random.choice(WORDS, random.integers(4, 12))
            # Letters are tokens of their own, and make each text one of a kind.
            record = {"_id": str(number), "text": " ".join([*words, *f"{seed}{number}".translate(_LETTERS)])}
            stream.write(json.dumps(record) + "\n")
    return path


_LETTERS = str.maketrans("0123456789", "abcdefghij")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    import sys

    sys.path.insert(0, str(Path(__file__).parents[1] / "encoders"))
    from small_models import save_small_model

    return str(save_small_model(tmp_path_factory.mktemp("models") / "teacher"))


@pytest.fixture
def watched(model: str, monkeypatch: pytest.MonkeyPatch) -> Watched:
    watched = Watched(card(model).open(TORCH))
    monkeypatch.setattr(ModelFolder, "open", lambda *_: watched)
    return watched


@pytest.fixture(scope="module")
def made(model: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a fast store over records."""
    folder = tmp_path_factory.mktemp("made")
    records = write_records(folder / "records.jsonl")
    embedctl.create(folder / ".embedctl", runtime=TORCH).index([records], settings=fast(model))
    return folder


@pytest.fixture
def store(made: Path, tmp_path: Path) -> embedctl.Store:
    shutil.copytree(made, tmp_path / "copy")
    return embedctl.open(tmp_path / "copy" / ".embedctl", runtime=TORCH)


def fast(model: str, share: float = 0.3) -> SettingsRequest:
    return SettingsRequest(model=model, teacher_share=share)


def vectors(store: embedctl.Store) -> Vectors:
    layout = Layout(store.path)
    return np.concatenate([read_vectors(layout, part) for part in read_manifest(layout).parts])


QUERY = "lost keys of the vault"


def check_answers(store: embedctl.Store, which: str, encoder: Watched | Encoder) -> None:
    """Compare the cosines of the hits with the best of every product there is; ties may come in any order."""
    config = QueryConfig(mode="dense", encoder=which)  # type: ignore[arg-type]
    found = [hit.scores["cosine"] for hit in store.query(QUERY, config).hits]
    expected = np.sort(vectors(store) @ encoder.encode_queries([QUERY])[0])[::-1][:10]
    np.testing.assert_allclose(np.array(found, dtype=np.float32), expected, atol=2e-3)


def first_ids(store: embedctl.Store, encoder: str) -> list[str]:
    config = QueryConfig(mode="dense", encoder=encoder)  # type: ignore[arg-type]
    return [hit.id for hit in store.query(QUERY, config).hits]


def test_a_fast_store_embeds_a_sample_and_answers(model: str, watched: Watched, tmp_path: Path) -> None:
    store = embedctl.create(tmp_path / ".embedctl", runtime=TORCH)
    report = store.index([write_records(tmp_path / "records.jsonl")], settings=fast(model))
    manifest = read_manifest(Layout(store.path))
    student = manifest.student
    assert student
    assert manifest.encoder
    assert watched.texts == report.counts["taught"] == student.sample + student.held_out
    assert 0.25 * RECORDS < watched.texts < 0.35 * RECORDS
    assert report.counts["embedded"] == RECORDS
    assert report.student == {
        "sample": student.sample, "chunks": RECORDS, "held_out": student.held_out, "cosine": round(student.cosine, 4),
    }  # fmt: skip
    assert (manifest.encoder.fingerprint, manifest.encoder.teacher) == (student.fingerprint, watched.fingerprint)
    whole = watched._encoder.encode_tokens(_all_tokens(store, model))
    assert (vectors(store) * whole).sum(axis=1).mean() > 0.9
    assert student.cosine > 0.9
    assert first_ids(store, "auto") == first_ids(store, "teacher")
    check_answers(store, "student", student_card(store.student()).open())
    check_answers(store, "teacher", watched)


def _all_tokens(store: embedctl.Store, model: str) -> TokenIds:
    from embedctl.stages.embed import read_texts

    layout = Layout(store.path)
    parts = read_manifest(layout).parts
    return card(model).tokenizer().token_ids(read_texts(layout, parts).to_pylist())


def test_a_refresh_uses_the_same_student_and_no_model(store: embedctl.Store, watched: Watched) -> None:
    before = read_manifest(Layout(store.path))
    records = store.path.parent / "records.jsonl"
    write_records(records, RECORDS + 200)
    report = store.index([records])
    after = read_manifest(Layout(store.path))
    assert watched.texts == 0
    assert report.counts["embedded"] == 200
    assert after.student == before.student
    assert after.encoder == before.encoder


def test_distilling_again_is_deterministic_and_runs_no_model(store: embedctl.Store, watched: Watched) -> None:
    before = read_manifest(Layout(store.path)).student
    report = store.distill()
    assert read_manifest(Layout(store.path)).student == before
    assert watched.texts == report.counts["taught"] == 0


def test_a_larger_share_keeps_the_sample_and_changes_the_vectors(store: embedctl.Store, watched: Watched) -> None:
    layout = Layout(store.path)
    before = read_manifest(layout)
    old = vectors(store)
    assert before.student is not None
    report = store.distill(0.6)
    after = read_manifest(layout)
    assert after.student
    assert after.index
    had = before.student.sample + before.student.held_out
    assert watched.texts == after.student.sample + after.student.held_out - had
    assert after.student.fingerprint != before.student.fingerprint
    assert report.counts["embedded"] == RECORDS
    assert after.index.encoder.fingerprint == after.student.fingerprint
    assert not np.array_equal(vectors(store), old)
    store.index()  # what is not named any more goes with the next run
    assert [path.name for path in (store.path / "students").iterdir()] == [after.student.fingerprint]


def test_an_interrupted_sample_goes_on_where_it_was(
    model: str, watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embedctl.stages.distill.DistillConfig", lambda: DistillConfig(batch_chunks=100))
    store = embedctl.create(tmp_path / ".embedctl", runtime=TORCH)
    watched.fail_after = 250
    with pytest.raises(KeyboardInterrupt):
        store.index([write_records(tmp_path / "records.jsonl")], settings=fast(model))
    assert len(read_manifest(Layout(store.path)).samples) == 2
    watched.fail_after, watched.texts = 1_000_000, 0
    store.index()
    student = read_manifest(Layout(store.path)).student
    assert student is not None
    assert watched.texts == student.sample + student.held_out - 200
    whole = embedctl.create(tmp_path / "whole" / ".embedctl")
    whole.index([tmp_path / "records.jsonl"], settings=fast(model))
    assert np.array_equal(vectors(store), vectors(whole))


def test_a_full_store_is_distilled_without_the_model_and_keeps_its_vectors(
    model: str, watched: Watched, tmp_path: Path
) -> None:
    store = embedctl.create(tmp_path / ".embedctl", runtime=TORCH)
    store.index([write_records(tmp_path / "records.jsonl")], settings=SettingsRequest(model=model))
    with pytest.raises(ModelError, match="embedctl distill"):
        first_ids(store, "student")
    with pytest.raises(ModelError, match="embedctl distill"):
        store.student()
    before = vectors(store)
    watched.texts = 0
    store.distill()
    assert watched.texts == 0
    assert np.array_equal(vectors(store), before)
    assert read_manifest(Layout(store.path)).samples == ()
    check_answers(store, "student", student_card(store.student()).open())


def test_fast_and_full_change_only_by_rebuild_and_reuse_the_sample(
    store: embedctl.Store, watched: Watched, model: str
) -> None:
    sampled = read_manifest(Layout(store.path)).student
    assert sampled is not None
    with pytest.raises(MismatchError, match="--rebuild"):
        store.index(settings=fast(model, 1.0))
    report = store.index(settings=fast(model, 1.0), rebuild=True)
    assert watched.texts == report.counts["embedded"] == RECORDS - sampled.sample - sampled.held_out
    assert store.status()["encoder"]["teacher"] == ""
    full = vectors(store)
    with pytest.raises(MismatchError, match="--fast"):
        store.index(settings=fast(model))
    watched.texts = 0
    store.index(settings=fast(model), rebuild=True)
    assert watched.texts == 0
    assert not np.array_equal(vectors(store), full)
    assert store.status()["student"]["fingerprint"] == sampled.fingerprint


def test_distilling_again_lets_go_of_what_left_the_store(store: embedctl.Store, watched: Watched) -> None:
    layout = Layout(store.path)
    write_records(store.path.parent / "records.jsonl", 1_100)
    store.index()
    store.distill()
    manifest = read_manifest(layout)
    sampled = np.concatenate([read_sample_hashes(layout, sample) for sample in manifest.samples])
    held = np.concatenate([read_hashes(layout, part) for part in manifest.parts])
    assert manifest.student
    assert len(sampled) == manifest.student.sample + manifest.student.held_out
    assert np.isin(sampled[:, 0], held[:, 0]).all()
    assert watched.texts == 0


def test_few_chunks_are_embedded_by_the_model(model: str, watched: Watched, tmp_path: Path) -> None:
    store = embedctl.create(tmp_path / ".embedctl", runtime=TORCH)
    store.index([write_records(tmp_path / "few.jsonl", 20)], settings=fast(model))
    assert watched.texts == 20
    status = store.status()
    assert (status["settings"]["teacher_share"], status["student"]) == (1.0, None)
    with pytest.raises(UsageError, match="20 distinct chunks"):
        store.distill()


def test_a_copy_answers_without_the_model(
    store: embedctl.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(name: str) -> None:
        raise ModelError(f'There is no "{name}".', "")

    expected = first_ids(store, "student")
    shutil.copytree(store.path, tmp_path / "elsewhere" / ".embedctl")
    copy = embedctl.open(tmp_path / "elsewhere" / ".embedctl")
    monkeypatch.setattr("embedctl.encoders.card", gone)
    assert first_ids(copy, "student") == expected
    with pytest.raises(ModelError, match="--query-encoder student"):
        first_ids(copy, "teacher")


def test_a_damaged_student_is_refused_and_made_again(store: embedctl.Store, watched: Watched) -> None:
    layout = Layout(store.path)
    record = read_manifest(layout).student
    assert record is not None
    table = student_folder(layout, record) / "model.safetensors"
    table.write_bytes(table.read_bytes()[:-8])
    with pytest.raises(DamagedError, match="doctor --repair"):
        first_ids(store, "student")
    store.distill()
    assert first_ids(store, "student")
    assert watched.texts == 0


def test_the_student_is_exported_for_other_libraries(store: embedctl.Store, tmp_path: Path) -> None:
    store.export_student(tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "model.safetensors",
        "tokenizer.json",
        "config.json",
    }
    with pytest.raises(UsageError, match="not an empty folder"):
        store.export_student(tmp_path / "out")


def test_a_changed_model_is_refused_by_its_own_fingerprint(store: embedctl.Store, model: str) -> None:
    manifest = read_manifest(Layout(store.path))
    assert manifest.encoder is not None
    assert manifest.encoder.space == card(model).fingerprint != manifest.encoder.fingerprint
