"""Arithmetic, tables and files of the benchmarks."""

from __future__ import annotations

import math
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from benchmarks.__main__ import main, run
from benchmarks.bench import Bench, SkipError
from benchmarks.comparison import best_documents
from benchmarks.embedding import batches, least_cosine, sample
from benchmarks.headlines import headlines
from benchmarks.machine import Machine, this_machine
from benchmarks.measurements import MEASUREMENTS
from benchmarks.processes import ProcessError, watch
from benchmarks.render import BEGIN, END, into, markdown, shown, table
from benchmarks.results import Gap, Results, Row, digits, latency_rows, percentile, read_results

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "benchmarks.md"
MACHINE = Machine("A processor", 2, ("avx2",), 16.0, "An OS", "3.11", {"embedctl": "1"}, "abc", "2026-01-01")
ROW = Row("latency", "hybrid, session", "embedctl", "p50", 12.34, "ms", 1_000)
BENCH = Bench(Path(), (1_000,), (), 1, 1, 1, 1, "", 0)


def test_percentiles_are_by_nearest_rank() -> None:
    assert [percentile([15, 20, 35, 40, 50], percent) for percent in (5, 30, 40, 50, 100)] == [15, 20, 20, 35, 50]
    assert percentile([3.0], 95) == 3.0
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 50)


def test_latencies_are_told_in_milliseconds() -> None:
    rows = latency_rows(ROW, [0.001 * number for number in range(1, 101)])
    assert [(row.metric, row.value, row.unit, row.case) for row in rows] == [
        ("p50", 50.0, "ms", ROW.case),
        ("p95", 95.0, "ms", ROW.case),
    ]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.312, "s", "0.312 s"),
        (12.34, "ms", "12.3 ms"),
        (330.0, "s", "5.50 min"),
        (1_234.0, "ms", "1.23 s"),
        (123_456.0, "chunks/s", "123,456 chunks/s"),
        (3_312.0, "MB", "3.31 GB"),
        (99.96, "MB", "100 MB"),
        (0.99995, "", "0.99995"),
        (0.9999999, "", "1.00"),
        (1.0, "", "1.00"),
        (0.0, "", "0"),
        (0.00012, "s", "0.000120 s"),
    ],
)
def test_figures_have_three_digits_and_a_unit_that_suits_them(value: float, unit: str, text: str) -> None:
    assert shown(replace(ROW, value=value, unit=unit)) == text


def test_numbers_are_whole_from_a_hundred_on() -> None:
    assert [digits(value) for value in (99.4, 100.4, 1_000.6)] == ["99.4", "100", "1,001"]


def test_a_table_has_a_line_for_each_case_size_and_engine() -> None:
    rows = [
        ROW,
        replace(ROW, metric="p95", value=20.0),
        replace(ROW, engine="LanceDB", value=40.0),
        replace(ROW, case="batch", metric="rate", unit="queries/s", value=150.0, chunks=100_000),
    ]
    assert table(rows).splitlines() == [
        "| case | chunks | engine | p50 | p95 | rate |",
        "| --- | --: | --- | --: | --: | --: |",
        "| hybrid, session | 1,000 | embedctl | 12.3 ms | 20.0 ms |  |",
        "| hybrid, session | 1,000 | LanceDB | 40.0 ms |  |  |",
        "| batch | 100,000 | embedctl |  |  | 150 queries/s |",
    ]
    assert table([replace(ROW, chunks=None)]).splitlines()[0] == "| case | p50 |"


def test_markdown_names_machine_and_gaps_and_leaves_sweeps_to_the_plots() -> None:
    gaps = (Gap("comparison", "Nothing to compare with.", failed=False, chunks=1_000), Gap("quality", "Broken.", True))
    text = markdown(Results(MACHINE, {}, (ROW, replace(ROW, case="swept", x=10.0)), gaps))
    assert "A processor; 2 cores; avx2" in text
    assert "| hybrid, session | 1,000 | 12.3 ms |" in text
    assert "swept" not in text
    assert "- comparison, 1,000 chunks, skipped: Nothing to compare with." in text
    assert "- quality, failed: Broken." in text


def test_headlines_tell_every_size_of_latency_and_the_largest_of_recall() -> None:
    cold = replace(ROW, case="hybrid, one process a query")
    found = replace(ROW, measurement="recall", case="flat, as queries use it", metric="recall@10", unit="")
    rows = (cold, replace(cold, chunks=1_000_000), replace(cold, metric="p95"), replace(cold, engine="LanceDB"))
    rows += (replace(found, value=0.5), replace(found, chunks=100_000, value=1.0))
    assert [(what, row.chunks) for what, row in headlines(Results(MACHINE, {}, rows))] == [
        ("hybrid query, a process of its own, 1,000,000 chunks", 1_000_000),
        ("hybrid query, a process of its own, 1,000 chunks", 1_000),
        ("recall@10, exact scan, 100,000 chunks", 100_000),
    ]


