"""Embedding throughput, in turns on the same texts: embedctl, ``SentenceTransformer.encode``, a bare OpenVINO loop."""

from __future__ import annotations

import statistics
import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from embedctl.config import DEFAULT_MODEL, RuntimeConfig
from embedctl.encoders import card, token_encoder
from embedctl.encoders.model_folder import resolve

from .results import Row
from .stores import collection_store, store_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from .bench import Bench

    Runner = Callable[[], NDArray[np.float32]]

NAME = "embedding"
SENTENCE_TRANSFORMER = "SentenceTransformer.encode, float32"
BARE = "OpenVINO alone, batches ready"
ROUNDS = 4
"""At most; one more, which warms up, is not counted."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts of like length, tokenized and padded."""

    rows: NDArray[np.intp]
    ids: NDArray[np.int64]
    mask: NDArray[np.int64]


def measure(bench: Bench) -> Iterator[Row]:
    """Embed texts of the first collection."""
    collection = bench.collections[0]
    texts = sample(store_rows(collection_store(bench, collection)).texts, bench.texts, bench.seed)
    tokens = sum(card(DEFAULT_MODEL).tokenizer().count(texts))
    bench.say(f"{len(texts)} texts of {collection.name}, {tokens:,} tokens: loading models")
    case = f"{collection.name}, {len(texts)} texts, {tokens / len(texts):.0f} tokens each"
    runners, precision = _runners(texts)
    seconds: dict[str, list[float]] = {name: [] for name in runners}
    vectors: dict[str, NDArray[np.float32]] = {}
    for turn in range(1 + min(ROUNDS, bench.repeat)):
        for name, runner in runners.items():
            start = time.perf_counter()
            vectors[name] = runner()
            spent = time.perf_counter() - start
            bench.say(f"{name}: {len(texts) / spent:.0f} texts/s")
            if turn:
                seconds[name].append(spent)
    median = {name: statistics.median(spent) for name, spent in seconds.items()}
    for name, spent in median.items():
        engine = f"{name}, {precision}" if name == BARE else name
        yield Row(NAME, case, engine, "texts", len(texts) / spent, "texts/s")
        yield Row(NAME, case, engine, "tokens", tokens / spent, "tokens/s")
        yield Row(NAME, case, engine, "of SentenceTransformer", median[SENTENCE_TRANSFORMER] / spent, "x")
        yield Row(NAME, case, engine, "of OpenVINO alone", median[BARE] / spent, "x")
        yield Row(NAME, case, engine, "least cosine", least_cosine(vectors[name], vectors[SENTENCE_TRANSFORMER]), "")


def sample(texts: Sequence[str], count: int, seed: int) -> list[str]:
    """Return ``count`` of the texts, the same ones every time; repeated where there are fewer."""
    order = np.random.default_rng(seed).permutation(len(texts))
    return [texts[order[place % len(order)]] for place in range(count)]


def least_cosine(vectors: NDArray[np.float32], others: NDArray[np.float32]) -> float:
    """Return the least cosine between rows of two matrices of unit-norm vectors."""
    return float(np.einsum("ij,ij->i", vectors.astype(np.float64), others.astype(np.float64)).min())


def batches(ids: Sequence[Sequence[int]], most_tokens: int) -> Iterator[Batch]:
    """Yield texts packed longest first, at most ``most_tokens`` padded tokens in a batch."""
    lengths = np.array([len(each) for each in ids])
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        longest = int(lengths[order[start]])
        rows = order[start : start + max(1, most_tokens // longest)]
        start += len(rows)
        padded = np.zeros((len(rows), longest), dtype=np.int64)
        for place, row in enumerate(rows):
            padded[place, : lengths[row]] = ids[row]
        yield Batch(rows, padded, (np.arange(longest) < lengths[rows, np.newaxis]).astype(np.int64))


def _runners(texts: list[str]) -> tuple[dict[str, Runner], str]:
    """Return what embeds the texts, by name, and the precision of OpenVINO alone."""
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    encoder = card(DEFAULT_MODEL).open(RuntimeConfig())
    by_tokens = token_encoder(encoder)
    assert by_tokens is not None
    kept = card(DEFAULT_MODEL).tokenizer().token_ids(texts)
    transformer = SentenceTransformer(str(resolve(DEFAULT_MODEL).path), device="cpu", local_files_only=True)
    bare, precision = _bare(transformer, texts)
    return {
        "embedctl": lambda: encoder.encode_documents(texts),
        "embedctl, tokens kept": lambda: by_tokens.encode_tokens(kept),
        SENTENCE_TRANSFORMER: lambda: np.asarray(transformer.encode(texts, show_progress_bar=False)),
        BARE: bare,
    }, precision


def _bare(transformer: Any, texts: list[str]) -> tuple[Runner, str]:
    """Return a loop over batches that are ready, through the model converted here, and its precision."""
    import openvino
    import torch

    class Whole(torch.nn.Module):
        """Transformer, mean pooling and normalization in one graph."""

        def __init__(self, model: Any) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            hidden = self.model(input_ids=input_ids, attention_mask=attention_mask)[0]
            weights = attention_mask.unsqueeze(-1).to(hidden.dtype)
            return torch.nn.functional.normalize((hidden * weights).sum(1) / weights.sum(1).clamp(min=1e-9), dim=1)

    example = {name: torch.ones(2, 8, dtype=torch.int64) for name in ("input_ids", "attention_mask")}
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tracing, which tells what it makes constant
        converted = openvino.convert_model(Whole(transformer[0].auto_model.eval()).eval(), example_input=example)
    core = openvino.Core()
    precision = "bf16" if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "f32"
    hints = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "THROUGHPUT"}
    compiled = core.compile_model(converted, "CPU", hints)
    tokenizer = transformer.tokenizer
    ids = tokenizer(texts, truncation=True, max_length=transformer.max_seq_length)["input_ids"]
    ready = list(batches(ids, RuntimeConfig().batch_tokens))
    vectors = np.empty((len(texts), transformer.get_embedding_dimension()), dtype=np.float32)
    queue = openvino.AsyncInferQueue(compiled)

    def take(request: Any, rows: NDArray[np.intp]) -> None:
        vectors[rows] = request.get_output_tensor(0).data

    queue.set_callback(take)

    def runner() -> NDArray[np.float32]:
        for batch in ready:
            queue.start_async({0: batch.ids, 1: batch.mask}, batch.rows)
        queue.wait_all()
        return vectors.copy()

    return runner, precision
