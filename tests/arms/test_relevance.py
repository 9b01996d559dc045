"""Relevance model 3: by hand, against a second implementation, and inside BM25."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from embedctl.arms.bm25.arm import Bm25Arm
from embedctl.arms.bm25.query import Bm25Query
from embedctl.arms.bm25.relevance import beside_query, expansion, relevance_model
from embedctl.arms.bm25.writer import Bm25Writer
from embedctl.arms.kind import TextRow
from embedctl.config import Rm3Config
from embedctl.query.parse import parse_query

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ALL = Rm3Config(hits=3, most_common=1.0)


def test_likelihoods_by_hand() -> None:
    hits = [{"wing": 2, "lift": 1}, {"lift": 1, "drag": 1}, {}]
    # wing: 2 * 2/3; lift: 2 * 1/3 + 1 * 1/2; drag: 1 * 1/2
    assert relevance_model(hits, [2.0, 1.0, 9.0], 2) == pytest.approx({"wing": 8 / 15, "lift": 7 / 15})
    assert list(relevance_model(hits, [2.0, 1.0, 9.0], 3)) == ["wing", "lift", "drag"]


def test_ties_break_by_term() -> None:
    assert list(relevance_model([{"b": 1, "c": 1, "a": 1}], [1.0], 2)) == ["a", "b"]


def test_nothing_to_learn_from() -> None:
    assert relevance_model([], [], 10) == {}
    assert relevance_model([{}], [3.0], 10) == {}
    assert relevance_model([{"wing": 1}], [0.0], 10) == {}


def test_weights_beside_the_query_by_hand() -> None:
    assert beside_query({"wing": 0.6, "lift": 0.4}, 2, 0.5) == pytest.approx({"wing": 1.2, "lift": 0.8})
    assert beside_query({"wing": 0.6, "lift": 0.4}, 2, 0.8) == pytest.approx({"wing": 0.3, "lift": 0.2})
    assert beside_query({"wing": 1.0}, 1, 1.0) == {"wing": 0.0}


def likelihoods(hits: Sequence[Mapping[str, int]], scores: Sequence[int]) -> dict[str, Fraction]:
    """``P(w|R)`` but for a factor, over the whole vocabulary and in exact arithmetic."""
    vocabulary = {term for hit in hits for term in hit}
    return {
        term: sum(
            (Fraction(hit.get(term, 0), sum(hit.values())) * score for hit, score in zip(hits, scores, strict=True)),
            Fraction(0),
        )
        for term in vocabulary
    }


LETTERS = st.sampled_from("abcdefgh")


@given(
    st.lists(LETTERS, min_size=1, max_size=4, unique=True),
    st.lists(st.tuples(st.lists(LETTERS, min_size=1, max_size=12), st.integers(1, 50)), min_size=1, max_size=5),
    st.integers(1, 8),
    st.sampled_from([Fraction(1, 4), Fraction(1, 2), Fraction(3, 4)]),
)
def test_the_sum_is_proportional_to_the_interpolated_model(
    query: list[str], found: list[tuple[list[str], int]], terms: int, weight: Fraction
) -> None:
    hits, scores = [Counter(text) for text, _ in found], [score for _, score in found]
    ranked = sorted(likelihoods(hits, scores).items(), key=lambda one: -one[1])
    kept = dict(ranked[:terms])
    assume(len(ranked) <= terms or ranked[terms - 1][1] > ranked[terms][1])  # else rounding decides which is kept
    mass = sum(kept.values())
    interpolated = {
        term: weight * Fraction(term in query, len(query)) + (1 - weight) * kept.get(term, Fraction(0)) / mass
        for term in {*query, *kept}
    }
    assert sum(interpolated.values()) == 1
    rm3 = Rm3Config(terms=terms, query_weight=float(weight), shortest=1)
    added = expansion(query, hits, [float(score) for score in scores], lambda _: True, rm3)
    unit = float(weight) / len(query)
    summed = {term: unit * ((term in query) + added.get(term, 0.0)) for term in {*query, *added}}
    assert summed == pytest.approx({term: float(share) for term, share in interpolated.items()})


def test_which_terms_count() -> None:
    hits = [{"wing": 1, "the": 9, "x": 9, "y" * 20: 1, "z" * 21: 9, "1958": 1}]
    rare = Rm3Config(query_weight=0.5)
    added = expansion(["the", "wing"], hits, [1.0], lambda term: term != "the", rare)
    assert added == pytest.approx({"wing": 1 / 3, "y" * 20: 1 / 3, "1958": 1 / 3})  # "the" is no word of two
    assert expansion(["the"], hits, [1.0], lambda _: False, rare) == {}


TEXTS = [
    "kestrel hovers over the verge",
    "kestrel hovers, a falcon of open country",
    "falcon dives at the pigeon",
    "pigeon eats corn",
    "the heron waits",
    "the falcon and the heron rest",
]


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> Bm25Arm:
    folder = tmp_path_factory.mktemp("bm25")
    with Bm25Writer(folder, "english", 15_000_000) as writer:
        for label, text in enumerate(TEXTS):
            writer.add(TextRow(label, label, text, "", (), ""))
        writer.commit()
    return Bm25Arm(folder, "english")


def ask(retriever: Bm25Arm, text: str) -> Bm25Query:
    return retriever.query(parse_query(text))


def learn(retriever: Bm25Arm, query: Bm25Query, rm3: Rm3Config = ALL) -> Mapping[str, float]:
    first = query.search(rm3.hits)
    return query.expansion([TEXTS[label] for label in first.labels.tolist()], first.scores.tolist(), rm3)


def test_expanded_scores_are_the_weighted_sum_of_the_terms_scores(retriever: Bm25Arm) -> None:
    labels = np.arange(len(TEXTS), dtype=np.uint64)
    query = ask(retriever, "kestrel hovers")
    added = {"falcon": 0.5, "pigeon": 0.25, "kestrel": 2.0}
    single = {
        word: np.nan_to_num(ask(retriever, word).scores(labels)) for word in ("kestrel", "hovers", "falcon", "pigeon")
    }
    expected = 3.0 * single["kestrel"] + single["hovers"] + 0.5 * single["falcon"] + 0.25 * single["pigeon"]
    expanded = query.expanded(added)
    np.testing.assert_allclose(np.nan_to_num(expanded.scores(labels)), expected, rtol=1e-5)
    found = expanded.search(10)
    assert found.labels.tolist() == sorted(np.flatnonzero(expected).tolist(), key=lambda at: -expected[at])
    np.testing.assert_allclose(found.scores, expected[found.labels.astype(int)], rtol=1e-5)


def test_the_query_as_typed_keeps_its_own_scores(retriever: Bm25Arm) -> None:
    query = ask(retriever, "kestrel")
    before = ask(retriever, "kestrel").scores(np.arange(6, dtype=np.uint64)).tolist()
    expanded = query.expanded({"falcon": 1.0})
    assert set(expanded.search(6).labels.tolist()) == {0, 1, 2, 5}
    np.testing.assert_array_equal(query.scores(np.arange(6, dtype=np.uint64)), before)
    assert set(query.search(6).labels.tolist()) == {0, 1}


def test_phrases_and_exclusions_hold_for_what_was_added(retriever: Bm25Arm) -> None:
    phrase = ask(retriever, '"kestrel hovers"')
    assert set(phrase.expanded({"pigeon": 5.0}).search(6).labels.tolist()) == {0, 1}
    assert "falcon" in learn(retriever, phrase)
    without = ask(retriever, "kestrel -heron")
    assert set(without.expanded({"falcon": 1.0}).search(6).labels.tolist()) == {0, 1, 2}


def test_terms_that_many_chunks_have_are_not_added(retriever: Bm25Arm) -> None:
    query = ask(retriever, "kestrel")
    third = Rm3Config(hits=3, most_common=2 / 6)
    added = learn(retriever, query, third)
    assert {"kestrel", "hover", "verg"} <= added.keys()
    assert not {"the", "falcon", "a"} & added.keys()  # three or more of six chunks, or one letter
    assert "falcon" in learn(retriever, query)
    assert list(added.values()) == sorted(added.values(), reverse=True)


def test_identifiers_keep_their_weight_beside_what_is_added(retriever: Bm25Arm) -> None:
    labels = np.arange(6, dtype=np.uint64)
    plain, expanded = ask(retriever, "kestrel/hovers"), ask(retriever, "kestrel/hovers").expanded({"verge": 0.0})
    np.testing.assert_array_equal(plain.scores(labels), expanded.scores(labels))
