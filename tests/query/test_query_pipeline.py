"""Laws of the query pipeline, for any number of arms."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import permutations

import numpy as np
import pytest

import embedctl
from embedctl import QueryConfig, RankingRequest, SettingsRequest
from embedctl.config import FUSIONS, FilterConfig
from embedctl.query.answer import Answer

ARMS = ("bm25", "dense", "short", "wide")
QUERIES = ("kestrel over the harbour", "night ledger", '"quarry signal" glacier', "orchard -vault", "unheardof", "")
WORDS = ["kestrel", "harbour", "ledger", "vault", "turbine", "orchard", "signal", "glacier", "quarry", "night", "the"]
DOCUMENTS = 120
exact = partial(QueryConfig, dense="flat")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> embedctl.Store:
    """BM25, and three dense arms over hashed vectors of three lengths, on documents of random words."""
    folder = tmp_path_factory.mktemp("pipeline")
    random = np.random.default_rng(5)
    (folder / "docs").mkdir()
    for number in range(DOCUMENTS):
        text = "\n\n".join(f"## Part {part}\n\n{' '.join(random.choice(WORDS, 30))}." for part in range(2))
        (folder / "docs" / f"{number:03}.md").write_text(f"# Note {number}\n\n{text}\n", encoding="utf-8")
    store = embedctl.create(folder / ".embedctl")
    store.index([folder / "docs"], settings=SettingsRequest(model="hashing", size=48))
    store.add_arm("short", model="hashing:32")
    store.add_arm("wide", model="hashing:256")
    store.index(refresh=False)
    return store


def found(answer: Answer) -> list[tuple[str, float]]:
    return [(hit.id, hit.score) for hit in answer.hits]


def fused(fusion: str, **weights: float) -> RankingRequest:
    return RankingRequest(fusion=fusion, weights=weights)  # type: ignore[arg-type]


@pytest.mark.parametrize("fusion", FUSIONS)
def test_the_order_in_which_arms_are_named_does_not_matter(store: embedctl.Store, fusion: str) -> None:
    for query in QUERIES[:3]:
        configs = [exact(arms=arms, n=30, ranking=fused(fusion)) for arms in permutations(ARMS)][::5]
        first, *others = [found(store.query(query, config)) for config in configs]
        assert len(first) == 30
        assert all(other == first for other in others)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_an_arm_of_weight_0_is_as_good_as_not_asked(store: embedctl.Store, fusion: str) -> None:
    shares = {"bm25": 1.0, "short": 2.0, "wide": 0.5}
    for query in QUERIES[:3]:
        silent = store.query(query, exact(arms=ARMS, n=30, ranking=fused(fusion, dense=0.0, **shares)))
        absent = store.query(query, exact(arms=tuple(shares), n=30, ranking=fused(fusion, **shares)))
        assert found(silent) == found(absent)
        assert all(hit.ranks["dense"] is None for hit in silent.hits)


@pytest.mark.parametrize("arm", ARMS)
def test_one_arm_alone_has_its_own_ranking(store: embedctl.Store, arm: str) -> None:
    name = "cosine" if arm == "dense" else arm
    for query in QUERIES[:3]:
        answer = store.query(query, exact(arms=(arm,), n=40))
        assert [hit.ranks[arm] for hit in answer.hits] == list(range(1, len(answer.hits) + 1))
        assert [hit.scores[name] for hit in answer.hits] == [hit.score for hit in answer.hits]
        assert [hit.score for hit in answer.hits] == sorted((hit.score for hit in answer.hits), reverse=True)
        others = tuple(other for other in ARMS if other != arm)
        weights = {arm: 1.0, **dict.fromkeys(others, 0.0)}
        among = store.query(query, exact(arms=ARMS, n=40, max_per_file=1, ranking=fused("rrf", **weights)))
        alone = store.query(query, exact(arms=(arm,), n=40, max_per_file=1))
        assert [hit.doc_id for hit in among.hits] == [hit.doc_id for hit in alone.hits]


def test_thresholds_cut_by_the_score_of_their_own_arm(store: embedctl.Store) -> None:
    every = {hit.id: hit for hit in store.query(QUERIES[0], exact(arms=ARMS, n=1_000)).hits}
    for arm in ARMS:
        name = "cosine" if arm == "dense" else arm
        given = sorted(hit.scores[name] for hit in every.values() if hit.scores[name] is not None)
        least = given[-7]
        answer = store.query(QUERIES[0], exact(arms=ARMS, n=1_000, min_scores={arm: least}))
        assert {hit.id for hit in answer.hits} == {
            hit.id for hit in every.values() if hit.scores[name] is not None and hit.scores[name] >= least
        }
        assert len(answer.hits) == 7
    both = exact(arms=ARMS, n=1_000, min_scores={"bm25": 1.0, "wide": 0.3})
    assert {hit.id for hit in store.query(QUERIES[0], both).hits} == {
        hit.id for hit in every.values() if (hit.scores["bm25"] or 0) >= 1.0 and (hit.scores["wide"] or 0) >= 0.3
    }


@pytest.mark.parametrize("fusion", ["rrf", "convex", "combsum"])
def test_a_batch_answers_as_single_queries_do(store: embedctl.Store, fusion: str) -> None:
    config = exact(arms=ARMS, n=25, ranking=fused(fusion))
    for batched, query in zip(store.query_many(QUERIES, config), QUERIES, strict=True):
        single = store.query(query, config)
        assert [hit.id for hit in batched.hits] == [hit.id for hit in single.hits]
        for one, other in zip(batched.hits, single.hits, strict=True):
            assert one.ranks == other.ranks
            assert one.score == pytest.approx(other.score, abs=1e-6)
        assert batched.warnings == single.warnings


def test_arms_are_asked_deeper_until_there_are_hits_enough(store: embedctl.Store) -> None:
    few = RankingRequest(candidates=3)
    config = exact(arms=ARMS, n=20, ranking=few)
    every = store.query(QUERIES[0], replace(config, n=1_000)).hits
    cosines = sorted((hit.scores["wide"] for hit in every), reverse=True)
    deep = replace(config, max_per_file=1)
    assert len({hit.doc_id for hit in store.query(QUERIES[0], deep).hits}) == 20
    under = replace(config, min_scores={"wide": cosines[19]})
    assert len(store.query(QUERIES[0], under).hits) == 20
    filtered = replace(config, filter=FilterConfig(paths=("*7.md", "*3.md")))
    hits = store.query(QUERIES[0], filtered).hits
    assert len(hits) == 20
    assert all(hit.path.endswith(("7.md", "3.md")) for hit in hits)
    excluded = store.query("orchard -vault", replace(config, arms=("dense", "short", "wide")))
    assert len(excluded.hits) == min(20, sum("vault" not in hit.text for hit in every))
    assert not any("vault" in hit.text for hit in excluded.hits)


def test_an_explanation_names_every_arm(store: embedctl.Store) -> None:
    answer = store.query(QUERIES[0], exact(arms=ARMS, ranking=fused("convex", short=3.0)))
    explanation = answer.explanation
    assert set(answer.arms) == set(ARMS)
    assert explanation.arms.keys() == explanation.weights.keys() == set(ARMS)
    assert {name: one["kind"] for name, one in explanation.arms.items()} == {
        name: "bm25" if name == "bm25" else "dense" for name in ARMS
    }
    assert explanation.arms["short"]["encoder"].startswith("hashing:32")
    assert explanation.arms["wide"]["plan"].startswith("flat")
    assert explanation.weights["short"] == 3.0
    assert explanation.scales.keys() >= set(ARMS)
    assert all(low < high for low, high in (explanation.scales[arm] for arm in ARMS))  # type: ignore[misc]
    assert all(explanation.proposed[arm] == 100 for arm in ARMS[1:])
    for hit in answer.hits:
        assert hit.ranks.keys() >= set(ARMS)
        assert hit.scores.keys() >= {"bm25", "cosine", "short", "wide"}
        assert any(hit.ranks[arm] is not None for arm in ARMS)
