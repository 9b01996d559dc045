"""Static encoders: pooling against a naive loop, the fit against a planted teacher, the files against their readers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from safetensors.numpy import load_file
from small_models import WORDS, save_small_model

from embedctl.config import FitConfig
from embedctl.contracts import TokenIds
from embedctl.encoders import card, student_card
from embedctl.encoders import static as static_module
from embedctl.encoders.static_fit import fit, token_weights
from embedctl.encoders.static_format import (
    CONFIG,
    TABLE,
    StaticFacts,
    fingerprint_of,
    map_table,
    write_rest,
    write_table,
)
from embedctl.errors import DamagedError

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIM = 12
VOCABULARY = 300


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small_model(tmp_path_factory.mktemp("teacher") / "model")


@pytest.fixture
def folder(tmp_path: Path, teacher: Path) -> Path:
    """A student with a random table."""
    rows = card(str(teacher)).tokenizer().vocabulary
    table = np.random.default_rng(1).standard_normal((rows, DIM)).astype(np.float32)
    write_table(tmp_path / TABLE, table)
    write_rest(tmp_path, teacher / "tokenizer.json", StaticFacts("m", "t" * 16, 32, "", "f" * 16))
    return tmp_path


def random_tokens(texts: int, seed: int = 0, vocabulary: int = VOCABULARY, least: int = 1) -> TokenIds:
    random = np.random.default_rng(seed)
    counts = random.integers(least, 12, texts)
    ids = (vocabulary * random.random(counts.sum()) ** 2).astype(np.int32)
    return TokenIds(ids, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))


def naive(tokens: TokenIds, table: NDArray[np.float32]) -> NDArray[np.float64]:
    """The mean of each text's rows, normalized; of all rows where it has none."""
    vectors = []
    for start, end in zip(tokens.offsets, tokens.offsets[1:], strict=False):
        rows = [table[token].astype(np.float64) for token in tokens.ids[start:end]] or list(table.astype(np.float64))
        mean = sum(rows) / len(rows)
        vectors.append(mean / np.linalg.norm(mean))
    return np.array(vectors)


def test_vectors_are_normalized_means_of_token_rows(folder: Path) -> None:
    student = student_card(folder).open()
    table = load_file(folder / TABLE)["embeddings"]
    tokens = random_tokens(60, vocabulary=len(table), least=0)
    assert (np.diff(tokens.offsets) == 0).any()
    np.testing.assert_allclose(student.encode_tokens(tokens), naive(tokens, table), atol=1e-6)
    assert student.encode_tokens(TokenIds(tokens.ids[:0], tokens.offsets[:1])).shape == (0, DIM)
    with pytest.raises(IndexError):
        student.encode_tokens(TokenIds(np.array([len(table)], dtype=np.int32), np.array([0, 1])))


def test_a_bulk_has_the_bytes_of_one_by_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    student = student_card(folder).open()
    tokens = random_tokens(500, vocabulary=70, least=0)
    alone = student.encode_tokens(tokens)
    monkeypatch.setattr(static_module, "BULK_TOKENS", 1)
    assert np.array_equal(student.encode_tokens(tokens), alone)


def test_texts_are_tokenized_as_the_teacher_does(folder: Path, teacher: Path) -> None:
    student, tokenizer = student_card(folder).open(), card(str(teacher)).tokenizer()
    texts = [" ".join(WORDS[:5]), "keys, keys and keyz!", "vault"]
    by_ids = student.encode_tokens(tokenizer.token_ids(texts))
    assert np.array_equal(student.encode_documents(texts), by_ids)
    assert np.array_equal(student.encode_queries(texts[2:]), by_ids[2:])


def test_a_table_is_mapped_and_a_damaged_one_is_refused(folder: Path) -> None:
    assert isinstance(map_table(folder), np.memmap)
    path = folder / TABLE
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DamagedError, match="embedctl distill"):
        student_card(folder).open()
    (folder / CONFIG).write_text("{}", encoding="utf-8")
    with pytest.raises(DamagedError, match=CONFIG):
        student_card(folder).open()


