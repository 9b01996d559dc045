"""A package adds one piece of each kind, a file each; every command and the library know them by their names."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import embedctl
from embedctl import EvaluationConfig, QueryConfig, RankingRequest
from embedctl.evaluation.judgements import Judgements

INSTALLED = Path(__file__).parent / "installed"
"""The package ``toys`` as an installer leaves it."""
LETTER_TWINS = "Parties and traipse, pirates and pastier."
DOCUMENTS = {
    "long.md": "The kestrel hovers. A kestrel dives, the kestrel feeds, and the young wait in the nest for hours.\n",
    "short.md": "A kestrel.\n",
    "inside.md": "Two kestrels: no word of this text is the one that is looked for, but the letters stand there.\n",
    "tower.md": "The lighthouse warns ships.\n",
    "anagrams.md": f"{LETTER_TWINS}\n",
    "poem.txt": "First stanza of the poem.\n\nSecond stanza, of mussels.\n\nThird stanza, of whelks.\n",
    "letter.upside": "and this the last line.\nThis is the first line,\n",
}
QUERIES = {"q1": "feline", "q2": "mollusc"}
RELEVANT = {"q1": {"docs:short.md": 1}, "q2": {"docs:tower.md": 1}}
SYNONYMS, SHORTEST = ("--rewrite", "synonyms"), ("--rerank", "shortest")


def typed(folder: Path, *arguments: str, code: int = 0) -> str:
    """Run ``embedctl`` in a process that has the package on its path; return what it printed."""
    path = os.pathsep.join(filter(None, [str(INSTALLED), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "embedctl", *arguments]
    env = {**os.environ, "PYTHONPATH": path}
    shown = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert shown.returncode == code, shown.stderr
    return shown.stdout


def asked(folder: Path, *arguments: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(typed(folder, "query", *arguments, "--json", "--explain"))
    return answer


def paths(answer: dict[str, Any]) -> list[str]:
    return [hit["path"].removeprefix("docs/") for hit in answer["hits"]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store made by typing commands alone: letters for its vectors, stanzas for its chunks, an arm of substrings."""
    folder = tmp_path_factory.mktemp("plugins")
    (folder / "docs").mkdir()
    for name, text in DOCUMENTS.items():
        (folder / "docs" / name).write_text(text, encoding="utf-8")
    rows = [json.dumps({"_id": name, "text": text}) for name, text in QUERIES.items()]
    (folder / "queries.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    qrels = [f"{query}\t{document}\t{grade}" for query, of in RELEVANT.items() for document, grade in of.items()]
    (folder / "qrels.tsv").write_text("\n".join(["query-id\tcorpus-id\tscore", *qrels]) + "\n", encoding="utf-8")
    typed(folder, "index", "docs", "--model", "letters", "--strategy", "stanza")
    typed(folder, "arm", "add", "exact", "--kind", "substring")
    typed(folder, "index", "--no-refresh")
    typed(folder, "arm", "default", "bm25", "dense", "exact")
    return folder


@pytest.fixture
def store(folder: Path, monkeypatch: pytest.MonkeyPatch) -> embedctl.Store:
    monkeypatch.syspath_prepend(INSTALLED)
    monkeypatch.chdir(folder)
    return embedctl.open()


def test_the_encoder_makes_the_vectors_of_texts_and_queries(folder: Path) -> None:
    answer = asked(folder, LETTER_TWINS[::-1], "--arms", "dense", "-n", "2")
    assert paths(answer)[0] == "anagrams.md"
    assert answer["hits"][0]["scores"]["cosine"] == pytest.approx(1.0, abs=1e-3)
    assert answer["hits"][1]["scores"]["cosine"] < 0.99
    assert answer["explain"]["arms"]["dense"]["encoder"] == "letters"


def test_the_arm_ranks_by_its_own_score(folder: Path) -> None:
    answer = asked(folder, "kestrel", "--arms", "exact")
    assert paths(answer) == ["long.md", "inside.md", "short.md"]
    assert [hit["scores"]["exact"] for hit in answer["hits"]] == [3, 1, 1]
    assert [hit["ranks"]["exact"] for hit in answer["hits"]] == [1, 2, 3]
    assert answer["arms"] == ["exact"]
    assert answer["explain"]["arms"] == {"exact": {"kind": "substring", "encoder": None}}
    assert "exact" in typed(folder, "query", "kestrel", "--arms", "exact")


@pytest.mark.parametrize("fusion", ["rrf", "absolute", "convex", "convex-minmax", "dbsf", "combsum", "combmnz"])
def test_the_arm_is_fused_with_the_others(folder: Path, fusion: str) -> None:
    answer = asked(folder, "estrels: no", "--arms", "bm25,dense,exact", "--fusion", fusion, "--weight", "exact=50")
    first = answer["hits"][0]
    assert first["path"] == "docs/inside.md"
    assert first["scores"]["exact"] == first["ranks"]["exact"] == 1
    assert answer["explain"]["weights"]["exact"] == 50
    assert answer["explain"]["proposed"]["exact"] == 1


def test_filters_and_thresholds_hold_for_the_arm(folder: Path) -> None:
    assert paths(asked(folder, "kestrel", "--arms", "exact", "--path", "s*.md")) == ["short.md"]
    assert paths(asked(folder, "kestrel", "--arms", "bm25,exact", "--min", "exact=2")) == ["long.md"]
    assert "long.md" not in paths(asked(folder, "kestrel -hovers", "--arms", "exact"))


def test_the_rewriter_decides_what_is_looked_for(folder: Path) -> None:
    assert asked(folder, "feline", "--arms", "bm25")["hits"] == []
    answer = asked(folder, "feline", "--arms", "bm25,exact", *SYNONYMS)
    assert set(paths(answer)) >= {"long.md", "short.md"}
    assert answer["query"] == "feline"
    assert answer["explain"]["rewritten"] == "kestrel"
    assert answer["explain"]["words"] == ["kestrel"]


def test_the_reranker_orders_the_first_hits(folder: Path) -> None:
    plain = asked(folder, "kestrel", "--arms", "exact")
    answer = asked(folder, "kestrel", "--arms", "exact", *SHORTEST)
    assert paths(plain)[0] == "long.md"
    assert paths(answer) == ["short.md", "inside.md", "long.md"]
    assert answer["explain"]["rerankers"] == ["shortest"]
    lengths = [len(hit["text"]) for hit in answer["hits"]]
    assert [hit["scores"]["shortest"] for hit in answer["hits"]] == [-length for length in lengths]
    assert [hit["ranks"]["exact"] for hit in answer["hits"]][-1] == 1


def test_evaluation_measures_the_arm_and_what_the_other_pieces_change(folder: Path) -> None:
    def measured(*arguments: str) -> dict[str, float]:
        told = json.loads(
            typed(folder, "eval", "--queries", "queries.jsonl", "--qrels", "qrels.tsv", *arguments, "--json")
        )
        return {one["name"]: one["means"]["mrr@10"] for one in told["settings"]}

    plain = measured("--arms", "bm25,dense,exact")
    assert {"bm25", "dense", "exact", "rrf", "absolute", "convex"} <= plain.keys()
    assert plain["exact"] == plain["bm25"] == 0.0
    rewritten = measured("--arms", "exact", *SYNONYMS)
    assert 0.5 < rewritten["exact"] < 1.0
    assert measured("--arms", "exact", *SYNONYMS, *SHORTEST)["exact"] == 1.0
    assert measured("--arms", "bm25,exact", "--only", "exact", *SYNONYMS).keys() == {"rrf", "exact"}


def test_the_library_does_the_same(store: embedctl.Store) -> None:
    ranking = RankingRequest(rewriters=("synonyms",), rerankers=("shortest",))
    config = QueryConfig(arms=("bm25", "dense", "exact"), ranking=ranking)
    answer = store.query("feline", config)
    lengths = [len(hit.text) for hit in answer.hits]
    assert lengths == sorted(lengths)
    assert {hit.ranks["exact"] for hit in answer.hits} == {1, 2, 3, None}
    assert answer.explanation.rewritten == "kestrel"
    assert answer.explanation.arms["exact"] == {"kind": "substring", "encoder": None}
    (batched,) = store.query_many(["feline"], config)
    assert [hit.id for hit in batched.hits] == [hit.id for hit in answer.hits]
    found = store.evaluate(list(QUERIES.items()), Judgements(RELEVANT), EvaluationConfig(query=config))
    assert {"bm25", "exact", "dense", "rrf"} <= {one.name for one in found.settings}
    alone = next(one for one in found.settings if one.name == "exact")
    assert alone.run.rankings["q1"][0] == "docs:short.md"


def test_chunker_and_parser_made_the_texts(folder: Path) -> None:
    (stanza,) = asked(folder, "stanza, of mussels", "--arms", "exact")["hits"]
    assert stanza["text"].strip() == "Second stanza, of mussels."
    (letter,) = asked(folder, "the first line", "--arms", "exact")["hits"]
    assert letter["text"].split() == ["This", "is", "the", "first", "line,", "and", "this", "the", "last", "line."]


def test_status_and_the_list_of_arms_name_the_pieces(folder: Path) -> None:
    status = json.loads(typed(folder, "status", "--json"))
    assert (status["encoder"]["model"], status["settings"]["chunk"]["strategy"]) == ("letters", "stanza")
    assert {"name": "exact", "kind": "substring", "field": None} in status["settings"]["arms"]
    assert "exact" in typed(folder, "status")
    arms = {one["name"]: one for one in json.loads(typed(folder, "arm", "list", "--json"))["arms"]}
    assert (arms["exact"]["kind"], arms["exact"]["rows"]) == ("substring", arms["bm25"]["rows"])
    assert "substring" in typed(folder, "arm", "list")


def test_doctor_reads_the_arm_and_repairs_it(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    sound = json.loads(typed(copy, "doctor", "--deep", "--json"))
    assert sound["findings"] == []
    assert any("exact" in check["detail"] for check in sound["checks"])
    (file,) = copy.glob(".embedctl/index/*/exact/texts.json")
    file.write_bytes(file.read_bytes().replace(b"kestrel", b"keztrel"))
    answer = asked(copy, "kestrel", "--arms", "exact")
    assert paths(answer)[0] == "long.md"
    assert answer["degraded"]
    (finding,) = json.loads(typed(copy, "doctor", "--deep", "--json", code=4))["findings"]
    assert finding["file"].endswith("exact/texts.json")
    typed(copy, "doctor", "--repair")
    assert not asked(copy, "kestrel", "--arms", "exact")["degraded"]


def test_the_arm_follows_changes_and_forgets(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / "docs" / "new.md").write_text("A xkestrelx.\n", encoding="utf-8")
    (copy / "docs" / "inside.md").unlink()
    typed(copy, "index")
    assert set(paths(asked(copy, "kestrel", "--arms", "exact"))) == {"long.md", "short.md", "new.md"}
    typed(copy, "forget", "docs:long.md")
    assert set(paths(asked(copy, "kestrel", "--arms", "exact"))) == {"short.md", "new.md"}
    assert not any(b"hovers" in file.read_bytes() for file in copy.glob(".embedctl/index/*/exact/*"))
    typed(copy, "arm", "remove", "exact")
    typed(copy, "index", "--no-refresh")
    assert not (max(copy.glob(".embedctl/index/*")) / "exact").exists()
    typed(copy, "query", "kestrel", "--arms", "exact", code=2)


def test_tuning_weighs_the_arm(folder: Path, tmp_path: Path) -> None:
    """Where what stands inside other words is relevant, only the arm of substrings has it first."""
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    words = ("quarry", "vault", "ledger", "harbour", "signal", "turbine", "orchard", "glacier", "meadow", "canyon")
    for word in words:
        (copy / "docs" / f"{word}-inside.md").write_text(f"x{word}x y{word}y z{word}z\n", encoding="utf-8")
        (copy / "docs" / f"{word}-word.md").write_text(f"{word}\n", encoding="utf-8")
    typed(copy, "index")
    rows = [json.dumps({"_id": word, "text": word}) for word in words]
    (copy / "words.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    qrels = [f"{word}\tdocs:{word}-inside.md\t1" for word in words]
    (copy / "words.tsv").write_text("\n".join(["query-id\tcorpus-id\tscore", *qrels]) + "\n", encoding="utf-8")
    arguments = ("--queries", "words.jsonl", "--qrels", "words.tsv", "--metric", "mrr@1", "--folds", "2")
    fit = json.loads(typed(copy, "tune", *arguments, "--dry-run", "--json"))["fit"]
    assert fit["scores"] == {"before": 0.0, "held_out": 1.0, "fitted": 1.0}
    assert not fit["written"]
    typed(copy, "arm", "default", "bm25", "dense")
    typed(copy, "tune", *arguments, "--dry-run", code=2)  # no ranking finds anything relevant
