"""``eval --synthetic`` and ``eval --ann`` as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import Cli
from schemas import validate


@pytest.fixture
def unjudged(cli: Cli, sample_store: Path) -> Cli:
    """Type ``eval`` about the sample corpus."""
    return lambda *words: cli("eval", *words, "--store", str(sample_store), "--quiet")


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_synthetic_figures_are_called_synthetic_and_their_queries_can_be_kept(unjudged: Cli, tmp_path: Path) -> None:
    kept, folder = tmp_path / "kept.json", tmp_path / "queries"
    flags = ("--synthetic", "-n", "8", "--only", "bm25", "--timed", "0")
    shown = unjudged(*flags, "--save", str(kept), "--save-queries", str(folder))
    assert shown.code == 0
    assert shown.out.startswith("Synthetic: 8 known-item queries made from ")
    assert "over 8 synthetic queries: nobody asked them" in one_line(shown.out)
    assert "title (2)  heading (2)  sentence (2)  terms (2)" in one_line(shown.out).replace(") ", ")  ")
    assert "rewrite them" in one_line(shown.err)
    told = json.loads(kept.read_text(encoding="utf-8"))
    validate("eval", told)
    assert told["synthetic"] is True
    queries = [json.loads(line) for line in (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [query["_id"] for query in queries] == [query["id"] for query in told["queries"]]
    judged = unjudged(
        "--queries", str(folder / "queries.jsonl"), "--qrels", str(folder / "qrels.tsv"), "--only", "bm25", "--json",
        "--timed", "0",
    )  # fmt: skip
    assert json.loads(judged.out)["synthetic"] is False
    again = unjudged(*flags, "--save-queries", str(folder))
    assert again.code == 2
    assert "is there already" in again.err


def test_ann_measures_the_graph_of_a_small_store(unjudged: Cli, tmp_path: Path) -> None:
    queries = tmp_path / "queries.txt"
    queries.write_text("what is pooling\nhow are ranks fused\n", encoding="utf-8")
    shown = unjudged("--ann", "--queries", str(queries), "-n", "5", "--target-recall", "0.9")
    assert shown.code == 0
    assert "2 queries\n" in shown.out
    assert "5 stored vectors with noise added" in shown.out
    assert "hnsw: reaches 0.9 with ef 100 or more." in shown.out
    assert all(len(line) <= 100 for line in shown.out.splitlines())
    told = json.loads(unjudged("--ann", "--queries", str(queries), "-n", "5", "--json").out)
    validate("ann", told)
    assert (told["queries"], told["asked"], told["built"]) == ("file", {"queries": 2, "chunks": 5}, False)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--synthetic", "--ann"), "makes its own"),
        (("--synthetic", "--qrels", "qrels.tsv"), "makes its own"),
        (("--ann", "--qrels", "qrels.tsv"), "nothing else"),
        (("--ann", "--per-query"), "nothing else"),
        (("--ann", "--path", "*.md"), "nothing else"),
        (("--ann", "--ef", "50"), "nothing else"),
        (("--ann", "--fusion", "convex"), "nothing else"),
        (("--ann", "--metric", "mrr@10"), "nothing else"),
        (("--ann", "--only", "bm25"), "nothing else"),
        (("--save-queries", "here"), "Add --synthetic"),
        (("--target-recall", "0.9"), "Add --ann"),
        (("--ann", "--target-recall", "1.5"), "at most 1"),
        (("-n", "5"), "--synthetic and --ann"),
        (("--synthetic", "--type", "md"), "whole store"),
    ],
)
def test_flags_that_do_not_go_together_are_refused(unjudged: Cli, words: tuple[str, ...], told: str) -> None:
    result = unjudged(*words)
    assert result.code == 2
    assert told in one_line(result.err)
    assert not result.out
