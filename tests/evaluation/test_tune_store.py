"""``tune`` on stores: what it measures is what queries do, what it writes lasts, and undoing it leaves no trace."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from misleading_corpus import Collection, make_misleading

import embedctl
from embedctl import QueryConfig
from embedctl.config import (
    FeedbackConfig,
    FusionConfig,
    FusionName,
    RankingConfig,
    RankingRequest,
    SettingsRequest,
    StoreSettings,
)
from embedctl.config.measuring import EvaluationConfig, TuneConfig
from embedctl.contracts import Encoder
from embedctl.errors import LockedError, UsageError
from embedctl.evaluation.judgements import Judgements, read_judgements
from embedctl.evaluation.metrics import parse_metric, query_values
from embedctl.evaluation.tuning.fit import Space
from embedctl.evaluation.tuning.memo import Memo, RankingScores
from embedctl.evaluation.tuning.tune import keep, prepared
from embedctl.query.query_file import NamedQuery
from embedctl.reporters.silent import SilentReporter
from embedctl.store.snapshot import Snapshot
from embedctl.store.writer import read_manifest, writing

ONCE = TuneConfig(held_out=1)
"""Folds are drawn once."""
ASKED = ["bread", "When does the train leave?", '"garden is watered" -cellar', "kitten k31459"]


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    folder = tmp_path_factory.mktemp("misleading")
    collection = make_misleading(folder)
    assert embedctl.create(folder / ".embedctl").index([collection.corpus]).exit_code == 0
    return folder


@pytest.fixture
def store(tmp_path: Path, indexed: Path) -> embedctl.Store:
    shutil.copytree(indexed, tmp_path, dirs_exist_ok=True)
    return embedctl.open(tmp_path / ".embedctl")


@pytest.fixture
def collection(store: embedctl.Store) -> Collection:
    return Collection.within(store.path.parent)


def answers(store: embedctl.Store) -> list[dict[str, Any]]:
    return [{**store.query(text, n=20).to_json(), "timings": None} for text in ASKED]


# --- what is measured is what queries do

SPACE = Space(StoreSettings().arms)


def weighted(name: FusionName, dense: float, rrf_k: int = 60) -> FusionConfig:
    return SPACE.weighted(FusionConfig(name, rrf_k), "dense", dense)


RANKINGS = (
    RankingConfig(),
    RankingConfig(candidates=10, fusion=FusionConfig("dbsf")),
    RankingConfig(candidates=25, fusion=FusionConfig("convex")),
    RankingConfig(fusion=FusionConfig("absolute")),
    RankingConfig(candidates=12, fusion=weighted("convex-minmax", 0.3)),
    RankingConfig(fusion=weighted("combmnz", 0.7)),
    RankingConfig(fusion=weighted("rrf", 0.3, 5)),
    RankingConfig(fusion=weighted("rrf", 0.0)),
    RankingConfig(candidates=12, fusion=weighted("rrf", 1.0)),
    RankingConfig(fusion=FusionConfig("round-robin"), bm25=replace(RankingConfig().bm25, title=2.0, path=0.0)),
    RankingConfig(candidates=15, feedback=FeedbackConfig(rm3=True, rocchio=True)),
)
ODD = [
    ('bread "with rye" -cellar', "d24"),
    ("-garden flowers in summer", "d40"),
    ("train -k", "d13"),
    ("...", "d2"),
    ("-bread", "d1"),
    ("long stories about the sea", "sea.md"),
]


@pytest.fixture(scope="module")
def chunked(
    tmp_path_factory: pytest.TempPathFactory, encoder: Encoder
) -> tuple[embedctl.Store, list[tuple[str, str]], Judgements]:
    """A store with documents of many chunks, and queries with phrases, exclusions, or nothing to look up."""
    folder = tmp_path_factory.mktemp("chunked")
    collection = make_misleading(folder, queries=12)
    notes = folder / "notes"
    notes.mkdir()
    for name in ("sea", "train", "garden"):
        parts = [
            f"## Part {at}\n\nA story of the {name}, the cat and the bread, told {at} times over." for at in range(12)
        ]
        (notes / f"{name}.md").write_text(f"# The {name}\n\n" + "\n\n".join(parts), encoding="utf-8")
    store = embedctl.create(folder / ".embedctl")
    assert store.index([collection.corpus, notes], settings=SettingsRequest(size=32)).exit_code == 0
    grades = dict(read_judgements(collection.qrels).grades)
    named = [(row["_id"], row["text"]) for row in map(json.loads, collection.queries.read_text().splitlines())]
    for at, (text, document) in enumerate(ODD):
        named.append((f"odd{at}", text))
        grades[f"odd{at}"] = {document: 2, "d3": 1}
    return store, named, Judgements(grades)


def test_a_measured_score_is_that_of_the_query_on_every_query(
    chunked: tuple[embedctl.Store, list[tuple[str, str]], Judgements],
) -> None:
    """Deep rankings are asked for first, so that the others are cut from them."""
    store, named, judgements = chunked
    config, metric = TuneConfig(), parse_metric("ndcg@10")
    opened = store._session.ask(
        lambda searcher: prepared(
            Snapshot(store._layout, read_manifest(store._layout)),
            searcher,
            [NamedQuery(*query) for query in named],
            judgements,
            config,
        )
    )
    with SilentReporter().stage("tune", None, "rankings") as progress:
        memo = Memo(opened.setup, [text for _, text in named], config.kept_rows)
        score = RankingScores(memo, opened.grades, opened.names, metric, progress)
    for ranking in RANKINGS:
        asked = QueryConfig(ranking=RankingRequest(base=ranking))
        evaluated = store.evaluate(
            named, judgements, EvaluationConfig(query=asked, metrics=("ndcg@10",), only=("in-use",), timed=0)
        )
        assert [query.id for query in evaluated.queries] == [query for query, _ in named]
        assert score(ranking) == pytest.approx(evaluated.in_use.values[:, 0], abs=1e-9), ranking
        found = store.query_many(named, replace(asked, n=40))
        names = [list(dict.fromkeys(hit.doc_id for hit in answer.hits))[:10] for answer in found]
        by_hand = [
            query_values([metric], ids, judgements.grades[query])[0]
            for ids, (query, _) in zip(names, named, strict=True)
        ]
        if ranking.candidates >= 40:  # fewer candidates than hits: the query asks for more
            assert score(ranking) == pytest.approx(np.array(by_hand), abs=1e-9), ranking
    assert len(score) == len(RANKINGS)
    assert len({tuple(score(ranking)) for ranking in RANKINGS}) > 6


# --- what is written lasts, and can be undone


def test_a_useless_arm_is_dropped_until_that_is_undone(
    store: embedctl.Store, collection: Collection, tmp_path: Path
) -> None:
    before, manifest = answers(store), read_manifest(store._layout)
    found = store.tune(collection.queries, collection.qrels, ONCE)
    assert (found.real, found.written, found.queries_needed) == (True, True, None)
    assert [str(change) for change in found.changes] == ["dense weight 1 -> 0"]
    assert found.before_score < 0.5
    assert found.gain.low > 0.5
    assert found.held_out_score == pytest.approx(1.0)
    tuned = read_manifest(store._layout)
    assert replace(tuned, tuned=(), snapshot=0) == replace(manifest, snapshot=0)
    assert tuned.ranking == found.best

    after = answers(store)
    assert after != before
    assert after == [
        {**store.query(text, QueryConfig(n=20, mode="hybrid")).to_json(), "timings": None} for text in ASKED
    ]
    best = store.query("kitten", QueryConfig(ranking=RankingRequest(base=RankingConfig())))
    assert best.explanation.weights == {"bm25": 1.0, "dense": 1.0}
    assert best.explanation.ranking == "asked"
    assert store.query("kitten").explanation.ranking == "tuned"
    assert embedctl.open(store.path).query("kitten").explanation.weights == {"bm25": 1.0, "dense": 0.0}

    rows = collection.corpus.read_text(encoding="utf-8")
    collection.corpus.write_text(rows + '{"_id": "new", "text": "Something else entirely."}\n', encoding="utf-8")
    assert store.index().outcomes["added"] == 1
    assert read_manifest(store._layout).ranking == found.best
    store.forget(["corpus:new"])
    assert read_manifest(store._layout).tuned == tuned.tuned
    assert answers(store) == after
    store.doctor(repair=True)
    store.index(rebuild=True)
    assert read_manifest(store._layout).tuned == tuned.tuned
    assert answers(store) == after

    state = store.undo_tune()
    assert (state.ranking, state.history, state.undone) == (RankingConfig(), (), tuned.tuned[0])
    assert answers(store) == before
    with pytest.raises(UsageError, match="ranks by default"):
        store.undo_tune()


def test_what_may_be_chance_is_not_written(store: embedctl.Store, collection: Collection) -> None:
    manifest = store.path.joinpath("manifest.json").read_bytes()
    found = store.tune(collection.queries, collection.nonsense, ONCE)
    assert (found.real, found.written) == (False, False)
    assert found.gain.low <= 0
    assert found.fitted_score >= found.before_score
    assert store.path.joinpath("manifest.json").read_bytes() == manifest
    assert store.tuned().history == ()


def test_a_dry_run_finds_the_same_and_writes_nothing(store: embedctl.Store, collection: Collection) -> None:
    manifest = store.path.joinpath("manifest.json").read_bytes()
    dry = store.tune(collection.queries, collection.qrels, ONCE, dry_run=True)
    assert (dry.real, dry.written) == (True, False)
    assert store.path.joinpath("manifest.json").read_bytes() == manifest
    wet = store.tune(collection.queries, collection.qrels, ONCE)
    assert wet.written
    assert replace(wet, written=False, seconds=0.0) == replace(dry, seconds=0.0)


def test_tuning_again_starts_from_what_is_in_use_and_undoing_goes_back_step_by_step(
    store: embedctl.Store, collection: Collection
) -> None:
    first = store.tune(collection.queries, collection.qrels, ONCE)
    again = store.tune(collection.queries, collection.qrels, ONCE)
    assert (again.before, again.real, again.changes) == (first.best, False, ())
    with writing(store._layout, "a test") as writer:
        second = replace(writer.manifest.tuned[0], ranking=RankingConfig(candidates=300))
        writer.commit(replace(writer.manifest, tuned=(*writer.manifest.tuned, second)))
    assert store.undo_tune().ranking == first.best
    assert store.undo_tune().ranking == RankingConfig()


def test_a_ranking_that_was_changed_meanwhile_is_not_overwritten(store: embedctl.Store, collection: Collection) -> None:
    dry = store.tune(collection.queries, collection.qrels, ONCE, dry_run=True)
    store.tune(collection.queries, collection.qrels, ONCE)
    manifest = read_manifest(store._layout)
    with pytest.raises(UsageError, match="was changed while"):
        keep(store._layout, dry, 0.0)
    assert read_manifest(store._layout) == manifest
    with writing(store._layout, "a test"), pytest.raises(LockedError):
        store.undo_tune()
    assert read_manifest(store._layout) == manifest


def test_too_few_queries_or_foreign_judgements_are_refused(
    store: embedctl.Store, collection: Collection, tmp_path: Path
) -> None:
    lines = collection.qrels.read_text().splitlines()
    few = tmp_path / "few.tsv"
    few.write_text("\n".join(lines[:10]))
    with pytest.raises(UsageError, match=r"9 of the queries .* fewer than 10"):
        store.tune(collection.queries, few)
    foreign = tmp_path / "foreign.tsv"
    foreign.write_text("\n".join(line.replace("\td", "\tx") for line in lines))
    with pytest.raises(UsageError, match="No ranking finds anything"):
        store.tune(collection.queries, foreign)
    for wrong in (TuneConfig(folds=1), TuneConfig(metric="ndgc@10")):
        with pytest.raises(UsageError):
            store.tune(collection.queries, collection.qrels, wrong)
