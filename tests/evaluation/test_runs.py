"""Runs: folding chunks to documents, and files that trec_eval orders as we do."""

from __future__ import annotations

from pathlib import Path

import ir_measures
import pytest

from embedctl.errors import UsageError
from embedctl.evaluation.judgements import Ranked, Run, falling, folded, read_run, run_lines


def test_chunks_become_documents_by_the_best_one() -> None:
    found = [("a", 0.9), ("b", 0.8), ("a", 0.7), ("c", 0.6), ("d", 0.5)]
    assert folded(found, 3) == Ranked(("a", "b", "c"), (0.9, 0.8, 0.6))


def test_ties_are_written_so_that_trec_eval_keeps_our_order(tmp_path: Path) -> None:
    ids = ("b", "z", "a", "y y", "c")
    run = Run({"q 1": Ranked(ids, (0.016393442, 0.016393442, 0.016393442, 0.0163934, 0.0))})
    path = tmp_path / "run.trec"
    path.write_text("".join(run_lines(run, "tag")), encoding="utf-8")
    assert path.read_text().splitlines()[3].split()[:4] == ["q%201", "Q0", "y%20y", "4"]
    judged = {"z": 1}
    measured = ir_measures.calc_aggregate(
        [ir_measures.RR],
        [ir_measures.Qrel("q%201", name, grade) for name, grade in judged.items()],
        ir_measures.read_trec_run(str(path)),
    )
    assert measured[ir_measures.RR] == 0.5
    again = read_run(path).ranked["q%201"]
    assert again.ids == tuple(name.replace(" ", "%20") for name in ids)
    assert len(set(again.scores)) == len(ids)


def test_scores_fall_and_change_no_more_than_that_takes() -> None:
    assert list(falling([2.0, 1.0, 0.5])) == [2.0, 1.0, 0.5]
    written = list(falling([1.0, 1.0, 1.0]))
    assert written == sorted(set(written), reverse=True)
    assert written == pytest.approx([1.0] * 3, abs=1e-6)


def test_a_run_of_another_tool_is_ordered_by_score_and_ties_by_descending_id(tmp_path: Path) -> None:
    path = tmp_path / "run"
    path.write_text("q1 Q0 a 1 0.5 t\nq1 Q0 b 2 0.5 t\nq1 Q0 c 9 7e0 t\n\nq2 Q0 a 1 1 t\n")
    assert read_run(path).rankings == {"q1": ("c", "b", "a"), "q2": ("a",)}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("q1 a 1\n", "line 1: not six columns"),
        ("q1 Q0 a 1 best t\n", "line 1: not six columns with a score"),
        ("q1 Q0 a 1 nan t\n", "line 1: not six columns with a score"),
        ("q1 Q0 a 1 2 t\nq1 Q0 a 2 1 t\n", 'line 2: "a" was found before'),
        ("\n", "There is nothing"),
    ],
)
def test_what_is_wrong_with_a_run_is_told_by_line(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "run"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        read_run(path)
    assert told in str(caught.value)
