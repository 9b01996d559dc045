"""Cards: which specification names which encoder, what its card knows, and that an open model is shared."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from pathlib import Path

import numpy as np
import pytest
from installed import install
from small_models import save_small_model

import embedctl
from embedctl.config import DEFAULT_MODEL, RuntimeConfig, SettingsRequest
from embedctl.encoders import ENCODERS, card, student_card, token_encoder
from embedctl.encoders.machine_cache import sha256_file
from embedctl.encoders.model_folder import resolve
from embedctl.encoders.static_format import (
    TABLE,
    StaticFacts,
    fingerprint_of,
    write_rest,
    write_table,
)
from embedctl.errors import ModelError, UsageError

TOY = """
import numpy as np
from embedctl.encoders import Card

class Toy:
    name, fingerprint, shape, dim = "toy:3", "70793a3300000000", "dense", 3

    def encode_documents(self, texts):
        counts = np.array([[1.0 + text.count(vowel) for vowel in "aei"] for text in texts], dtype=np.float32)
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)

    encode_queries = encode_documents

class ToyCard(Card):
    kind = "toy"
    fingerprint = Toy.fingerprint

    def open(self, runtime=None, message=None):
        return Toy()

def card(spec):
    return ToyCard("toy:3")
"""


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that offers the encoder ``toy``, as if it were installed."""
    install(tmp_path / "site", "acme_toy", TOY, {"embedctl.encoders": {"toy": "acme_toy:card"}})
    monkeypatch.syspath_prepend(tmp_path / "site")


def test_an_installed_encoder_makes_a_store_that_answers(toy: None, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for name, text in (("a", "aaa banana"), ("e", "eel tree"), ("i", "igi")):
        (tmp_path / "docs" / f"{name}.txt").write_text(text, encoding="utf-8")
    store = embedctl.create(tmp_path / ".embedctl")
    store.index([tmp_path / "docs"], settings=SettingsRequest(model="toy"))
    assert store.status()["settings"]["model"] == "toy:3"
    answer = store.query("eee", embedctl.QueryConfig(mode="dense"))
    assert answer.hits[0].path == "docs/e.txt"
    assert store.doctor(deep=True).findings == []


def test_an_installed_encoder_comes_after_models(toy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_small_model(tmp_path / "toy")
    card.cache_clear()
    assert card("toy").kind == "sentence-transformers"
    assert card("toy:3").kind == "toy"
    card.cache_clear()


def test_a_misspelt_kind_is_answered_with_the_nearest() -> None:
    with pytest.raises(ModelError, match=r'not on this machine.*Did you mean "hashing"\?'):
        card("hashin")


@pytest.mark.parametrize("kind", ENCODERS.names())
def test_every_kind_says_how_it_is_named(kind: str) -> None:
    with pytest.raises((ModelError, UsageError)) as caught:
        card(f"{kind}:no such thing")
    assert caught.value.hint


def test_a_model_may_be_named_with_its_kind() -> None:
    assert card(f"sentence-transformers:{DEFAULT_MODEL}") == card(DEFAULT_MODEL)


@pytest.mark.parametrize("spec", [DEFAULT_MODEL, "hashing", "hashing:64"])
def test_what_a_card_knows_is_what_the_encoder_is(spec: str) -> None:
    known = card(spec)
    encoder = known.open()
    assert card(known.name) == known
    assert (known.name, known.fingerprint, known.shape) == (encoder.name, encoder.fingerprint, encoder.shape)
    assert known.space == known.fingerprint
    assert known.max_tokens == known.tokenizer().max_tokens
    tokens = token_encoder(encoder)
    assert (tokens is not None) == (known.tokenizer_json is not None)
    if tokens:
        assert tokens.tokenizer_fingerprint == known.tokenizer().fingerprint


def test_a_card_does_not_import_what_runs_the_model() -> None:
    program = (
        "import sys\nfrom embedctl.encoders import card\n"
        f"for spec in ({DEFAULT_MODEL!r}, 'hashing'):\n"
        "    known = card(spec)\n"
        "    known.fingerprint, known.max_tokens, known.languages, known.weights_bytes\n"
        "    known.tokenizer().count(['x'])\n"
        "print(sorted({'torch', 'openvino', 'sentence_transformers', 'importlib.metadata'} & set(sys.modules)))\n"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"


def test_a_model_in_use_is_shared_and_one_out_of_use_is_let_go(tmp_path: Path) -> None:
    model = resolve(str(save_small_model(tmp_path / "model")))
    encoder = model.open()
    assert resolve(str(tmp_path / "model")).open() is encoder
    assert model.open(RuntimeConfig(batch_tokens=64)) is not encoder
    left = weakref.ref(encoder)
    del encoder
    gc.collect()
    assert left() is None


@pytest.fixture
def student(tmp_path: Path) -> Path:
    """A student of a small model, which fits no corpus."""
    teacher = resolve(str(save_small_model(tmp_path / "teacher")))
    folder = tmp_path / "student"
    folder.mkdir()
    assert teacher.max_tokens is not None
    table = np.random.default_rng(1).standard_normal((teacher.tokenizer().vocabulary, 12)).astype(np.float32)
    write_table(folder / TABLE, table)
    fingerprint = fingerprint_of(sha256_file(folder / TABLE), teacher.tokenizer().fingerprint, teacher.fingerprint)
    facts = StaticFacts("teacher", teacher.fingerprint, teacher.max_tokens, "", fingerprint)
    write_rest(folder, teacher.tokenizer_json, facts)
    return folder


def test_a_student_is_an_encoder_for_other_stores(student: Path, tmp_path: Path) -> None:
    known = card(f"static:{student}")
    assert known == student_card(student.resolve())
    assert known.space == resolve(str(tmp_path / "teacher")).fingerprint != known.fingerprint
    (tmp_path / "note.txt").write_text("The key is lost.\n", encoding="utf-8")
    store = embedctl.create(tmp_path / ".embedctl")
    store.index([tmp_path / "note.txt"], settings=SettingsRequest(model=f"static:{student}"))
    assert store.query("lost key", embedctl.QueryConfig(mode="dense")).hits[0].path == "note.txt"


def test_a_student_that_was_changed_is_refused(student: Path, tmp_path: Path) -> None:
    table = student / TABLE
    table.write_bytes(table.read_bytes()[:-1] + b"\7")
    with pytest.raises(ModelError, match="not what its configuration says"):
        card(f"static:{student}")
    with pytest.raises(ModelError, match="no static encoder"):
        card(f"static:{tmp_path}")


@pytest.mark.parametrize("spec", ["hashing", "static"])
def test_what_is_fast_already_is_not_distilled(spec: str, student: Path, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("The key is lost.\n", encoding="utf-8")
    store = embedctl.create(tmp_path / ".embedctl")
    model = f"static:{student}" if spec == "static" else spec
    with pytest.raises(UsageError, match="No encoder can be distilled"):
        store.index([tmp_path / "note.txt"], settings=SettingsRequest(model=model, teacher_share=0.3))
    assert not (tmp_path / ".embedctl" / "manifest.json").exists()
