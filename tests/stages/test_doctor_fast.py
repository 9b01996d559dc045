"""``doctor --repair`` in stores with a student: a small model, and many small chunks."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from damage import flip, garbage, remove

import embedctl
from embedctl import QueryConfig, SettingsRequest, encoders
from embedctl.config import DistillConfig, RuntimeConfig
from embedctl.contracts import Encoder, TokenIds
from embedctl.encoders.model_folder import ModelFolder
from embedctl.store.layout import Layout
from embedctl.store.manifest import Manifest
from embedctl.store.parts import read_vectors
from embedctl.store.writer import read_manifest

if TYPE_CHECKING:
    from embedctl.contracts import Vectors

RECORDS = 400
WORDS = ["key", "keys", "lock", "vault", "rotated", "every", "ninety", "days", "lost"]


class Watched:
    """An encoder that counts the texts of more than one token that it is given."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.name, self.fingerprint, self.dim = encoder.name, encoder.fingerprint, encoder.dim
        self.tokenizer_fingerprint = encoder.tokenizer_fingerprint
        self.texts = 0

    def encode_tokens(self, tokens: TokenIds) -> Vectors:
        self.texts += int((np.diff(tokens.offsets) > 1).sum())
        return self._encoder.encode_tokens(tokens)

    def encode_documents(self, texts: list[str]) -> Vectors:
        self.texts += len(texts)
        return self._encoder.encode_documents(texts)

    def encode_queries(self, texts: list[str]) -> Vectors:
        return self._encoder.encode_queries(texts)


def use(patch: pytest.MonkeyPatch, encoder: object) -> None:
    for module in ("stages.pipeline", "stages.distill"):
        patch.setattr(f"embedctl.{module}.DistillConfig", lambda: DistillConfig(least_chunks=100, least_sample=100))
    patch.setattr(ModelFolder, "open", lambda *_: encoder)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    sys.path.insert(0, str(Path(__file__).parents[1] / "encoders"))
    from small_models import save_small_model

    folder = str(save_small_model(tmp_path_factory.mktemp("models") / "teacher"))
    watched = Watched(encoders.card(folder).open(RuntimeConfig("torch")))
    watched.name = folder
    return watched


@pytest.fixture(scope="module", params=["fast", "whole"])
def made(request: pytest.FixtureRequest, teacher: Watched, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store over records: its vectors are those of the student, or of the model."""
    folder = tmp_path_factory.mktemp("made")
    random = np.random.default_rng(0)
    texts = [" ".join([*random.choice(WORDS, 8), *(chr(97 + int(c)) for c in str(n))]) for n in range(RECORDS)]
    rows = [json.dumps({"id": str(number), "text": text}) for number, text in enumerate(texts)]
    (folder / "records.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    share = 0.3 if request.param == "fast" else 1.0
    with pytest.MonkeyPatch.context() as patch:
        use(patch, teacher)
        store = embedctl.create(folder / ".embedctl")
        store.index([folder / "records.jsonl"], settings=SettingsRequest(model=teacher.name, teacher_share=share))
        if request.param == "whole":
            store.distill()
    return folder


@pytest.fixture
def store(made: Path, tmp_path: Path, teacher: Watched, monkeypatch: pytest.MonkeyPatch) -> embedctl.Store:
    use(monkeypatch, teacher)
    shutil.copytree(made, tmp_path / "copy")
    teacher.texts = 0
    return embedctl.open(tmp_path / "copy" / ".embedctl")


def manifest_of(store: embedctl.Store) -> Manifest:
    return read_manifest(Layout(store.path))


def vectors(store: embedctl.Store) -> Vectors:
    return np.concatenate([read_vectors(Layout(store.path), part) for part in manifest_of(store).parts])


@pytest.mark.parametrize("harm", [flip, garbage, remove])
def test_a_damaged_student_is_fitted_again_or_dropped(store: embedctl.Store, harm: Callable[[Path], None]) -> None:
    before, stored = manifest_of(store), vectors(store)
    assert before.student
    harm(Layout(store.path).student(before.student.fingerprint) / "model.safetensors")
    report = store.doctor(repair=True)
    assert [one.kind for one in report.findings if one.severity == "damage"] == ["student"]
    assert report.exit_code == 0
    after = manifest_of(store)
    if before.settings.fast:
        assert after.student
        assert store.doctor(deep=True).exit_code == 0
        assert np.einsum("ij,ij->i", vectors(store), stored).min() > 0.9999
    else:
        assert after.student is None
        assert any("embedctl distill" in told for told in report.done)
        assert (vectors(store) == stored).all()
    assert store.query("lost key", QueryConfig(n=3)).hits


def test_lost_embeddings_are_made_by_what_made_them(store: embedctl.Store, teacher: Watched) -> None:
    manifest, stored = manifest_of(store), vectors(store)
    part = manifest.parts[0]
    assert part.embeddings
    garbage(Layout(store.path).embeddings(part.embeddings.made_with, part.number))
    report = store.doctor(repair=True)
    assert report.exit_code == 0
    assert report.counts["embedded"] == RECORDS
    assert teacher.texts == (0 if manifest.settings.fast else RECORDS)
    assert np.einsum("ij,ij->i", vectors(store), stored).min() > 0.9999
    assert manifest_of(store).student == manifest.student


def test_damaged_samples_are_let_go(store: embedctl.Store, teacher: Watched) -> None:
    samples = manifest_of(store).samples
    if not samples:
        pytest.skip("what the model embedded are the store's own vectors")
    for sample in samples:
        garbage(Layout(store.path).sample(sample.number))
    report = store.doctor(repair=True)
    assert {one.kind for one in report.findings if one.severity == "damage"} == {"samples"}
    assert report.exit_code == 0
    assert not manifest_of(store).samples
    assert not teacher.texts
    assert store.query("lost key").hits
