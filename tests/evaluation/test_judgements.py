"""Files of judgements: both forms, told by their content; problems by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedctl.errors import UsageError
from embedctl.evaluation.judgements import digest_of, read_judgements

EXPECTED = {"q1": {"a.md": 2, "b c.md": 0}, "q2": {"a.md": -1}}


@pytest.mark.parametrize(
    "text",
    [
        "query-id\tcorpus-id\tscore\nq1\ta.md\t2\nq1\tb c.md\t0\nq2\ta.md\t-1\n",
        "q1\ta.md\t2\nq1\tb c.md\t0\nq2\ta.md\t-1",
        "\ufeffquery-id\tcorpus-id\tscore\r\n\r\nq1\ta.md\t2.0\r\nq1\tb c.md\t0\r\nq2\ta.md\t-1\r\n",
        "q1\ta.md\t2\nq1\ta.md\t2\nq1\tb c.md\t+0\nq2\ta.md\t-1\n",
    ],
    ids=["header", "no header", "windows", "said twice"],
)
def test_the_form_of_beir(tmp_path: Path, text: str) -> None:
    path = tmp_path / "qrels.tsv"
    path.write_text(text, encoding="utf-8", newline="")
    assert read_judgements(path).grades == EXPECTED


@pytest.mark.parametrize("gap", [" ", "\t", "   "])
def test_the_form_of_trec_whatever_the_name(tmp_path: Path, gap: str) -> None:
    path = tmp_path / "judged"
    path.write_text("\n".join(gap.join(line) for line in (["q1", "0", "a", "2"], ["q2", "Q0", "b", "0"])) + "\n")
    assert read_judgements(path).grades == {"q1": {"a": 2}, "q2": {"b": 0}}


def test_only_queries_with_something_relevant_can_be_measured(tmp_path: Path) -> None:
    path = tmp_path / "qrels"
    path.write_text("q1 0 a 1\nq2 0 a 0\nq3 0 a -2\n")
    assert read_judgements(path).scored() == {"q1": {"a": 1}}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("q1 a\n", "line 1: neither three columns"),
        ("q1\ta\t1\nq2\ta\tvery\n", 'line 2: no whole number: "very"'),
        ("q1 0 a 1.5\n", 'line 1: no whole number: "1.5"'),
        ("q1\t\t1\n", "line 1: an id is missing"),
        ("q1 0 a 1\n\nq1 0 a 2\n", 'line 3: "a" has another grade for "q1" further up'),
        ("query-id\tcorpus-id\tscore\nquery-id\tcorpus-id\tscore\n", 'line 2: no whole number: "score"'),
        ("x\n" * 9, "and 4 more"),
        ("", "There is no judgement"),
        ("query-id\tcorpus-id\tscore\n", "There is no judgement"),
    ],
)
def test_what_is_wrong_is_told_by_line(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "qrels.tsv"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        read_judgements(path)
    assert told in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_judgements(tmp_path / "nowhere.tsv")


def test_a_digest_knows_other_judgements_and_no_other_order() -> None:
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1}) != digest_of({"a": 2, "b": 1})
