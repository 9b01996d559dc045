"""``query``: what the flags say of the ranking goes before what the store was tuned to, field by field; feedback."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from schemas import validate

from embedctl.config import Bm25Config, FeedbackConfig, FusionConfig, RankingConfig, RankingRequest
from embedctl.store.layout import Layout
from embedctl.store.manifest import TunedRecord
from embedctl.store.writer import writing

if TYPE_CHECKING:
    from pathlib import Path

    from command import Cli

TUNED = RankingConfig(
    candidates=37,
    fusion=FusionConfig("rrf", 7, (("bm25", 0.25), ("dense", 3.0))),
    bm25=Bm25Config(body=1.0, title=0.0, path=2.0),
    feedback=FeedbackConfig(rm3=True, rocchio=False),
)


@pytest.fixture(scope="module")
def tuned(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of the world, copied and tuned by hand."""
    folder = tmp_path_factory.mktemp("tuned") / ".embedctl"
    shutil.copytree(world / ".embedctl", folder)
    with writing(Layout(folder), "test", 0.0) as writer:
        record = TunedRecord(TUNED, "ndcg@10", queries=20, before=0.4, after=0.5, low=0.01, high=0.2)
        writer.commit(replace(writer.manifest, tuned=(record,)))
    return folder


def explained(cli: Cli, store: Path, *flags: str) -> dict[str, Any]:
    result = cli("query", "a lost key is rotated at night", "--store", str(store), "--json", "--explain", *flags)
    assert result.code == 0, result.err
    answer = json.loads(result.out)
    validate("query", answer)
    explain: dict[str, Any] = answer["explain"]
    told = {name: explain[name] for name in ("candidates", "fusion", "rrf_k", "weights")}
    return told | {name: explain["feedback"][name] is not None for name in ("rm3", "rocchio")}


AS_TUNED = {
    "candidates": 37,
    "fusion": "rrf",
    "rrf_k": 7,
    "weights": {"bm25": 0.25, "dense": 3.0},
    "rm3": True,
    "rocchio": False,
}


@pytest.mark.parametrize(
    ("flags", "others"),
    [
        ((), {}),
        (("--candidates", "12"), {"candidates": 12}),
        (("--rrf-k", "30"), {"rrf_k": 30}),
        (("--bm25-weight", "2"), {"weights": {"bm25": 2.0, "dense": 3.0}}),
        (("--dense-weight", "0"), {"weights": {"bm25": 0.25, "dense": 0.0}}),
        (("--no-rm3",), {"rm3": False}),
        (("--rocchio",), {"rocchio": True}),
        (("--fusion", "rrf", "--rm3", "--no-rocchio"), {}),
        # The weights and the constant of one fusion are none of another.
        (("--fusion", "convex"), {"fusion": "convex", "rrf_k": 60, "weights": {"bm25": 0.2, "dense": 0.8}}),
        (
            ("--fusion", "dbsf", "--bm25-weight", "0.5"),
            {"fusion": "dbsf", "rrf_k": 60, "weights": {"bm25": 0.5, "dense": 1.0}},
        ),
    ],
)
def test_a_flag_changes_its_own_field_of_a_tuned_ranking(
    cli: Cli, tuned: Path, flags: tuple[str, ...], others: dict[str, Any]
) -> None:
    assert explained(cli, tuned, *flags) == AS_TUNED | others


def test_many_queries_are_ranked_as_tuned_and_as_the_flags_say(cli: Cli, tuned: Path, tmp_path: Path) -> None:
    (tmp_path / "queries.txt").write_text("a lost key is rotated at night\n", encoding="utf-8")
    ask = ("query", "--queries", str(tmp_path / "queries.txt"), "--store", str(tuned), "--explain")
    for flags, candidates, rm3 in (((), 37, True), (("--candidates", "50", "--no-rm3"), 50, False)):
        explain = json.loads(cli(*ask, *flags).out)["explain"]
        assert (explain["candidates"], explain["rrf_k"], explain["feedback"]["rm3"] is not None) == (candidates, 7, rm3)


def test_fields_that_only_the_store_has_decide_on_the_order(cli: Cli, here: Path, tuned: Path) -> None:
    ask = ("query", "--mode", "bm25", "--json", "rotate", "--no-rm3")  # a path of one file, a title of no weight
    default = json.loads(cli(*ask).out)["hits"]
    by_store = json.loads(cli(*ask, "--store", str(tuned)).out)["hits"]
    scores = [{hit["id"]: hit["scores"]["bm25"] for hit in hits} for hits in (default, by_store)]
    assert scores[0].keys() == scores[1].keys()
    assert scores[1]["docs:rotate.py#0"] > scores[0]["docs:rotate.py#0"]


def test_asking_for_a_ranking_gives_that_ranking() -> None:
    other = RankingConfig(
        9,
        FusionConfig("convex", 3, (("bm25", 0.5), ("dense", 0.1))),
        Bm25Config(0.1, 0.2, 0.3),
        FeedbackConfig(False, True),
    )
    for wanted in (TUNED, other, RankingConfig()):
        for own in (TUNED, other, RankingConfig()):
            assert RankingRequest(base=wanted).applied_to(own) == wanted
        assert RankingRequest().applied_to(wanted) == wanted


def test_explain_tells_what_feedback_took(cli: Cli, here: Path) -> None:
    result = cli("query", "lost key", "--rm3", "--rocchio", "--explain")
    told = [line for line in result.err.splitlines() if line.startswith("feedback:")]
    assert len(told) == 2
    assert told[0].startswith("feedback:   rm3, ")
    assert "added beside 1 for each word: " in told[0]
    assert told[1].startswith("feedback:   rocchio, 3 hits; ")
    assert "feedback" not in cli("query", "lost key", "--explain").err
    nothing = cli("query", "--mode", "bm25", "xyzzy", "--rm3", "--explain").err
    assert "rm3, 0 hits; added beside 1 for each word: nothing" in nothing


@pytest.mark.parametrize(("flag", "mode"), [("--rm3", "dense"), ("--rocchio", "bm25")])
def test_feedback_for_an_arm_that_is_not_asked_is_refused(cli: Cli, tuned: Path, flag: str, mode: str) -> None:
    result = cli("query", "key", flag, "--mode", mode, "--store", str(tuned))
    assert result.code == 2
    assert f"{flag} is for the" in result.err
    off = cli("query", "key", flag.replace("--", "--no-"), "--mode", mode, "--store", str(tuned), "--json")
    assert off.code == 0


def test_a_tuned_store_may_be_asked_without_the_arm_that_takes_feedback(cli: Cli, tuned: Path) -> None:
    assert explained(cli, tuned, "--mode", "dense") == AS_TUNED | {"rm3": False, "weights": {"dense": 3.0}}
