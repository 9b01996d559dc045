"""Plots of the benchmarks, where matplotlib is installed (the extra ``bench``)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.machine import Machine
from benchmarks.results import Results, Row

pytest.importorskip("matplotlib", reason="the extra bench is not installed")

from benchmarks.plots import ALTERNATIVES, draw

MACHINE = Machine("A processor", 2, (), 16.0, "An OS", "3.11", {}, "abc", "2026-01-01")
COLD = Row("latency", "hybrid, one process a query", "embedctl", "p50", 300.0, "ms", 1_000)
BUILT = Row("building", "index, vectors ready", "embedctl", "time", 1.0, "s", 1_000)
FOUND = Row("recall", "binary", "embedctl", "recall@10", 0.9, "", 1_000, 10.0)
ROWS = (
    Row("embedding", "texts", "embedctl", "texts", 200.0, "texts/s"),
    Row("embedding", "texts", "SentenceTransformer.encode, float32", "texts", 50.0, "texts/s"),
    COLD,
    replace(COLD, chunks=1_000_000, value=700.0),
    replace(COLD, measurement="comparison", engine="LanceDB", value=6_000.0),
    replace(COLD, case="bm25, session", value=0.5),
    BUILT,
    replace(BUILT, metric="peak memory", value=200.0, unit="MB"),
    replace(BUILT, measurement="comparison", engine="txtai", value=9.0),
    FOUND,
    replace(FOUND, x=100.0, value=0.99),
    replace(FOUND, metric="p50", value=0.4, unit="ms"),
    replace(FOUND, metric="p50", value=0.9, unit="ms", x=100.0),
)


def test_every_plot_is_drawn_and_the_same_every_time(tmp_path: Path) -> None:
    results = Results(MACHINE, {}, ROWS)
    drawn = draw(results, tmp_path / "one")
    assert [path.name for path in drawn] == [f"{name}.{kind}" for name in ALTERNATIVES for kind in ("svg", "png")]
    again = draw(results, tmp_path / "other", ("svg",))
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in drawn if path.suffix == ".svg"]


def test_what_was_not_measured_is_not_drawn(tmp_path: Path) -> None:
    assert draw(Results(MACHINE, {}), tmp_path / "none") == []
    assert not (tmp_path / "none").exists()
    only = draw(Results(MACHINE, {}, (COLD, replace(FOUND, case="flat", x=0.0))), tmp_path, ("svg",))
    assert [path.name for path in only] == ["latency.svg"]
