"""Metrics are those of trec_eval: figures by hand, and equality with an independent implementation."""

from __future__ import annotations

import math

import ir_measures
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedctl.errors import UsageError
from embedctl.evaluation.judgements import falling, ordered
from embedctl.evaluation.metrics import depth_of, parse_metric, parse_metrics, query_values, run_values

NAMES = {
    "ndcg@10": ir_measures.nDCG @ 10,
    "ndcg@3": ir_measures.nDCG @ 3,
    "ndcg": ir_measures.nDCG,
    "recall@5": ir_measures.R @ 5,
    "recall@100": ir_measures.R @ 100,
    "precision@1": ir_measures.P @ 1,
    "precision@10": ir_measures.P @ 10,
    "mrr": ir_measures.RR,
    "mrr@3": ir_measures.RR @ 3,
    "map": ir_measures.AP,
    "map@5": ir_measures.AP @ 5,
    "success@1": ir_measures.Success @ 1,
    "success@5": ir_measures.Success @ 5,
}
METRICS = parse_metrics(NAMES)
DOCUMENTS = [f"d{number:02}" for number in range(30)]

grades = st.dictionaries(st.sampled_from(DOCUMENTS), st.integers(-2, 4), min_size=1).filter(
    lambda judged: max(judged.values()) > 0  # trec_eval's ndcg never ends where all grades are negative
)
rankings = st.lists(st.sampled_from(DOCUMENTS), unique=True)
queries = st.lists(st.tuples(grades, rankings), min_size=1, max_size=4)


def oracle(judged: dict[str, dict[str, int]], scores: dict[str, dict[str, float]]) -> dict[tuple[str, str], float]:
    qrels = [ir_measures.Qrel(query, name, grade) for query, of in judged.items() for name, grade in of.items()]
    run = [ir_measures.ScoredDoc(query, name, score) for query, of in scores.items() for name, score in of.items()]
    by_measure = {str(measure): name for name, measure in NAMES.items()}
    found = ir_measures.iter_calc(list(NAMES.values()), qrels, run) if run else ()
    return {(value.query_id, by_measure[str(value.measure)]): value.value for value in found}


def assert_oracle_agrees(
    judged: dict[str, dict[str, int]],
    found: dict[str, tuple[str, ...]],
    scores: dict[str, dict[str, float]],
    without: tuple[str, ...] = (),
) -> None:
    expected = oracle(judged, scores)
    values = run_values(METRICS, found, judged)
    for row, query in enumerate(judged):
        for column, name in enumerate(NAMES):
            if name in without:
                continue
            # the oracle leaves out what found nothing
            assert values[row, column] == pytest.approx(expected.get((query, name), 0.0), abs=1e-6), (query, name)


@settings(max_examples=150, deadline=None)
@given(queries)
def test_every_metric_is_the_oracles(drawn: list[tuple[dict[str, int], list[str]]]) -> None:
    judged = {f"q{at}": of for at, (of, _) in enumerate(drawn)}
    found = {f"q{at}": tuple(ranking) for at, (_, ranking) in enumerate(drawn)}
    scores = {query: dict(zip(ids, falling([1.0] * len(ids)), strict=True)) for query, ids in found.items()}
    assert_oracle_agrees(judged, found, scores)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(grades, st.dictionaries(st.sampled_from(DOCUMENTS), st.integers(0, 3))), min_size=1))
def test_tied_scores_of_a_run_that_is_read_count_as_trec_eval_orders_them(
    drawn: list[tuple[dict[str, int], dict[str, int]]],
) -> None:
    judged = {f"q{at}": of for at, (of, _) in enumerate(drawn)}
    scores = {f"q{at}": {name: float(score) for name, score in of.items()} for at, (_, of) in enumerate(drawn)}
    # for a reciprocal rank with a cutoff, ir-measures asks another tool, which orders ties otherwise
    assert_oracle_agrees(judged, {query: ordered(of).ids for query, of in scores.items()}, scores, without=("mrr@3",))


def test_long_rankings_agree_too() -> None:
    random = np.random.default_rng(5)
    names = [f"n{number}" for number in range(2_000)]
    judged = {
        f"q{at}": {str(name): int(random.integers(0, 3)) for name in random.choice(names, 400)} for at in range(3)
    }
    found = {query: tuple(map(str, random.permutation(names)[:1_500])) for query in judged}
    scores = {query: dict(zip(ids, falling([1.0] * len(ids)), strict=True)) for query, ids in found.items()}
    assert_oracle_agrees(judged, found, scores)


def test_figures_by_hand() -> None:
    metrics = parse_metrics(["ndcg@3", "recall@3", "precision@3", "mrr@3", "map@3", "map", "success@1"])
    values = query_values(metrics, ["a", "x", "b", "c"], {"a": 1, "b": 2, "c": 1, "missing": 3})
    gained = 1 / math.log2(2) + 2 / math.log2(4)
    ideal = 3 / math.log2(2) + 2 / math.log2(3) + 1 / math.log2(4)
    assert values == pytest.approx(
        (gained / ideal, 2 / 4, 2 / 3, 1.0, (1 + 2 / 3) / 4, (1 + 2 / 3 + 3 / 4) / 4, 1.0), abs=1e-12
    )


def test_a_query_without_a_ranking_counts_with_nothing() -> None:
    values = run_values(parse_metrics(["ndcg@10", "mrr"]), {"q1": ("a",)}, {"q1": {"a": 1}, "q2": {"a": 1}})
    assert values.tolist() == [[1.0, 1.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    ("name", "canonical"),
    [("ndcg@10", "ndcg@10"), (" nDCG@10 ", "ndcg@10"), ("P@5", "precision@5"), ("RR@10", "mrr@10"), ("AP", "map")],
)
def test_names_as_people_write_them(name: str, canonical: str) -> None:
    assert str(parse_metric(name)) == canonical


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("ndgc@10", 'Did you mean "ndcg"?'),
        ("recal@5", 'Did you mean "recall"?'),
        ("recall", "Write recall@10"),
        ("ndcg@", "to a depth from 1"),
        ("ndcg@0", "to a depth from 1"),
        ("ndcg@ten", "to a depth from 1"),
        ("ndcg@-3", "to a depth from 1"),
        ("", "Measures are ndcg, recall"),
    ],
)
def test_a_wrong_name_says_what_is_right(name: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_metric(name)
    assert told in str(caught.value)


def test_a_ranking_goes_as_deep_as_the_deepest_metric() -> None:
    assert depth_of(parse_metrics(["ndcg@10", "recall@500"]), 100) == 500
    assert depth_of(parse_metrics(["ndcg@10", "map"]), 100) == 100
