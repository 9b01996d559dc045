"""Known-item queries against a store: what is held out cannot help, and everything else is as it was."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import embedctl
from embedctl.config import FilterConfig, IndexLimits, QueryConfig
from embedctl.config.measuring import EvaluationConfig, SignificanceConfig, SyntheticConfig
from embedctl.contracts import Encoder
from embedctl.errors import NoStoreError, UsageError
from embedctl.evaluation.judgements import Judgements
from embedctl.evaluation.synthetic.index import Encoders, HeldOutIndex
from embedctl.evaluation.synthetic.queries import (
    SyntheticQuery,
    SyntheticSet,
    judgement_lines,
    make_queries,
    query_lines,
)
from embedctl.query.answer import Answer
from embedctl.query.batch import search_many
from embedctl.query.query_file import QueryList
from embedctl.store.layout import Layout
from embedctl.store.manifest import Manifest
from embedctl.store.writer import read_manifest

if TYPE_CHECKING:
    from embedctl.contracts import Vectors

TOPICS = ("kestrels", "glaciers", "looms", "harbours", "violins", "sourdough", "lanterns", "beehives")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
TOLD = ("Winter changes {topic}", "Old books describe a town", "Two people repair {topic}", "Nobody measures the rain")
LIMITS = IndexLimits(flat_rows=10, graph_tail_rows=100_000, gathered_rows=5, rescored_least=20, rescored_per_row=1)
"""Sign bits, a graph and their plans in a small store, too."""

QUICK = SignificanceConfig(resamples=99)


def page(topic: str) -> str:
    """A page with a title of its own, a heading that all pages have, and sentences each with a word of its own."""
    told = " ".join(
        f"{one.format(topic=topic)} with care number{chr(ord('a') + at)}{topic} on quiet days."
        for at, one in enumerate(TOLD)
    )
    return f"# All about {topic}\n\n{told}\n\n## Where to look\n\nAsk for {topic} at the gate of the town archive.\n"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Iterator[embedctl.Store]:
    folder = tmp_path_factory.mktemp("synthetic")
    docs = folder / "docs"
    docs.mkdir()
    for topic in TOPICS:
        (docs / f"{topic}.md").write_text(page(topic), encoding="utf-8")
    (docs / "untitled.txt").write_text("Ships.\n", encoding="utf-8")
    (docs / "removed.md").write_text(page("comets"), encoding="utf-8")
    store = embedctl.create(folder / ".embedctl")
    store.index([docs])
    (docs / "removed.md").unlink()
    store.index()
    return store


@pytest.fixture(scope="module")
def made(store: embedctl.Store) -> SyntheticSet:
    return make_queries(*opened(store), SyntheticConfig(queries=40))


def opened(store: embedctl.Store) -> tuple[Layout, Manifest]:
    layout = Layout(store.path)
    return layout, read_manifest(layout)


def by_kind(made: SyntheticSet, kind: str) -> list[SyntheticQuery]:
    return [query for query in made.queries if query.kind == kind]


def answers(held_out: HeldOutIndex, made: SyntheticSet, config: QueryConfig) -> dict[str, Answer]:
    source = QueryList([(query.id, query.text) for query in made.queries])
    setup = held_out.searcher.ready(config, source.count)
    return {answer.query_id or "": answer for answer in search_many(setup, source, held_out.allowed_for)}


# --- queries


def test_queries_are_made_of_what_names_one_document(made: SyntheticSet) -> None:
    assert {query.text for query in by_kind(made, "title")} == {f"All about {topic}" for topic in TOPICS}
    assert not by_kind(made, "heading"), "all pages have the same"
    assert len(by_kind(made, "sentence")) == len(by_kind(made, "terms")) == len(TOPICS)
    assert (made.documents, made.looked_at, made.usable) == (9, 9, 8)
    for query in made.queries:
        assert query.document.removesuffix(".md") in query.passage
        assert 3 <= len(query.text.split()) <= 12


def test_terms_are_words_of_the_sentence_that_other_documents_have_too(made: SyntheticSet) -> None:
    for query in by_kind(made, "terms"):
        assert set(query.text.split()) < set(query.passage.casefold().split())
        assert "number" not in query.text


def test_the_same_corpus_gives_the_same_queries_and_another_seed_others(
    store: embedctl.Store, made: SyntheticSet
) -> None:
    assert make_queries(*opened(store), SyntheticConfig(queries=40)) == made
    other = make_queries(*opened(store), SyntheticConfig(queries=40, seed=1))
    assert {query.id for query in other.queries} == {query.id for query in made.queries}
    assert {query.text for query in other.queries} != {query.text for query in made.queries}


def test_kinds_are_shared_out_and_what_one_lacks_others_give(store: embedctl.Store) -> None:
    made = make_queries(*opened(store), SyntheticConfig(queries=8))
    counts = {kind: len(by_kind(made, kind)) for kind in ("title", "heading", "sentence", "terms")}
    assert counts == {"title": 2, "heading": 0, "sentence": 3, "terms": 3}


def test_a_corpus_without_anything_to_ask_says_so(
    tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "one.txt").write_text("Ships.\n", encoding="utf-8")
    store = embedctl.create(tmp_path / ".embedctl")
    store.ingest([tmp_path / "docs"])
    with pytest.raises(NoStoreError):
        store.evaluate_synthetic()
    store.index()
    with pytest.raises(UsageError, match="No query can be made"):
        store.evaluate_synthetic()


# --- holding out


def test_no_chunk_answers_with_what_was_copied_from_it(
    store: embedctl.Store, made: SyntheticSet, encoder: Encoder
) -> None:
    """A word that only the passage has finds nothing; without holding out it finds the passage."""
    layout, manifest = opened(store)
    held_out = HeldOutIndex(layout, manifest, Encoders(lambda _: encoder, lambda _: encoder), made.queries)
    sentences = [query for query in by_kind(made, "sentence") if "number" in query.text]
    assert sentences
    for query in sentences:
        (own,) = (word for word in query.text.split() if word.startswith("number"))
        config = QueryConfig(mode="bm25")
        setup = held_out.searcher.ready(config, 1)
        (found,) = search_many(setup, QueryList([(query.id, own)]), held_out.allowed_for)
        assert not found.hits
        assert store.query(own, config).hits[0].doc_id == query.document


def test_rankings_are_those_of_a_store_without_the_passage(
    store: embedctl.Store, made: SyntheticSet, encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oracle: the passage deleted from the file, and everything indexed again."""
    layout, manifest = opened(store)
    query = by_kind(made, "sentence")[0]
    docs = tmp_path / "docs"
    docs.mkdir()
    for topic in TOPICS:
        (docs / f"{topic}.md").write_text(page(topic).replace(query.passage, " "), encoding="utf-8")
    (docs / "untitled.txt").write_text("Ships.\n", encoding="utf-8")
    oracle = embedctl.create(tmp_path / ".embedctl")
    oracle.index([docs])
    one = SyntheticSet((query,), 0, 0, 0)
    held_out = HeldOutIndex(layout, manifest, Encoders(lambda _: encoder, lambda _: encoder), one.queries)
    for mode in ("dense", "bm25"):
        config = QueryConfig(mode=mode, n=50)  # type: ignore[arg-type]
        held = answers(held_out, one, config)[query.id].hits
        expected = oracle.query(query.text, config).hits
        near = {(hit.doc_id, hit.heading): hit.score for hit in held}
        assert near.keys() == {(hit.doc_id, hit.heading) for hit in expected}
        if mode == "dense":  # BM25 counts the chunk and what is left of it, too
            for hit in expected:
                assert near[hit.doc_id, hit.heading] == pytest.approx(hit.score, abs=3e-3)
        else:
            assert [hit.doc_id for hit in held][:4] == [hit.doc_id for hit in expected][:4]


