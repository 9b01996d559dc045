"""Pseudo-relevance feedback in whole answers, by the real model over a small store with every dense plan."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import embedctl
from embedctl import QueryConfig
from embedctl.arms.dense.arm import rocchio
from embedctl.config import FilterConfig, IndexLimits, RankingRequest, Rm3Config, RocchioConfig
from embedctl.query.query_file import NamedQuery

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedctl.contracts import Encoder
    from embedctl.query.answer import Answer

LIMITS = IndexLimits(flat_rows=0, rescored_least=50)
"""Sign bits and a graph in a small store, too."""
BIRDS = {
    "k1": ("near", "The kestrel hovers, a falcon of the open country."),
    "k2": ("near", "A kestrel is a small falcon and lives on voles."),
    "k3": ("far", "Kestrel and falcon nest in the tower of the old church."),
    "f1": ("far", "The falcon dives at a pigeon from a great height."),
    "f2": ("near", "Young falcons learn to hunt in August."),
    "p1": ("far", "Kestrels eat beetles."),
}
PLACES = ["harbour", "bakery", "vineyard", "library", "quarry", "station", "museum", "orchard", "foundry", "theatre"]
THINGS = ["bread", "copper", "tickets", "paintings", "apples", "granite", "curtains", "ledgers", "barrels", "ropes"]
MARKED = RankingRequest(rm3=True, rocchio=True)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Iterator[embedctl.Store]:
    folder = tmp_path_factory.mktemp("birds")
    rows = [{"id": name, "text": text, "where": where} for name, (where, text) in BIRDS.items()]
    pairs = [(place, thing) for place in PLACES for thing in THINGS]
    rows += [{"id": f"{p}-{t}", "text": f"In the {p} they keep {t} for the winter.", "where": "else"} for p, t in pairs]
    (folder / "birds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("embedctl.config.limits.INDEX", LIMITS)
        store = embedctl.create(folder / ".embedctl")
        assert store.index([folder / "birds.jsonl"]).exit_code == 0
        yield store


def config(mode: str, ranking: RankingRequest = MARKED, **more: Any) -> QueryConfig:
    return QueryConfig(mode=mode, ranking=ranking, **more)  # type: ignore[arg-type]


def names(answer: Answer) -> list[str]:
    return [hit.doc_id for hit in answer.hits]


def told(answer: Answer, kind: str) -> dict[str, Any]:
    told = answer.explanation.feedback[kind]
    assert told is not None
    return told


def test_rocchio_by_hand() -> None:
    query, hits = np.array([1, 0], dtype=np.float32), np.array([[0, 1], [0.6, 0.8]], dtype=np.float32)
    moved = rocchio(query, hits, RocchioConfig(query_weight=0.5, hits_weight=0.5))
    expected = np.array([0.5 + 0.15, 0.45])  # the mean of the hits is (0.3, 0.9)
    np.testing.assert_allclose(moved, expected / np.hypot(*expected), rtol=1e-6)
    assert moved.dtype == np.float32
    opposite = rocchio(query, -query[np.newaxis], RocchioConfig(query_weight=0.5, hits_weight=0.5))
    np.testing.assert_array_equal(opposite, query)  # a zero vector has no direction


@pytest.mark.parametrize("mode", ["bm25", "dense", "hybrid"])
def test_off_is_as_if_there_were_none(store: embedctl.Store, mode: str) -> None:
    plain, off = (
        store.query("kestrel", config(mode, ranking)).to_json(explain=True)
        for ranking in (RankingRequest(), RankingRequest(rm3=False, rocchio=False))
    )
    assert {**plain, "timings": {}} == {**off, "timings": {}}
    assert plain["explain"]["feedback"] == {"rm3": None, "rocchio": None}
    assert "feedback" not in plain["timings"]


def test_words_of_the_first_hits_find_what_the_query_does_not(store: embedctl.Store) -> None:
    plain, fed = store.query("kestrel", config("bm25", RankingRequest())), store.query("kestrel", config("bm25"))
    assert set(names(plain)) == {"k1", "k2", "k3", "p1"}
    assert {"f1", "f2"} <= set(names(fed)) - set(names(plain))
    terms = told(fed, "rm3")["terms"]
    assert (told(fed, "rm3")["hits"], fed.explanation.feedback["rocchio"]) == (4, None)
    assert {"kestrel", "falcon"} <= terms.keys()
    assert sum(terms.values()) == pytest.approx(1.0, abs=1e-3)  # as much as the one word of the query
    assert [hit.score for hit in fed.hits] == sorted((hit.score for hit in fed.hits), reverse=True)
    raw = {hit.doc_id: hit.scores["bm25"] for hit in plain.hits}
    assert {hit.doc_id: hit.scores["bm25"] for hit in fed.hits} == raw | {
        name: None for name in names(fed) if name not in raw
    }


@pytest.mark.parametrize("plan", ["flat", "binary", "hnsw"])
def test_the_dense_arm_is_asked_with_the_moved_vector(store: embedctl.Store, encoder: Encoder, plan: str) -> None:
    text = "kestrel"
    fed = store.query(text, config("dense", n=106, dense=plan))
    plain = store.query(text, config("dense", RankingRequest(), n=106, dense=plan))
    assert (fed.explanation.dense_plan or "").startswith(plan)
    assert fed.explanation.feedback == {"rm3": None, "rocchio": {"hits": RocchioConfig().hits}}
    query = encoder.encode_queries([text])[0]
    vectors = dict(zip(names(plain), encoder.encode_documents([hit.text for hit in plain.hits]), strict=True))
    first = np.stack([vectors[name] for name in names(plain)[: RocchioConfig().hits]])
    moved = RocchioConfig().query_weight * query + RocchioConfig().hits_weight * first.mean(axis=0)
    scores = {name: float(vector @ moved / np.linalg.norm(moved)) for name, vector in vectors.items()}
    assert {hit.doc_id: hit.score for hit in fed.hits} == pytest.approx(scores, abs=2e-3)  # stored as float16
    assert names(fed) != names(plain)
    raw = {hit.doc_id: hit.scores["cosine"] for hit in plain.hits}
    assert {hit.doc_id: hit.scores["cosine"] for hit in fed.hits} == raw


@pytest.mark.parametrize("plan", ["flat", "binary", "hnsw"])
@pytest.mark.parametrize("mode", ["bm25", "dense", "hybrid"])
def test_a_batch_answers_as_each_query_alone(store: embedctl.Store, mode: str, plan: str) -> None:
    texts = ["kestrel", "kestrel -falcon", '"small falcon" voles', "bread in the winter", "xyzzy", ""]
    asked = config(mode, dense=plan, n=20)
    queries = [NamedQuery(str(at), text) for at, text in enumerate(texts)]
    for answer, text in zip(store.query_many(queries, asked), texts, strict=True):
        alone = store.query(text, asked)
        assert answer.explanation.feedback == alone.explanation.feedback
        assert [hit.score for hit in answer.hits] == pytest.approx([hit.score for hit in alone.hits], abs=1e-4)
        assert set(names(answer)) == set(names(alone)) or mode != "bm25"


@pytest.mark.parametrize("mode", ["bm25", "dense", "hybrid"])
def test_nothing_is_learnt_from_what_is_excluded(store: embedctl.Store, mode: str) -> None:
    answer = store.query("kestrel -falcon", config(mode, n=106))
    assert "p1" in names(answer)
    assert not {"k1", "k2", "k3", "f1", "f2"} & set(names(answer))
    if mode != "dense":
        assert "falcon" not in told(answer, "rm3")["terms"]
        assert told(answer, "rm3")["hits"] == 1


def test_without_a_hit_that_counts_the_query_stays_as_it_is(store: embedctl.Store) -> None:
    shallow = RankingRequest(rocchio=True, candidates=1)
    fed = store.query("small falcon -falcon", config("dense", shallow, n=1))
    assert told(fed, "rocchio") == {"hits": 0}  # the one row that was proposed at first is excluded
    assert names(fed) == names(store.query("small falcon -falcon", config("dense", RankingRequest(candidates=1), n=1)))
    nothing = store.query("xyzzy", config("bm25"))
    assert (nothing.hits, told(nothing, "rm3")) == ((), {"hits": 0, "terms": {}})


def test_feedback_comes_from_what_the_filter_lets_through(store: embedctl.Store) -> None:
    near = FilterConfig(where="where = 'near'")
    answer = store.query("kestrel", config("hybrid", filter=near))
    assert set(names(answer)) == {"k1", "k2", "f2"}
    assert told(answer, "rm3")["hits"] == 2
    assert "eat" not in told(answer, "rm3")["terms"]
    assert "eat" in told(store.query("kestrel", config("hybrid")), "rm3")["terms"]
    assert told(answer, "rocchio")["hits"] == 3
    only = FilterConfig(where="where = 'near' and record = 2")
    assert told(store.query("kestrel", config("dense", filter=only)), "rocchio")["hits"] == 1


@pytest.mark.parametrize(
    ("mode", "arm", "score", "least"),
    [("bm25", "bm25", "bm25", 3.5), ("dense", "dense", "cosine", 0.25), ("hybrid", "dense", "cosine", 0.25)],
)
def test_thresholds_are_on_the_scores_of_the_query_as_typed(
    store: embedctl.Store, monkeypatch: pytest.MonkeyPatch, mode: str, arm: str, score: str, least: float
) -> None:
    """The same rows pass with feedback and without, even where feedback puts them behind all others."""
    monkeypatch.setattr("embedctl.arms.dense.arm.RocchioConfig", lambda: RocchioConfig(3, 0.1, -1.0))
    monkeypatch.setattr("embedctl.arms.bm25.query.Rm3Config", lambda: Rm3Config(query_weight=0.01))
    every = store.query("kestrel", config(mode, RankingRequest(), n=106, min_scores={arm: least}))
    n = len(every.hits) + 1
    assert 2 < n < 8
    fed = store.query(
        "kestrel", config(mode, RankingRequest(rm3=True, rocchio=True, candidates=1), n=n, min_scores={arm: least})
    )
    assert {hit.doc_id: hit.scores[score] for hit in fed.hits} == {hit.doc_id: hit.scores[score] for hit in every.hits}
    assert fed.explanation.candidates > n or mode == "bm25"
    assert fed.explanation.candidates < 106 * 4


def test_phrases_hold(store: embedctl.Store) -> None:
    answer = store.query('"small falcon"', config("bm25"))
    assert names(answer) == ["k2"]
    assert {"small", "falcon"} <= told(answer, "rm3")["terms"].keys()
