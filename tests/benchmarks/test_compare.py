"""Comparing two checkouts: which answers count as the same, and what is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.compare.datasets import Query, prepare, with_syntax
from benchmarks.compare.rankings import Hit, differences
from benchmarks.compare.speed import Figure, Sample

HITS = [Hit("docs:a#0", 0.03, 12.5, 0.7), Hit("docs:b#2", 0.02, None, 0.5)]


def test_the_same_hits_with_scores_that_differ_in_the_sixth_digit_are_no_difference() -> None:
    drifted = [Hit("docs:a#0", 0.030001, 12.50001, 0.700001), HITS[1]]
    assert list(differences({"q": HITS}, {"q": drifted})) == []


@pytest.mark.parametrize(
    ("after", "order", "text"),
    [
        (HITS[::-1], True, "hit 1: docs:a#0 (0.03) -> docs:b#2 (0.02)"),
        (HITS[:1], True, "2 hits -> 1 hits"),
        ([HITS[0], Hit("docs:b#2", 0.02, 0.1, 0.5)], False, "hit 2, docs:b#2: bm25 None -> 0.1"),
        ([Hit("docs:a#0", 0.03, 12.501, 0.7), HITS[1]], False, "hit 1, docs:a#0: bm25 12.5 -> 12.501"),
        ([Hit("docs:a#0", 0.03, 12.5, 0.70002), HITS[1]], False, "hit 1, docs:a#0: cosine 0.7 -> 0.70002"),
    ],
)
def test_the_first_difference_of_a_query_is_told(after: list[Hit], order: bool, text: str) -> None:
    (found,) = differences({"same": HITS, "q": HITS}, {"same": HITS, "q": after})
    assert (found.query, found.order, found.text) == ("q", order, text)


def test_a_query_that_only_one_checkout_answered_is_a_difference() -> None:
    (found,) = differences({"q": HITS}, {})
    assert found.text == "answered only before"


def test_queries_get_exclusions_and_phrases_of_their_own_words() -> None:
    asked = with_syntax([Query(str(number), "flow past - a thin wing") for number in range(3)])
    assert [query.text.split() for query in asked] == [
        ["flow", "past", "a", "thin", "wing", "-wing"],
        ['"flow', 'past"', "flow", "past", "a", "thin", "wing"],
        ["flow", "past", "a", "thin", "wing", '-"thin', 'wing"'],
    ]


def test_a_copied_collection_is_found_by_its_content_wherever_it_lies(tmp_path: Path) -> None:
    for place in ("here", "there"):
        source = tmp_path / place / "tiny"
        source.mkdir(parents=True)
        (source / "corpus.jsonl").write_text('{"_id": "1", "text": "one two three"}\n')
        (source / "queries.jsonl").write_text(json.dumps({"_id": 7, "text": "two"}) + "\n")
    first, second = (prepare(tmp_path / place / "tiny", tmp_path / "work") for place in ("here", "there"))
    assert first == second
    assert first.queries() == [Query("7", "two")]
    (source / "corpus.jsonl").write_text('{"_id": "1", "text": "four"}\n')
    assert prepare(source, tmp_path / "work").key != first.key


@pytest.mark.parametrize(
    ("after", "verdict"),
    [(Sample(1.04, 1.04, 1), ""), (Sample(1.2, 1.01, 1), "recheck"), (Sample(1.2, 1.1, 1), "slower")],
)
def test_processor_time_decides_what_is_slower(after: Sample, verdict: str) -> None:
    assert Figure("case", (Sample(1, 1, 1),), (after,)).verdict == verdict
