"""An evaluation measures what queries answer: the same documents in the same order, whatever else is measured."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

import embedctl
from embedctl import QueryConfig, RankingRequest
from embedctl.config import ArmSettings, FusionConfig, FusionName, IndexLimits, RankingConfig, StoreSettings
from embedctl.config.measuring import EvaluationConfig
from embedctl.contracts import Encoder
from embedctl.errors import UsageError
from embedctl.evaluation.judgements import Judgements, read_judgements
from embedctl.evaluation.settings import compared

CORPUS = Path(__file__).parents[2] / "sample_corpus"
FEW = EvaluationConfig(timed=0)
NAMES = (
    "Argo",
    "Beagle",
    "Calypso",
    "Discovery",
    "Endurance",
    "Fram",
    "Gipsy",
    "Hansa",
    "Iris",
    "Juno",
    "Kestrel",
    "Lark",
)


@pytest.fixture(scope="module")
def store(sample_store: Path, encoder: Encoder) -> Iterator[embedctl.Store]:
    return embedctl.open(sample_store)


@pytest.fixture(scope="module")
def queries() -> list[tuple[str, str]]:
    lines = (CORPUS / "queries.jsonl").read_text(encoding="utf-8").splitlines()[::12]
    return [(query["_id"], query["text"]) for query in map(json.loads, lines)]


@pytest.fixture(scope="module")
def judgements() -> Judgements:
    return read_judgements(CORPUS / "qrels.tsv")


def documents(store: embedctl.Store, text: str, config: QueryConfig) -> list[str]:
    """What a person who asks for ten hits sees, each document once."""
    return list(dict.fromkeys(hit.doc_id for hit in store.query(text, replace(config, max_per_file=1)).hits))


@pytest.mark.parametrize("candidates", [None, 12, 300])
def test_a_ranking_begins_with_what_a_query_answers(
    store: embedctl.Store, queries: list[tuple[str, str]], judgements: Judgements, candidates: int | None
) -> None:
    ranking = RankingRequest(candidates=candidates)
    evaluation = store.evaluate(queries, judgements, replace(FEW, query=QueryConfig(ranking=ranking)))
    for setting in evaluation.settings:
        if setting.name == "stored":
            continue
        if setting.name in ("bm25", "dense"):
            config = QueryConfig(mode=setting.name, ranking=ranking)  # type: ignore[arg-type]
        else:
            config = QueryConfig(ranking=replace(ranking, fusion=setting.name))  # type: ignore[arg-type]
        for name, text in queries:
            found = documents(store, text, config)
            assert list(setting.run.rankings[name][: len(found)]) == found, (setting.name, name)
            assert len(set(setting.run.rankings[name])) == len(setting.run.rankings[name])


def test_a_metric_that_looks_deeper_changes_no_other(
    store: embedctl.Store, queries: list[tuple[str, str]], judgements: Judgements
) -> None:
    only = replace(FEW, only=("in-use",))
    one = store.evaluate(queries, judgements, replace(only, metrics=()))
    other = store.evaluate(queries, judgements, replace(only, metrics=("recall@1000",)))
    found = [len(ranking) for ranking in one.in_use.run.rankings.values()]
    assert 10 < min(found) <= max(found) <= 100  # deeper than what a query shows
    assert one.in_use.values[:, 0].tolist() == other.in_use.values[:, 0].tolist()


ARMS = StoreSettings().arms


def arms_of(query: QueryConfig) -> tuple[ArmSettings, ...]:
    """Return the arms of a store that has no others than every store has."""
    names = query.arms or (("bm25", "dense") if query.mode == "hybrid" else (query.mode,))
    return tuple(arm for arm in ARMS if arm.name in names)


def test_settings_share_what_is_asked_but_mode_fusion_and_weights() -> None:
    own = RankingConfig(candidates=70, fusion=FusionConfig("convex", weights=(("bm25", 0.3), ("dense", 0.7))))
    asked = QueryConfig(dense="flat", ranking=RankingRequest(candidates=250, weights={"bm25": 0.4}, title=2.0))
    settings = {setting.name: setting for setting in compared(EvaluationConfig(asked), own, arms_of)}
    assert list(settings) == ["bm25", "dense", *get_args(FusionName), "stored"]
    assert [name for name, setting in settings.items() if setting.in_use] == ["convex"]
    assert settings["convex"].ranking.fusion.weights_of(ARMS) == (0.4, 0.7)
    assert dict(settings["convex-minmax"].ranking.fusion.weights) == {"bm25": 0.4, "dense": 0.6}  # by default
    assert settings["stored"].ranking == own
    others = [setting for name, setting in settings.items() if name != "stored"]
    assert {(one.config.dense, one.ranking.candidates, one.ranking.bm25.title) for one in others} == {
        ("flat", 250, 2.0)
    }


def test_every_arm_is_measured_alone_and_every_fusion_of_all(tmp_path: Path, hashing: None) -> None:
    rows = [{"id": str(at), "text": f"Ship number {at} is called {name}."} for at, name in enumerate(NAMES)]
    (tmp_path / "ships.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    store = embedctl.create(tmp_path / ".embedctl")
    store.index([tmp_path / "ships.jsonl"])
    store.add_arm("hash", model="hashing")
    store.default_arms(["bm25", "dense", "hash"])
    store.index()
    queries = [(name, f"the ship {name}") for name in NAMES[:4]]
    judged = Judgements({name: {str(at): 1} for at, name in enumerate(NAMES[:4])})
    told = store.evaluate(queries, judged, FEW).to_json()
    assert [setting["name"] for setting in told["settings"]] == ["bm25", "dense", "hash", *get_args(FusionName)]
    assert [setting["mode"] for setting in told["settings"]][:4] == ["bm25", "dense", "hash", "hybrid"]
    fusions = {setting["name"]: setting["ranking"]["fusion"]["weights"] for setting in told["settings"]}
    assert fusions["rrf"] == {"bm25": 1.0, "dense": 1.0, "hash": 1.0}
    assert fusions["convex"] == {"bm25": 0.2, "dense": 0.4, "hash": 0.4}
    one = store.evaluate(queries, judged, replace(FEW, only=("hash",)))
    assert [setting.name for setting in one.settings] == ["hash", "rrf"]
    assert one.settings[0].run == store.evaluate(queries, judged, FEW).settings[2].run


def test_what_the_store_does_is_not_measured_twice() -> None:
    own = RankingConfig()
    for query in (QueryConfig(), QueryConfig(mode="bm25"), QueryConfig(ranking=RankingRequest(fusion="convex"))):
        assert "stored" not in [setting.name for setting in compared(EvaluationConfig(query), own, arms_of)]


def test_an_arm_alone_keeps_its_own_threshold_only() -> None:
    query = QueryConfig(min_scores={"dense": 0.2, "bm25": 1.0})
    settings = {one.name: one.config for one in compared(EvaluationConfig(query), RankingConfig(), arms_of)}
    assert settings["bm25"].min_scores == {"bm25": 1.0}
    assert settings["dense"].min_scores == {"dense": 0.2}
    assert settings["convex"].min_scores == {"dense": 0.2, "bm25": 1.0}


def test_one_query_and_two_are_measured_without_a_figure_that_cannot_be(
    store: embedctl.Store, queries: list[tuple[str, str]], judgements: Judgements
) -> None:
    one = store.evaluate(queries[:1], judgements, replace(FEW, only=("bm25",), timed=1))
    assert (one.in_use.interval.low, one.detectable) == (None, None)
    assert one.in_use.latency is not None
    assert one.in_use.latency.queries == 1
    two = store.evaluate(queries[:2], judgements, replace(FEW, only=("bm25",)))
    assert two.in_use.interval.low is not None
    assert all(setting.p_holm is None or setting.p_holm >= 0.5 for setting in two.settings)


def test_two_queries_of_one_id_are_refused(store: embedctl.Store, judgements: Judgements) -> None:
    with pytest.raises(UsageError, match='Several queries have the id "q01"'):
        store.evaluate([("q01", "one"), ("q01", "two")], judgements)


def test_all_settings_find_the_nearest_vectors_as_a_single_query_does(
    tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = IndexLimits(flat_rows=10, graph_after=5)  # sign bits and a graph, and the graph after few queries
    monkeypatch.setattr("embedctl.config.limits.INDEX", limits)
    rows = [{"id": str(at), "text": f"Ship number {at} is called {name}."} for at, name in enumerate(NAMES)]
    (tmp_path / "ships.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    store = embedctl.create(tmp_path / ".embedctl")
    store.index([tmp_path / "ships.jsonl"])
    queries = [(f"q{at}", name) for at, name in enumerate(NAMES[:4])]
    judged = Judgements({f"q{at}": {str(at): 1} for at in range(4)})
    evaluation = store.evaluate(queries, judged, replace(FEW, timed=4))
    plans = {setting.dense_plan for setting in evaluation.settings if setting.name != "bm25"}
    assert len(plans) == 1
    assert "binary: " in plans.pop()  # type: ignore[operator]
