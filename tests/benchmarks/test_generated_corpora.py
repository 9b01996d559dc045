"""Generated corpora are the same every time, and stores made of them are ones that the pipeline takes for its own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import embedctl
from benchmarks import corpus
from benchmarks.bench import Bench
from benchmarks.stores import give_vectors, store_rows, twin, write_records
from embedctl.arms.dense.recall import exact_scores
from embedctl.store.layout import Layout
from embedctl.store.writer import read_manifest

SEED = 7
DIM = 384
TEXTS = [
    "The graph of neighbours is walked from its top layer downwards. Each layer holds fewer rows than the next.",
    "Rare words tell more about a document than common ones do. Their weight grows as they get rarer.",
    "A query and a document meet in the space of the encoder. The cosine between them says how near they are.",
    "Rankings are fused by rank because their scores cannot be compared. Ties are broken by the row of the chunk.",
]


@pytest.fixture(scope="module")
def seeds() -> corpus.Seeds:
    vectors = np.random.default_rng(1).standard_normal((len(TEXTS), DIM)).astype(np.float32)
    return corpus.make_seeds(TEXTS, vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def test_a_block_is_the_same_every_time_and_unlike_others(seeds: corpus.Seeds) -> None:
    lines = list(corpus.block_records(seeds, SEED, 3, 200))
    assert lines == list(corpus.block_records(seeds, SEED, 3, 200))
    assert lines[:50] == list(corpus.block_records(seeds, SEED, 3, 50))
    texts = {json.loads(line)["text"] for line in lines}
    assert len(texts) == 200
    assert texts.isdisjoint(json.loads(line)["text"] for line in corpus.block_records(seeds, SEED, 4, 200))
    assert texts.isdisjoint(json.loads(line)["text"] for line in corpus.block_records(seeds, SEED + 1, 3, 200))


def test_documents_are_numbered_on_from_block_to_block(seeds: corpus.Seeds) -> None:
    ids = [json.loads(line)["id"] for block in (0, 1) for line in corpus.block_records(seeds, SEED, block, 2)]
    assert ids == ["00000000", "00000001", "00010000", "00010001"]


def test_vectors_have_unit_norm_and_lie_by_what_they_are_blended_of(seeds: corpus.Seeds) -> None:
    vectors = corpus.block_vectors(seeds, SEED, 0)
    assert (vectors.shape, vectors.dtype) == ((corpus.BLOCK, DIM), np.float32)
    assert np.abs(np.linalg.norm(vectors, axis=1) - 1).max() < 1e-5
    assert (vectors == corpus.block_vectors(seeds, SEED, 0)).all()
    assert not (vectors == corpus.block_vectors(seeds, SEED, 1)).any()
    mixture = corpus.blend(SEED, 0, len(TEXTS))
    heaviest = mixture.members[np.arange(corpus.BLOCK), mixture.weights.argmax(axis=1)]
    clear = mixture.weights.max(axis=1) > 0.9
    assert ((vectors[clear] @ seeds.vectors.T).argmax(axis=1) == heaviest[clear]).all()


def test_text_and_vector_of_a_document_are_made_of_the_same_chunks(seeds: corpus.Seeds) -> None:
    mixture = corpus.blend(SEED, 0, len(TEXTS))
    for row, line in enumerate(corpus.block_records(seeds, SEED, 0, 100)):
        text = json.loads(line)["text"]
        used = {member for member, own in enumerate(seeds.sentences) if any(sentence in text for sentence in own)}
        assert used
        assert used <= set(mixture.members[row].tolist())


def test_made_up_words_differ() -> None:
    ranks = [*range(20_000), *range(corpus.MADE_UP_WORDS - 20_000, corpus.MADE_UP_WORDS)]
    assert len({corpus.made_up_word(rank) for rank in ranks}) == len(ranks)


def test_only_prose_is_recombined() -> None:
    text = "Short one. x = [1, 2, 3]; y = {a: 1}; z = (x + y) * 2 - 7\n\nThis is a sentence of prose. 1 2 3 4 5 6 7"
    assert list(corpus.sentences(text)) == ["This is a sentence of prose."]
    with pytest.raises(ValueError, match="no sentence"):
        corpus.make_seeds(["x = 1"], np.ones((1, DIM), dtype=np.float32))


def test_queries_are_those_given_then_pieces_of_sentences_all_different(seeds: corpus.Seeds) -> None:
    texts = corpus.query_texts(seeds, ["first", "second", "first"], 40, SEED)
    assert texts[:2] == ["first", "second"]
    assert len(set(texts)) == len(texts) == 40
    assert texts == corpus.query_texts(seeds, ["first", "second", "first"], 40, SEED)
    everything = " ".join(TEXTS)
    assert all(piece in everything for piece in texts[2:])


def test_a_generated_store_is_one_that_the_pipeline_takes_for_its_own(
    tmp_path: Path, seeds: corpus.Seeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.stores.seeds", lambda bench: seeds)
    bench = Bench(tmp_path, (300,), (), 1, 10, 10, 1, "", 0, SEED)
    base = tmp_path / "ready"
    base.mkdir()
    records = write_records(bench, base, 0, 300).parent
    store = embedctl.create(base / ".embedctl")
    store.ingest([records])
    store.chunk()
    layout = Layout(base / ".embedctl")
    with pytest.raises(ValueError, match="300 chunks"):
        give_vectors(layout, seeds, SEED, 299)
    give_vectors(layout, seeds, SEED, 300)

    grown = embedctl.open(twin(base, tmp_path / "twin") / ".embedctl")
    report = grown.index()
    assert report.counts.get("embedded", 0) == 0
    assert (report.outcomes["unchanged"], report.counts["indexed"]) == (300, 300)
    assert store.status()["index"] is None, "the twin has changed what it was made from"

    rows = store_rows(layout.root)
    numbers = [json.loads(line)["text"] for line in corpus.block_records(seeds, SEED, 0, 300)]
    order = [numbers.index(body) for body in rows.bodies]
    assert (rows.vectors == corpus.block_vectors(seeds, SEED, 0)[order]).all()

    vectors = corpus.noisy(rows.vectors, corpus.blend(SEED, 9, 300), np.random.default_rng(2))[:20]
    best = np.argsort(-(vectors @ rows.vectors.T), axis=1)[:, :10]
    labels = (np.uint64(1) << np.uint64(32)) + best.astype(np.uint64)
    exact = exact_scores(layout, read_manifest(layout).parts, vectors, list(labels), 10)
    assert exact.shares(list(labels), 10).mean() == 1