def test_only_what_stands_between_the_marks_is_replaced() -> None:
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    once = into(text, "new\n", [("benchmarks/plot.svg", "Lines")])
    assert once == f"before\n{BEGIN}\n\nnew\n\n![Lines](benchmarks/plot.svg)\n\n{END}\nafter\n"
    assert into(once, "new\n", [("benchmarks/plot.svg", "Lines")]) == once
    for wrong in ("none", BEGIN, f"{END}\n{BEGIN}", f"{BEGIN}{END}{END}"):
        with pytest.raises(ValueError, match="one line"):
            into(wrong, "new", [])


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    results = Results(replace(this_machine(), flags=()), {"sizes": [1_000]}, (ROW,), (Gap("recall", "Why.", False),))
    path = tmp_path / "results.json"
    path.write_text(results.to_json(), encoding="utf-8")
    again = read_results(path)
    assert (again.rows, again.gaps, again.arguments) == (results.rows, results.gaps, results.arguments)
    assert again.machine.versions == results.machine.versions
    path.write_text(path.read_text(encoding="utf-8").replace('"schema_version": 1', '"schema_version": 2'), "utf-8")
    with pytest.raises(ValueError, match="version 2"):
        read_results(path)
    with pytest.raises(ValueError, match="JSON"):
        replace(results, rows=(replace(ROW, value=math.nan),)).to_json()


class Fails:
    """A measurement that ends early."""

    sized = False

    def __init__(self, error: Exception) -> None:
        self.error = error

    def rows(self, bench: Bench, size: int | None) -> Iterator[Row]:
        yield ROW
        raise self.error


@pytest.mark.parametrize(("error", "failed"), [(ZeroDivisionError("by zero"), True), (SkipError("Not here."), False)])
def test_a_failure_is_told_and_keeps_what_came_before(
    error: Exception, failed: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(MEASUREMENTS, "startup", Fails(error))  # type: ignore[arg-type]
    results = run(BENCH, "startup", None, Results(MACHINE, {}))
    assert results.rows == (ROW,)
    assert [(gap.measurement, gap.failed) for gap in results.gaps] == [("startup", failed)]
    assert str(error) in results.gaps[0].reason
    assert str(error) in capsys.readouterr().err
    assert results.failed is failed


def test_the_exit_code_says_whether_something_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--only", "startup", "--out", str(tmp_path), "--sizes", "2k", "1M"]
    monkeypatch.setattr("benchmarks.__main__._draw", lambda *_: None)
    monkeypatch.setitem(MEASUREMENTS, "startup", Fails(SkipError("Not here.")))  # type: ignore[arg-type]
    assert main(arguments) == 0
    assert read_results(tmp_path / "results.json").arguments["sizes"] == [2_000, 1_000_000]
    monkeypatch.setitem(MEASUREMENTS, "startup", Fails(ValueError("Broken.")))  # type: ignore[arg-type]
    assert main(arguments) == 1
    assert "Broken." in (tmp_path / "results.md").read_text(encoding="utf-8")
    assert "Broken." in capsys.readouterr().out


def test_peak_memory_is_that_of_the_process_alone() -> None:
    held = np.ones(30_000_000)  # 240 MB in this process
    small = watch([sys.executable, "-c", "pass"])
    large = watch([sys.executable, "-c", "held = b'x' * 100_000_000"])
    assert small.peak_bytes < held.nbytes / 3
    assert 80e6 < large.peak_bytes - small.peak_bytes < 120e6


def test_a_process_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match=r"ended with 3: .*out of luck"):
        watch([sys.executable, "-c", "import sys; print('out of luck', file=sys.stderr); sys.exit(3)"])
    said = tmp_path / "said"
    watch([sys.executable, "-c", "print('hello')"], str(said))
    assert said.read_text(encoding="utf-8") == "hello\n"


def test_batches_hold_every_text_once_longest_first_within_the_limit() -> None:
    ids = [[7] * length for length in (3, 9, 1, 5, 12, 4, 4)]
    made = list(batches(ids, 12))
    assert sorted(row for batch in made for row in batch.rows.tolist()) == list(range(len(ids)))
    assert [batch.ids.shape for batch in made] == [(1, 12), (1, 9), (2, 5), (3, 4)][:3] + [
        b.ids.shape for b in made[3:]
    ]
    for batch in made:
        assert batch.ids.size <= 12
        assert batch.mask.sum(axis=1).tolist() == [len(ids[row]) for row in batch.rows]
        assert ((batch.ids == 7) == (batch.mask == 1)).all()


def test_texts_are_repeated_where_there_are_too_few() -> None:
    texts = ["a", "b", "c"]
    assert sorted(sample(texts, 3, 1)) == texts
    assert sample(texts, 7, 1)[:3] == sample(texts, 7, 1)[3:6]
    assert least_cosine(np.eye(2, dtype=np.float32), np.array([[1, 0], [0.8, 0.6]], dtype=np.float32)) == pytest.approx(
        0.6
    )


def test_documents_take_the_place_of_their_best_chunk() -> None:
    chunks = ["corpus:a:b#c#0", "corpus:7#1", "corpus:a:b#c#2", "corpus:9#0"]
    assert best_documents(chunks) == ["a:b#c", "7", "9"]


# --- documentation


def cells(heading: str) -> list[str]:
    """Return the first cells of the table below a line, without backticks."""
    below = DOCUMENT.read_text(encoding="utf-8").split(f"\n{heading}\n", 1)[1]
    lines = below.strip("\n").split("\n\n", 1)[0].splitlines()
    return [line.split("|")[1].strip().strip("`") for line in lines[2:]]


@pytest.mark.parametrize(
    ("heading", "noun"), [("A row:", Row), ("A gap:", Gap), ("The machine:", Machine), ("## What is measured", None)]
)
def test_the_documentation_names_every_field_and_measurement(heading: str, noun: Any) -> None:
    assert cells(heading) == ([field.name for field in fields(noun)] if noun else list(MEASUREMENTS))


def test_the_documentation_has_room_for_results() -> None:
    assert into(DOCUMENT.read_text(encoding="utf-8"), "figures", []).count("figures") >= 1
