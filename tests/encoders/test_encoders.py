"""Encoders: the contract on the embedded model and on small local ones, and what is refused before it is loaded."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from small_models import WORDS, save_small_model, write

from embedctl.config import DEFAULT_MODEL, RuntimeConfig
from embedctl.contracts import Encoder
from embedctl.encoders import ENCODERS, card
from embedctl.encoders.model_folder import EMBEDDED_NAMES, ModelFolder, resolve
from embedctl.errors import EmbedctlError, ModelError, UsageError

if TYPE_CHECKING:
    from embedctl.contracts import Vectors

TEXTS = [
    "the key is lost",
    "keys rotated every ninety days",
    "",
    "a",
    "vault " * 20,
    "CAFÉ naïve 東京 🙂",
    "the key is lost",
]


@pytest.fixture(scope="module", params=[DEFAULT_MODEL, "mean", "cls", "max", "not normalized", "torch"])
def any_encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Encoder:
    if request.param == DEFAULT_MODEL:
        return encoder
    pooling = request.param if request.param in ("cls", "max") else "mean"
    folder = save_small_model(tmp_path_factory.mktemp("model") / "m", pooling, request.param != "not normalized")
    return card(str(folder)).open(RuntimeConfig("torch" if request.param == "torch" else "openvino"))


def alike(one: Vectors, other: Vectors) -> bool:
    """Whether vectors are those of the same texts, up to the precision of the processor's fastest arithmetic."""
    return bool(np.einsum("...d,...d->...", one, other).min() > 0.9998)


def test_vectors_are_unit_norm_float32_in_the_order_of_the_texts(any_encoder: Encoder) -> None:
    vectors = any_encoder.encode_documents(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), any_encoder.dim)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    for text, vector in zip(TEXTS, vectors, strict=True):
        assert alike(any_encoder.encode_documents([text])[0], vector)
    assert alike(vectors[0], vectors[-1])
    assert not alike(vectors[0], vectors[1])


def test_tokens_stand_for_their_texts(any_encoder: Encoder) -> None:
    tokenizer = card(any_encoder.name).tokenizer()
    assert tokenizer.fingerprint == any_encoder.tokenizer_fingerprint
    assert alike(any_encoder.encode_tokens(tokenizer.token_ids(TEXTS)), any_encoder.encode_documents(TEXTS))


def test_no_text_no_vector(any_encoder: Encoder) -> None:
    assert any_encoder.encode_documents([]).shape == (0, any_encoder.dim)
    assert any_encoder.encode_queries([]).shape == (0, any_encoder.dim)


def test_a_document_that_is_too_long_is_refused_and_a_query_is_cut(any_encoder: Encoder) -> None:
    long = "lost keys " * 400
    with pytest.raises(EmbedctlError, match=r"A chunk has \d+ tokens"):
        any_encoder.encode_documents(["a", long])
    assert any_encoder.encode_queries([long]).shape == (1, any_encoder.dim)


def test_batches_do_not_change_vectors(tmp_path: Path) -> None:
    folder = save_small_model(tmp_path / "m")
    large, small = (card(str(folder)).open(RuntimeConfig(batch_tokens=tokens)) for tokens in (4096, 8))
    assert alike(large.encode_documents(TEXTS), small.encode_documents(TEXTS))


def test_the_order_of_texts_is_kept_and_repeated_calls_agree(tmp_path: Path) -> None:
    """In many batches, several at a time."""
    encoder = card(str(save_small_model(tmp_path / "m"))).open(RuntimeConfig(batch_tokens=64))
    texts = [" ".join(WORDS[(row * 7 + at) % len(WORDS)] for at in range(1 + row % 11)) for row in range(300)]
    vectors = encoder.encode_documents(texts)
    assert np.array_equal(vectors, encoder.encode_documents(texts))
    backwards = encoder.encode_documents(texts[::-1])[::-1]
    assert alike(vectors, backwards)
    assert all(alike(encoder.encode_documents([texts[row]])[0], vectors[row]) for row in (0, 7, 150, 299))


@pytest.mark.parametrize("pooling", ["mean", "cls", "max"])
def test_pooling_is_the_models_own(tmp_path: Path, pooling: str) -> None:
    """Against the transformer itself, pooled by hand."""
    from transformers import AutoModel, AutoTokenizer

    folder = save_small_model(tmp_path / "m", pooling)
    encoded = AutoTokenizer.from_pretrained(folder)("the key is lost", return_tensors="pt")
    with torch.no_grad():
        tokens = AutoModel.from_pretrained(folder)(**encoded).last_hidden_state[0]
    by_hand = {"mean": tokens.mean(0), "cls": tokens[0], "max": tokens.max(0).values}[pooling].numpy()
    vector = card(str(folder)).open(RuntimeConfig()).encode_documents(["the key is lost"])[0]
    assert alike(vector, by_hand / np.linalg.norm(by_hand))


