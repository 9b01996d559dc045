"""The sample corpus end to end with the real model: what it is, how well it is searched, and its golden rankings.

After a change that is meant to change rankings, run this file with ``EMBEDCTL_WRITE_GOLDEN=1`` in the environment, and
read the difference before committing it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import embedctl
from embedctl import QueryConfig
from embedctl.config.measuring import EvaluationConfig
from embedctl.contracts import Encoder
from embedctl.evaluation.judgements import read_judgements

CORPUS = Path(__file__).parent.parent / "sample_corpus"
GOLDEN = Path(__file__).parent / "golden" / "sample_corpus.json"
MODES = ("bm25", "dense", "hybrid")
TOP = 5
CLOSE = {"bm25": 1e-4, "dense": 3e-3, "hybrid": 3e-4}
"""Scores nearer than this may change places between processors, some of which compute in bfloat16; one rank is worth
0.00026 of ``rrf`` at the top."""


@pytest.fixture(scope="module")
def store(sample_store: Path, encoder: Encoder) -> Iterator[embedctl.Store]:
    return embedctl.open(sample_store)


@pytest.fixture(scope="module")
def queries() -> dict[str, dict[str, str]]:
    lines = (CORPUS / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    return {query["_id"]: query for query in map(json.loads, lines)}


def test_every_document_is_there_and_no_judgement_is(store: embedctl.Store) -> None:
    files = [entry["path"] for entry in store.status(files="all")["listed"]]
    endings = {Path(path).suffix for path in files}
    assert len(files) >= 40
    wanted = {".md", ".txt", ".rst", ".html", ".pdf", ".docx", ".pptx", ".xlsx", ".epub", ".ipynb", ".eml", ".py"}
    assert wanted <= endings
    assert not [path for path in files if path.endswith(("queries.jsonl", "qrels.tsv"))]


def test_judgements_name_documents_that_exist(store: embedctl.Store, queries: dict[str, dict[str, str]]) -> None:
    qrels = read_judgements(CORPUS / "qrels.tsv").grades
    assert qrels.keys() == queries.keys()
    assert len(qrels) >= 40
    for grades in qrels.values():
        assert 2 in grades.values()
        for document in grades:
            assert store.show(f"sample_corpus:{document}").kind == "document"


def test_words_find_what_only_words_find_and_meaning_the_rest(
    store: embedctl.Store, queries: dict[str, dict[str, str]]
) -> None:
    config = EvaluationConfig(metrics=(), only=("bm25", "dense"), timed=0)
    evaluation = store.evaluate(CORPUS / "queries.jsonl", CORPUS / "qrels.tsv", config)
    assert evaluation.notes == ()
    values = {"hybrid" if setting.in_use else setting.name: setting.values[:, 0] for setting in evaluation.settings}

    def quality(mode: str, kind: str) -> float:
        wanted = [queries[query.id]["kind"] == kind for query in evaluation.queries]
        return float(values[mode][wanted].mean())

    assert quality("bm25", "lexical") > 0.95
    assert quality("hybrid", "lexical") > 0.93
    assert quality("dense", "lexical") < 0.80
    assert quality("dense", "semantic") > 0.50
    assert quality("bm25", "semantic") < 0.15
    assert quality("hybrid", "mixed") > max(quality("bm25", "mixed"), quality("dense", "mixed")) > 0.75


def rankings(store: embedctl.Store, text: str) -> dict[str, list[tuple[str, float]]]:
    return {
        mode: [(hit.id, round(hit.score, 5)) for hit in store.query(text, QueryConfig(mode=mode, n=TOP)).hits]
        for mode in MODES
    }


def test_golden_rankings(store: embedctl.Store, queries: dict[str, dict[str, str]]) -> None:
    found = {name: rankings(store, query["text"]) for name, query in list(queries.items())[::4]}
    if os.environ.get("EMBEDCTL_WRITE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert found.keys() == golden.keys()
    for name, by_mode in golden.items():
        for mode, expected in by_mode.items():
            assert_same_ranking(found[name][mode], expected, CLOSE[mode], f"{name}, {mode}")


def assert_same_ranking(
    found: list[tuple[str, float]], expected: list[tuple[str, float]], close: float, what: str
) -> None:
    """Same chunks in the same order with the same scores, except where scores are close."""
    assert [score for _, score in found] == pytest.approx([score for _, score in expected], rel=1e-5, abs=close), what
    by_chunk = dict(found)
    for at, (chunk, score) in enumerate(expected):
        if found[at][0] != chunk:
            assert abs(by_chunk.get(chunk, expected[-1][1]) - score) <= close, f"{what}: {chunk} is out of place"