def test_each_query_sees_its_own_reduced_chunks_and_no_others(
    store: embedctl.Store, made: SyntheticSet, encoder: Encoder
) -> None:
    layout, manifest = opened(store)
    held_out = HeldOutIndex(layout, manifest, Encoders(lambda _: encoder, lambda _: encoder), made.queries)
    everything = set(held_out.searcher.index.arm("dense").structures.segments.live_labels.tolist())
    added = {label for label in everything if label >> 32 > max(part.number for part in manifest.parts)}
    assert len(added) == sum(len(query.held_out.reduced) for query in made.queries)
    seen: set[int] = set()
    for query in made.queries:
        allowed = set(held_out.allowed_for(query.id).labels.tolist())
        assert not allowed & set(query.held_out.changed)
        assert len(allowed & added) == len(query.held_out.reduced)
        assert not allowed & seen
        seen |= allowed & added
        assert allowed - added == everything - added - set(query.held_out.changed)
    assert seen == added


def test_large_stores_hold_out_under_every_dense_plan(
    store: embedctl.Store, made: SyntheticSet, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sign bits and graph do not know the reduced chunks: they are scanned beside them."""
    monkeypatch.setattr("embedctl.config.limits.INDEX", LIMITS)
    folder = store.path.parent / "large"
    shutil.copytree(store.path, folder)
    large = embedctl.open(folder)
    large.index(refresh=False, rebuild=True)
    layout, manifest = opened(large)
    assert manifest.index is not None
    assert "dense/hnsw.bin" in manifest.index.files
    queries = make_queries(layout, manifest, SyntheticConfig(queries=40)).queries
    assert [query.text for query in queries] == [query.text for query in made.queries]
    plans = {}
    for plan in ("flat", "binary", "hnsw"):
        held_out = HeldOutIndex(layout, manifest, Encoders(lambda _: encoder, lambda _: encoder), queries)
        config = QueryConfig(mode="dense", dense=plan, n=5)  # type: ignore[arg-type]
        found = answers(held_out, made, config)
        assert all((answer.explanation.dense_plan or "").startswith(plan) for answer in found.values())
        plans[plan] = {name: [hit.doc_id for hit in answer.hits] for name, answer in found.items()}
    same = [
        np.mean([plans["flat"][name] == plans[plan][name] for name in plans["flat"]]) for plan in ("binary", "hnsw")
    ]
    assert min(same) > 0.8


# --- measuring


def test_what_is_left_is_encoded_by_what_made_the_vectors(
    store: embedctl.Store, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by the student that was asked to encode the queries."""
    given: list[str] = []

    class Student:
        name, fingerprint, dim = encoder.name, "", encoder.dim
        tokenizer_fingerprint = ""

        def encode_queries(self, texts: Sequence[str]) -> Vectors:
            return encoder.encode_queries(texts)

        def encode_documents(self, texts: Sequence[str]) -> Vectors:
            raise AssertionError("the index has vectors of the teacher")

    def opened_for(_: object, __: object, ___: object, ____: object, _____: object, which: str) -> object:
        given.append(which)
        return Student() if which == "student" else encoder

    monkeypatch.setattr("embedctl.query.session.query_encoder", opened_for)
    config = EvaluationConfig(query=QueryConfig(encoder="student"), only=("in-use",), timed=0, significance=QUICK)
    fresh = embedctl.open(store.path)
    assert len(fresh.evaluate_synthetic(config, synthetic=SyntheticConfig(queries=6)).queries) == 6
    assert sorted(given) == ["student", "teacher"]


def test_an_evaluation_says_that_it_is_synthetic(store: embedctl.Store) -> None:
    config = EvaluationConfig(only=("bm25", "dense"), timed=0, metrics=("ndcg@10",), significance=QUICK)
    evaluation = store.evaluate_synthetic(config, synthetic=SyntheticConfig(queries=12))
    told = json.loads(json.dumps(evaluation.to_json()))
    assert told["synthetic"] is True
    assert sum(kind["queries"] for kind in told["known_items"]["kinds"]) == len(evaluation.queries) == 12
    for setting in evaluation.settings:
        kinds = told["known_items"]["kinds"]
        mean = sum(kind["queries"] * kind["means"][setting.name] for kind in kinds) / 12
        assert mean == pytest.approx(setting.interval.mean, abs=1e-5)
    with pytest.raises(UsageError, match="whole store"):
        store.evaluate_synthetic(EvaluationConfig(query=QueryConfig(filter=FilterConfig(types=("md",))), timed=0))


def test_saved_queries_can_be_measured_with_and_find_their_own_words(
    store: embedctl.Store, made: SyntheticSet, tmp_path: Path
) -> None:
    queries, qrels = tmp_path / "queries.jsonl", tmp_path / "qrels.tsv"
    queries.write_text("".join(query_lines(made)), encoding="utf-8")
    qrels.write_text("".join(judgement_lines(made)), encoding="utf-8")
    config = EvaluationConfig(only=("bm25",), timed=0, query=QueryConfig(mode="bm25"), significance=QUICK)
    copied = store.evaluate(queries, qrels, config)
    assert isinstance(copied.judgements, Judgements)
    assert copied.known_items is None
    held = store.evaluate_synthetic(config, synthetic=SyntheticConfig(queries=40))
    assert [query.id for query in held.queries] == [query.id for query in copied.queries]
    assert copied.in_use.interval.mean > held.in_use.interval.mean
