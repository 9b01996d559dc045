"""Small sentence-transformers models with random weights, saved locally: every shape of model that is loaded."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing
from transformers import (
    BertConfig,
    BertModel,
    DistilBertConfig,
    DistilBertModel,
    MPNetConfig,
    MPNetModel,
    RobertaConfig,
    RobertaModel,
)

_WORDS = "the a key keys lock vault of and to is rotated every ninety days lost found search document query"
WORDS = _WORDS.split(" ")
DIM = 16
ARCHITECTURES = ("bert", "distilbert", "mpnet", "roberta")
"""The last two count positions from the padding token's id."""


def save_small_model(
    folder: Path,
    pooling: str = "mean",
    normalize: bool = True,
    max_tokens: int = 32,
    *,
    architecture: str = "bert",
    dense: int = 0,
    prompts: dict[str, str] | None = None,
    pool_prompt: bool = True,
) -> Path:
    """Save a two-layer transformer of 16 dimensions.

    ``pooling`` is ``mean``, ``cls``, ``max``, ``lasttoken`` or ``weightedmean``; ``dense`` dimensions of a layer
    behind it, 0: none; ``pool_prompt``: whether the tokens of the prompt are pooled.
    """
    folder.mkdir(parents=True)
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    # The padding token is not number 0 everywhere.
    specials = ["[CLS]", "[PAD]", "[UNK]", "[SEP]", "[MASK]"] if architecture in ("mpnet", "roberta") else []
    specials = specials or ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = {word: at for at, word in enumerate([*specials, *WORDS, *letters, *(f"##{c}" for c in letters)])}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.add_special_tokens(specials)
    tokenizer.normalizer = BertNormalizer()
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")}
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 64, **names}
    write(folder / "tokenizer_config.json", settings)
    torch.manual_seed(3)
    model = _transformer(architecture, max(vocabulary.values()) + 1, vocabulary["[PAD]"])
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, folder / "model.safetensors")
    config = {**model.config.to_dict(), "architectures": [type(model).__name__], "model_type": architecture}
    write(folder / "config.json", config)
    write(folder / "sentence_bert_config.json", {"max_seq_length": max_tokens, "do_lower_case": False})
    kinds = ["Transformer", "Pooling", *(["Dense"] if dense else []), *(["Normalize"] if normalize else [])]
    modules = [("" if at == 0 else f"{at}_{kind}", kind) for at, kind in enumerate(kinds)]
    write(
        folder / "modules.json",
        [
            {"idx": at, "name": str(at), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for at, (path, kind) in enumerate(modules)
        ],
    )
    for path, kind in modules[1:]:
        (folder / path).mkdir()
        if kind == "Dense":
            _save_dense(folder / path, dense)
    modes = {"mean": "mean_tokens", "cls": "cls_token", "max": "max_tokens", "lasttoken": "lasttoken"}
    modes["weightedmean"] = "weightedmean_tokens"
    chosen = {f"pooling_mode_{mode}": name == pooling for name, mode in modes.items()}
    write(
        folder / "1_Pooling" / "config.json",
        {"word_embedding_dimension": DIM, **chosen, "include_prompt": pool_prompt},
    )
    if prompts:
        write(folder / "config_sentence_transformers.json", {"prompts": prompts})
    return folder


def _transformer(architecture: str, words: int, pad: int) -> torch.nn.Module:
    sizes = {"vocab_size": words, "pad_token_id": pad, "max_position_embeddings": 64, "initializer_range": 0.5}
    if architecture == "distilbert":
        return DistilBertModel(DistilBertConfig(dim=DIM, n_layers=2, n_heads=2, hidden_dim=32, **sizes))
    sizes |= {"hidden_size": DIM, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    if architecture == "mpnet":
        return MPNetModel(MPNetConfig(**sizes))
    if architecture == "roberta":
        return RobertaModel(RobertaConfig(type_vocab_size=1, **sizes))
    return BertModel(BertConfig(**sizes))


def _save_dense(folder: Path, dim: int) -> None:
    layer = torch.nn.Linear(DIM, dim)
    save_file({f"linear.{name}": tensor for name, tensor in layer.state_dict().items()}, folder / "model.safetensors")
    write(
        folder / "config.json",
        {
            "in_features": DIM,
            "out_features": dim,
            "bias": True,
            "activation_function": "torch.nn.modules.activation.Tanh",
        },
    )


def write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")
