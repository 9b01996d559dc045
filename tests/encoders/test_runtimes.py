"""Both runtimes give what sentence-transformers gives, and say so where one of them cannot."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer
from small_models import ARCHITECTURES, save_small_model, write

from embedctl.config import RuntimeConfig
from embedctl.encoders import card
from embedctl.errors import ModelError, UsageError

PROMPTS = {"query": "search query: ", "document": "search document: "}
KINDS: dict[str, dict[str, Any]] = {
    **{name: {"architecture": name} for name in ARCHITECTURES},
    **{pooling: {"pooling": pooling} for pooling in ("cls", "max", "lasttoken", "weightedmean")},
    "dense": {"dense": 8},
    "no normalization": {"normalize": False},
    "prompts": {"prompts": PROMPTS},
    "prompts that are not pooled": {"prompts": PROMPTS, "pool_prompt": False},
    "mpnet, cls, prompts that are not pooled": {
        "architecture": "mpnet", "pooling": "cls", "prompts": PROMPTS, "pool_prompt": False,
    },
}  # fmt: skip
TEXTS = ["the key is lost", "keys", "vault " * 20, "lost found search the a " * 4, "every ninety days"]

Tell = Callable[[str, str], None]


@pytest.fixture
def told() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def tell(told: list[tuple[str, str]]) -> Tell:
    return lambda kind, text: told.append((kind, text))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine's cache with nothing in it."""
    monkeypatch.setenv("EMBEDCTL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def odd_model(tmp_path: Path) -> Path:
    """A model of which the traced graph is another one: weights by position, counted from behind the prompt."""
    return save_small_model(tmp_path / "odd", "weightedmean", prompts=PROMPTS, pool_prompt=False)


@pytest.mark.parametrize("kind", KINDS)
def test_both_runtimes_are_sentence_transformers(tmp_path: Path, kind: str) -> None:
    folder = save_small_model(tmp_path / "m", **KINDS[kind])
    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    encoders = [card(str(folder)).open(RuntimeConfig(name)) for name in ("openvino", "torch")]
    assert encoders[0].fingerprint == encoders[1].fingerprint
    for prompt, name in (("query", "encode_queries"), ("document", "encode_documents")):
        given = PROMPTS[prompt] if "prompts" in kind else ""
        expected = model.encode(TEXTS, prompt=given, normalize_embeddings=True)
        assert expected.shape == (len(TEXTS), encoders[0].dim)
        for encoder, least in zip(encoders, (0.9995, 0.999999), strict=True):
            vectors = getattr(encoder, name)(TEXTS)
            assert np.einsum("nd,nd->n", vectors, expected).min() > least
    assert (expected @ expected.T)[np.triu_indices(len(TEXTS), 1)].max() < 0.99  # texts could be told apart


def test_a_model_that_cannot_be_converted_runs_with_torch_and_says_so(
    cache: Path, odd_model: Path, tell: Tell, told: list[tuple[str, str]]
) -> None:
    vectors = card(str(odd_model)).open(RuntimeConfig(), tell).encode_documents(TEXTS)
    assert [kind for kind, _ in told] == ["info", "warning"]
    assert "cannot be converted for OpenVINO: its vectors would differ from torch's (cosine 0." in told[1][1]
    assert "It runs with torch instead" in told[1][1]
    expected = card(str(odd_model)).open(RuntimeConfig("torch"), tell).encode_documents(TEXTS)
    assert np.array_equal(vectors, expected)
    assert len(told) == 2
    with pytest.raises(ModelError, match=r"cannot be converted .*Run it with: --runtime torch"):
        card(str(odd_model)).open(RuntimeConfig("openvino"), tell)
    assert len(told) == 2, "it was tried again"


def test_conversion_is_told_once(cache: Path, tmp_path: Path, tell: Tell, told: list[tuple[str, str]]) -> None:
    folder = save_small_model(tmp_path / "m")
    for _ in range(2):
        card(str(folder)).open(RuntimeConfig(), tell).encode_queries(["keys"])
    assert [kind for kind, _ in told] == ["info", "detail"]
    assert "this is done once" in told[0][1]


def test_without_a_cache_it_works_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tell: Tell, told: list[tuple[str, str]]
) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    monkeypatch.setenv("EMBEDCTL_CACHE", str(tmp_path / "file" / "cache"))
    encoder = card(str(save_small_model(tmp_path / "m"))).open(RuntimeConfig(), tell)
    assert np.allclose(np.linalg.norm(encoder.encode_documents(TEXTS * 20), axis=1), 1.0, atol=1e-5)
    assert [kind for kind, _ in told] == ["info", "detail", "warning"]
    assert "cannot be kept" in told[2][1]