def test_prompts_are_the_models_own(tmp_path: Path) -> None:
    plain = card(str(save_small_model(tmp_path / "plain"))).open(RuntimeConfig())
    prompts = {"query": "search query: ", "document": "search document: "}
    folder = save_small_model(tmp_path / "prompted", prompts=prompts)
    prompted = card(str(folder)).open(RuntimeConfig())
    assert alike(prompted.encode_documents(["lost keys"]), plain.encode_documents(["search document: lost keys"]))
    assert alike(prompted.encode_queries(["lost keys"]), plain.encode_queries(["search query: lost keys"]))
    assert not alike(prompted.encode_queries(["lost keys"]), plain.encode_queries(["lost keys"]))
    assert prompted.fingerprint != plain.fingerprint
    tokenizer = card(str(folder)).tokenizer()
    assert tokenizer.count([""])[0] == tokenizer.overhead > card(plain.name).tokenizer().overhead


def test_every_part_of_the_fingerprint_counts(tmp_path: Path) -> None:
    seen = {card(str(save_small_model(tmp_path / "base"))).fingerprint}
    seen.add(card(str(save_small_model(tmp_path / "pooling", "cls"))).fingerprint)
    seen.add(card(str(save_small_model(tmp_path / "length", max_tokens=16))).fingerprint)
    weights = save_small_model(tmp_path / "weights") / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    seen.add(card(str(weights.parent)).fingerprint)
    assert len(seen) == 4
    copy = shutil.copytree(tmp_path / "base", tmp_path / "copy")
    assert card(str(copy)).fingerprint in seen


def test_the_embedded_model_goes_by_all_its_names() -> None:
    folders = [card(name) for name in sorted(EMBEDDED_NAMES)]
    assert {folder.name for folder in folders} == {DEFAULT_MODEL}
    assert {folder.max_tokens for folder in folders} == {256}
    assert len({folder.fingerprint for folder in folders}) == 1


def test_embedded_weights_that_are_not_the_published_ones_are_never_loaded(tmp_path: Path) -> None:
    real = resolve(DEFAULT_MODEL)
    folder = shutil.copytree(real.path, tmp_path / "model")
    data = bytearray((folder / "model.safetensors").read_bytes())
    data[5_000_000] ^= 1
    (folder / "model.safetensors").write_bytes(data)
    damaged = ModelFolder(real.name, folder, real.expected_sha256)
    with pytest.raises(ModelError, match="not the published ones"):
        damaged.open()


@pytest.mark.parametrize("name", ["no/such-model", "nothing", "./not/here", "/not/here", "~/not-here", "a b\0c"])
def test_a_model_that_is_not_here_says_how_to_get_it(name: str) -> None:
    with pytest.raises(ModelError) as caught:
        card(name)
    assert caught.value.exit_code == 5
    assert "hf download" in caught.value.hint or "--model" in caught.value.hint


def test_a_hub_model_is_found_in_the_local_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "hub"
    snapshot = cache / "models--acme--small" / "snapshots" / "0123456789abcdef0123456789abcdef01234567"
    save_small_model(snapshot)
    (cache / "models--acme--small" / "refs").mkdir()
    (cache / "models--acme--small" / "refs" / "main").write_text(snapshot.name, encoding="utf-8")
    monkeypatch.setenv("HF_HUB_CACHE", str(cache))
    assert resolve("acme/small").path == snapshot
    monkeypatch.delenv("HF_HUB_CACHE")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    assert resolve("acme/small").path == snapshot
    with pytest.raises(ModelError, match="hf download acme/other"):
        resolve("acme/other")


def harm_modules(folder: Path, **change: str) -> None:
    modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    modules[1].update(change)
    write(folder / "modules.json", modules)


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda folder: (folder / "modules.json").unlink(), "no modules.json"),
        (lambda folder: (folder / "modules.json").write_text("{"), "cannot be read"),
        (lambda folder: (folder / "modules.json").write_text("{}"), "does not hold"),
        (lambda folder: harm_modules(folder, type="evil.module.Code"), "could run code"),
        (lambda folder: harm_modules(folder, type="custom_st.Pooling"), "could run code"),
        (lambda folder: harm_modules(folder, path="../outside"), "outside its folder"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "no tokenizer.json"),
        (lambda folder: (folder / "model.safetensors").rename(folder / "pytorch_model.bin"), "no safetensors"),
        (lambda folder: write(folder / "config.json", {"auto_map": {"AutoModel": "evil.Model"}}), "code of its own"),
    ],
)
def test_unsafe_or_broken_models_are_refused_before_they_are_loaded(tmp_path: Path, harm: object, message: str) -> None:
    folder = save_small_model(tmp_path / "m")
    harm(folder)  # type: ignore[operator]
    with pytest.raises(ModelError, match=message):
        card(str(folder))


def test_unknown_kinds_list_the_choices() -> None:
    with pytest.raises(UsageError, match='Did you mean "sentence-transformers"'):
        ENCODERS.load("sentence-transformer")


def test_a_vector_does_not_depend_on_what_is_embedded_beside_it(encoder: Encoder) -> None:
    """Up to rounding of float32, though the model may compute in bfloat16: lengths from one word to sixty."""
    texts = [" ".join(f"word{at} of wing and lift" for at in range(count)) for count in range(1, 13)]
    for encode in (encoder.encode_documents, encoder.encode_queries):
        alone = np.concatenate([encode([text]) for text in texts])
        np.testing.assert_allclose(encode(texts), alone, atol=1e-6)
        np.testing.assert_allclose(encode([*texts[::-1], texts[5]])[:-1], alone[::-1], atol=1e-6)
