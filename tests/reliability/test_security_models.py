"""Model folders that would have code run, other files read or pickles opened are refused before a library sees them."""

from __future__ import annotations

import json
import pickle
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from embedctl.config import RuntimeConfig
from embedctl.encoders import card
from embedctl.encoders.model_folder import resolve
from embedctl.encoders.model_safety import SAFE_MODULES
from embedctl.errors import ModelError

sys.path.append(str(Path(__file__).parents[1] / "encoders"))
from small_models import save_small_model

Harm = Callable[[Path], object]


class Bomb:
    """What unpickles to a call."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (exec, ("raise SystemExit('a pickle ran')",))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return save_small_model(tmp_path / "model", dense=8)


def change(path: Path, **values: object) -> None:
    settings = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**settings, **values}))


def change_module(folder: Path, at: int, **values: str) -> None:
    modules = json.loads((folder / "modules.json").read_text())
    modules[at].update(values)
    (folder / "modules.json").write_text(json.dumps(modules))


def link_out(folder: Path, name: str) -> None:
    outside = folder.parent / "outside"
    shutil.move(folder / name, outside)
    (folder / name).symlink_to(outside)


def as_pickle(folder: Path, name: str) -> None:
    (folder / name / "model.safetensors").unlink()
    (folder / name / "pytorch_model.bin").write_bytes(pickle.dumps(Bomb()))


HARMS: dict[str, tuple[Harm, str]] = {
    "a module of its own": (lambda m: change_module(m, 0, type="modeling_evil.Model"), "code of its own"),
    "a module of another package": (lambda m: change_module(m, 0, type="os.system"), "code of its own"),
    "a name that only begins well": (
        lambda m: change_module(m, 0, type="sentence_transformers.x/../Pooling"),
        "code of",
    ),
    "a class that loads more": (lambda m: change_module(m, 0, type="sentence_transformers.models.Router"), "code of"),
    "no modules": (lambda m: (m / "modules.json").write_text("[]"), "no modules"),
    "modules that are no objects": (lambda m: (m / "modules.json").write_text('["x"]'), "does not hold"),
    "a path upwards": (lambda m: change_module(m, 1, path="../1_Pooling"), "outside its folder"),
    "a path upwards with a backslash": (lambda m: change_module(m, 1, path="..\\1_Pooling"), "outside its folder"),
    "an absolute path": (lambda m: change_module(m, 1, path="/etc"), "outside its folder"),
    "a link out for weights": (lambda m: link_out(m, "model.safetensors"), "a link out of its folder"),
    "a link out for a module": (lambda m: link_out(m, "1_Pooling"), "a link out of its folder"),
    "auto_map of the model": (lambda m: change(m / "config.json", auto_map={"AutoModel": "evil.Model"}), "auto_map"),
    "auto_map further down": (lambda m: change(m / "config.json", text_config={"auto_map": {"A": "b"}}), "auto_map"),
    "auto_map of the tokenizer": (lambda m: change(m / "tokenizer_config.json", auto_map={"A": "b"}), "auto_map"),
    "trust in its arguments": (
        lambda m: change(m / "sentence_bert_config.json", model_args={"trust_remote_code": True}),
        "trust_remote_code",
    ),
    "an activation that is a function": (
        lambda m: change(m / "2_Dense" / "config.json", activation_function="os.getcwd"),
        "activation_function",
    ),
    "an activation of torch that is code": (
        lambda m: change(m / "2_Dense" / "config.json", activation_function="torch.hub.load"),
        "activation_function",
    ),
    "a kernel from elsewhere": (
        lambda m: change(m / "config.json", _attn_implementation="somebody/kernel"),
        "_attn_implementation",
    ),
    "an adapter": (lambda m: change(m / "adapter_config.json", base_model_name_or_path="evil/base"), "adapter"),
    "pickled weights": (lambda m: as_pickle(m, ""), "Transformer module .* has no safetensors"),
    "pickled weights of a layer": (lambda m: as_pickle(m, "2_Dense"), "Dense module .* has no safetensors"),
    "settings without an end": (
        lambda m: (m / "config.json").write_text("[" * 100_000),
        "cannot be read|does not hold",
    ),
    "no fast tokenizer": (lambda m: (m / "tokenizer.json").unlink(), "has no tokenizer.json"),
}


@pytest.mark.parametrize("harm", HARMS)
def test_a_hostile_model_folder_is_refused(model: Path, harm: str) -> None:
    card.cache_clear()
    card(str(model))  # nothing is wrong with it before
    card.cache_clear()
    make, message = HARMS[harm]
    make(model)
    with pytest.raises(ModelError, match=message):
        card(str(model))


def test_pickles_beside_safetensors_are_not_opened(model: Path) -> None:
    """Models are published with both; a library that opened the wrong one would end this process."""
    for folder in (model, model / "2_Dense"):
        for name in ("pytorch_model.bin", "model.pt", "training_args.bin"):
            (folder / name).write_bytes(pickle.dumps(Bomb()))
    (model / "modeling_evil.py").write_text("raise SystemExit('the code beside a model ran')")
    encoder = card(str(model)).open(RuntimeConfig(runtime="torch"))
    assert encoder.encode_documents(["the key"]).shape == (1, encoder.dim)


def test_links_within_the_cache_of_the_hub_are_what_it_is_made_of(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = tmp_path / "hub" / "models--some--model"
    snapshot = repository / "snapshots" / "abc"
    shutil.copytree(model, repository / "blobs")
    snapshot.parent.mkdir()
    shutil.copytree(model, snapshot)
    for name in ("model.safetensors", "config.json"):
        (snapshot / name).unlink()
        (snapshot / name).symlink_to(f"../../blobs/{name}")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    card.cache_clear()
    assert resolve("some/model").path == snapshot
    card.cache_clear()
    (snapshot / "config.json").unlink()
    (snapshot / "config.json").symlink_to(model / "config.json")
    with pytest.raises(ModelError, match="a link out of its folder"):
        card("some/model")


def test_safe_modules_are_those_that_hold_weights_and_arithmetic() -> None:
    assert sorted(SAFE_MODULES) == ["Dense", "Normalize", "Pooling", "Transformer"]