@pytest.mark.parametrize("harmed", ["model.bin", "model.xml", "contents.json", "latency"])
@pytest.mark.parametrize("harm", ["flip", "cut", "remove"])
def test_a_damaged_cache_is_made_anew(cache: Path, tmp_path: Path, harmed: str, harm: str) -> None:
    folder = save_small_model(tmp_path / "m")
    before = card(str(folder)).open(RuntimeConfig("openvino")).encode_queries(TEXTS[:1])
    found = [path for path in cache.rglob("*") if path.is_file() and harmed in path.relative_to(cache).as_posix()]
    assert found
    for path in found:
        data = bytearray(path.read_bytes())
        path.chmod(0o600)
        data[len(data) // 2] ^= 1
        path.write_bytes({"flip": bytes(data), "cut": bytes(data[:-1]), "remove": b""}[harm])
        if harm == "remove":
            path.unlink()
    after = card(str(folder)).open(RuntimeConfig("openvino")).encode_queries(TEXTS[:1])
    assert np.allclose(before, after, atol=1e-3)
    assert not list(cache.rglob(".new-*"))


CONVERT = """
import sys
from embedctl.config import RuntimeConfig
from embedctl.encoders import card
told = []
encoder = card(sys.argv[1]).open(RuntimeConfig("openvino"), lambda kind, text: told.append(kind))
print(encoder.encode_queries(["keys"]).tolist())
"""


def test_two_processes_may_convert_at_once(cache: Path, tmp_path: Path) -> None:
    folder = save_small_model(tmp_path / "m")
    command = [sys.executable, "-c", CONVERT, str(folder)]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [child.communicate()[0] for child in children]
    assert [child.returncode for child in children] == [0, 0]
    # One compiled the model, the other may have loaded what it compiled: the last bits can differ.
    np.testing.assert_allclose(*(json.loads(line) for line in said), rtol=0, atol=1e-6)
    assert len(list(cache.rglob("model.bin"))) == 1
    assert not list(cache.rglob(".new-*"))


def test_models_of_older_versions_are_removed(cache: Path, tmp_path: Path) -> None:
    folder = save_small_model(tmp_path / "m")
    card(str(folder)).open(RuntimeConfig())
    (made,) = (cache / "openvino").glob("*/*")
    version, precision = made.name.split("-")
    older, newer = made.with_name(f"2024.6.0-{precision}"), made.with_name(f"{int(version[:4]) + 9}.0.0-{precision}")
    older.mkdir()
    newer.mkdir()
    (made / "contents.json").unlink()
    card(str(folder)).open(RuntimeConfig())
    assert sorted(path.name for path in made.parent.iterdir()) == sorted([made.name, newer.name])


def test_devices_that_are_not_there(tmp_path: Path) -> None:
    folder = str(save_small_model(tmp_path / "m"))
    with pytest.raises(UsageError, match=r'The device "cuda:7" cannot be used: .* Here torch has: '):
        card(folder).open(RuntimeConfig(device="cuda:7"))
    with pytest.raises(UsageError, match='The device "quantum" cannot be used: '):
        card(folder).open(RuntimeConfig("torch", "quantum"))
    with pytest.raises(UsageError, match="The OpenVINO runtime uses the CPU"):
        card(folder).open(RuntimeConfig("openvino", "cuda"))


def test_a_tokenizer_that_is_not_the_models_is_refused(tmp_path: Path) -> None:
    """sentence-transformers lowers every text for it, its ``tokenizer.json`` does not."""
    folder = save_small_model(tmp_path / "m")
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer["normalizer"]["lowercase"] = False
    write(folder / "tokenizer.json", tokenizer)
    write(folder / "sentence_bert_config.json", {"max_seq_length": 32, "do_lower_case": True})
    with pytest.raises(ModelError, match=r"is not what its tokenizer\.json says"):
        card(str(folder)).open(RuntimeConfig())