def test_the_fingerprint_tells_tables_tokenizers_and_teachers_apart() -> None:
    prints = {fingerprint_of(*names) for names in (("a", "b", "c"), ("x", "b", "c"), ("a", "x", "c"), ("a", "b", "x"))}
    assert len(prints) == 4
    assert fingerprint_of("a", "b", "c") in prints


def planted(tokens: TokenIds, config: FitConfig) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return a teacher's vectors of ``tokens`` and of each single token: means of a hidden table, not normalized."""
    random = np.random.default_rng(5)
    prior = random.standard_normal((VOCABULARY, DIM)).astype(np.float32)
    hidden = prior @ random.standard_normal((DIM, DIM)) * 0.3 + 0.5 * random.standard_normal((VOCABULARY, DIM)) + 1.0
    weights = token_weights(tokens, VOCABULARY, config.common)
    targets = []
    for start, end in zip(tokens.offsets, tokens.offsets[1:], strict=False):
        ids = tokens.ids[start:end]
        targets.append((weights[ids, None] * hidden[ids]).sum(axis=0) / weights[ids].sum())
    return np.array(targets, dtype=np.float32), prior


def test_the_fit_finds_a_planted_linear_teacher() -> None:
    config = FitConfig(noise=1e-5, iterations=300, tolerance=0.0)
    tokens = random_tokens(4_000)
    targets, prior = planted(tokens, config)
    table = fit(TokenIds(tokens.ids[: tokens.offsets[3_500]], tokens.offsets[:3_501]), targets[:3_500], prior, config)
    held_out = TokenIds(tokens.ids, tokens.offsets[3_500:])
    cosines = (naive(held_out, table) * targets[3_500:]).sum(axis=1) / np.linalg.norm(targets[3_500:], axis=1)
    assert cosines.min() > 0.999
    unfitted = (naive(held_out, prior) * targets[3_500:]).sum(axis=1) / np.linalg.norm(targets[3_500:], axis=1)
    assert unfitted.mean() < 0.8


def test_the_fit_is_the_ridge_regression_that_it_says() -> None:
    config = FitConfig(iterations=400, tolerance=0.0)
    tokens = random_tokens(40)
    targets, prior = planted(tokens, config)
    table = fit(tokens, targets, prior, config)
    weights = token_weights(tokens, VOCABULARY, config.common).astype(np.float64)
    shares = np.zeros((40, VOCABULARY))
    for text in range(40):
        for token in tokens.ids[tokens.offsets[text] : tokens.offsets[text + 1]]:
            shares[text, token] += weights[token]
    shares /= shares.sum(axis=1, keepdims=True)
    centred = prior - shares.mean(axis=0) @ prior
    pooled = shares @ centred
    mean = targets.mean(axis=0)
    scale = (pooled * (targets - mean)).sum() / (pooled**2).sum()
    kernel = config.shift_variance + config.linear_variance * pooled @ pooled.T
    kernel += config.token_variance * shares @ shares.T
    dual = np.linalg.solve(kernel + config.noise * np.eye(40), targets - mean - scale * pooled)
    exact = mean + scale * centred + config.shift_variance * dual.sum(axis=0)
    exact = exact + config.linear_variance * centred @ (pooled.T @ dual) + config.token_variance * shares.T @ dual
    np.testing.assert_allclose(table, weights[:, None] * exact, atol=2e-3)


def test_the_fit_gives_the_same_bytes_again() -> None:
    tokens = random_tokens(600)
    targets, prior = planted(tokens, FitConfig())
    first = fit(tokens, targets, prior, FitConfig())
    assert first.tobytes() == fit(tokens, targets, prior, FitConfig()).tobytes()
    assert first.tobytes() != fit(tokens, targets, prior, replace(FitConfig(), noise=1.0)).tobytes()


def test_weights_count_texts_not_tokens() -> None:
    tokens = TokenIds(np.array([0, 0, 0, 1, 1], dtype=np.int32), np.array([0, 4, 5]))
    np.testing.assert_allclose(token_weights(tokens, 3, 0.5), [0.5, 0.5 / 1.5, 1.0])
