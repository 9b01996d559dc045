"""``arm``, and ``query`` and ``eval`` with arms chosen by name."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from command import Cli
from schemas import validate

NAMES = ["bm25", "dense", "small", "words"]
TEXT = "a lost key is rotated at night"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with four arms, made without a model; never changed."""
    from embedctl.cli.run import run

    folder = tmp_path_factory.mktemp("arms")
    docs = folder / "docs"
    docs.mkdir()
    for at, text in enumerate(
        ("A lost key is kept in the vault.", "Keys are rotated at night.", "The owl hunts voles.")
    ):
        (docs / f"{at}.txt").write_text(text + "\n", encoding="utf-8")
    store = ["--store", str(folder / "store"), "--quiet"]
    for arguments in (
        ["index", str(docs), "--model", "hashing"],
        ["arm", "add", "small", "--model", "hashing:64"],
        ["arm", "add", "words", "--kind", "bm25"],
        ["index"],
    ):
        assert run([*arguments, *store]) == 0
    return folder / "store"


@pytest.fixture
def here(built: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMBEDCTL_STORE", str(built))
    return built


@pytest.fixture
def fresh_store(tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of one document, to be changed."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("Keys are rotated at night.\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert cli("index", "docs", "--model", "hashing").code == 0
    return tmp_path


def answered(cli: Cli, *flags: str) -> dict[str, Any]:
    result = cli("query", TEXT, "--json", "--explain", *flags)
    assert result.code == 0, result.err
    answer: dict[str, Any] = json.loads(result.out)
    validate("query", answer)
    return answer


def test_arms_are_listed(cli: Cli, here: Path) -> None:
    lines = cli("arm", "list").out.splitlines()
    assert [line.split()[0] for line in lines] == ["arm", *NAMES]
    assert len({line.index(word) for line, word in zip(lines[1:3], ("bm25   yes", "dense  yes"), strict=True)}) == 1
    listed = json.loads(cli("arm", "list", "--json").out)
    validate("arms", listed)
    assert [(arm["name"], arm["kind"], arm["model"], arm["rows"]) for arm in listed["arms"]] == [
        ("bm25", "bm25", None, 3),
        ("dense", "dense", "hashing", 3),
        ("small", "dense", "hashing:64", 3),
        ("words", "bm25", None, 3),
    ]


def test_arms_are_chosen_by_name(cli: Cli, here: Path) -> None:
    for flags, arms in (
        (["--arms", "bm25,small"], ["bm25", "small"]),
        (["--arms", "small", "--arms", "words"], ["words", "small"]),
    ):
        answer = answered(cli, *flags)
        assert answer["arms"] == arms
        assert list(answer["explain"]["weights"]) == arms
        assert all(hit["scores"]["small"] is not None for hit in answer["hits"])
        assert all(hit["scores"]["cosine"] is None for hit in answer["hits"])
    assert answered(cli)["arms"] == ["bm25", "dense"]
    assert answered(cli, "--arms", "small")["mode"] == "small"


def test_weights_and_thresholds_are_by_name(cli: Cli, here: Path) -> None:
    every = ["--arms", ",".join(NAMES)]
    weights = answered(cli, *every, "--weight", "small=0.25", "--weight", "bm25=2", "--dense-weight", "0")["explain"][
        "weights"
    ]
    assert weights == {"bm25": 2.0, "words": 1.0, "dense": 0.0, "small": 0.25}
    scores = [hit["scores"]["small"] for hit in answered(cli, *every)["hits"]]
    least = sorted(scores)[1]
    kept = answered(cli, *every, "--min", f"small={least}")["hits"]
    assert sorted(hit["scores"]["small"] for hit in kept) == sorted(score for score in scores if score >= least)
    same = (
        answered(cli, "--min", "dense=0.1", "--weight", "bm25=3"),
        answered(cli, "--min-cosine", "0.1", "--bm25-weight", "3"),
    )
    assert same[0]["hits"] == same[1]["hits"]


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--arms", "bm52"], 'The index has no arm "bm52". Did you mean "bm25"?'),
        (["--arms", "bm25", "--mode", "dense"], "--arms and --mode dense both choose arms."),
        (["--weight", "small=1"], 'There is a weight for the arm "small", which this query does not ask.'),
        (["--min", "small=1"], 'There is a threshold for the arm "small", which this query does not ask.'),
        (["--weight", "small"], '"small" is not a name and a number. Write it like dense=0.3.'),
        (["--min", "bm25=much"], '"bm25=much" is not a name and a number.'),
        (["--weight", "bm25=-1"], "A weight must be 0, or from"),
        (["--min", "bm25=nan"], "A threshold is not a finite number."),
        (["--rerank", "none-such"], 'There is no reranker called "none-such".'),
        (["--rewrite", "none-such"], 'There is no rewriter called "none-such".'),
    ],
)
def test_names_and_numbers_that_cannot_be(cli: Cli, here: Path, flags: list[str], told: str) -> None:
    result = cli("query", TEXT, *flags)
    assert (result.code, result.out) == (2, "")
    assert told in result.err


def test_every_format_has_every_arm(cli: Cli, here: Path, tmp_path: Path) -> None:
    flags = ["--arms", "bm25,dense,small"]
    rows = list(csv.DictReader(io.StringIO(cli("query", TEXT, *flags, "--format", "csv").out)))
    assert {row["small_rank"] for row in rows} == {"1", "2", "3"}
    target = tmp_path / "found.parquet"
    assert cli("query", "--queries", "-", "-o", str(target), *flags, stdin=TEXT.encode()).code == 0
    table = pq.read_table(target)
    assert table.column_names[-2:] == ["small", "small_rank"]
    assert table["small"].to_pylist() == [pytest.approx(float(row["small"]), abs=1e-6) for row in rows]
    shown = cli("query", TEXT, *flags, "--explain")
    assert f"small {float(rows[0]['small']):.2f} rank {rows[0]['small_rank']}" in shown.out
    assert "small:      hashing:64, hashed n-grams; flat:" in shown.err
    assert "weights: bm25 1, dense 1, small 1" in shown.err


def test_eval_measures_each_arm(cli: Cli, here: Path, tmp_path: Path) -> None:
    (tmp_path / "q.tsv").write_text(f"1\t{TEXT}\n", encoding="utf-8")
    (tmp_path / "qrels.tsv").write_text("1\t0\t0.txt\t1\n", encoding="utf-8")
    result = cli(
        *("eval", "--queries", str(tmp_path / "q.tsv"), "--qrels", str(tmp_path / "qrels.tsv"), "--json"),
        *("--arms", "bm25,dense,small", "--timed", "0"),
    )
    assert result.code == 0, result.err
    names = [setting["name"] for setting in json.loads(result.out)["settings"]]
    assert names[:3] == ["bm25", "dense", "small"]
    assert "rrf" in names


def test_an_arm_is_added_built_chosen_and_removed(cli: Cli, fresh_store: Path) -> None:
    added = cli("arm", "add", "small", "--model", "hashing:64")
    assert (added.code, added.out) == (0, "")
    assert added.err == 'embedctl: Added the arm "small"; run "embedctl index --no-refresh" to build it.\n'
    early = cli("query", "--arms", "small", "keys")
    assert early.code == 2
    assert 'The index has no arm "small" yet. Finish it with "embedctl index --no-refresh".' in early.err
    assert "not built" in cli("arm", "list").out
    assert "first, which builds small." in cli("arm", "default", "small").err
    assert cli("index", "--no-refresh").code == 0
    assert json.loads(cli("query", "keys", "--json").out)["arms"] == ["small"]
    assert cli("arm", "remove", "small", "--quiet").err == ""
    assert [line.split()[0] for line in cli("arm", "list").out.splitlines()[1:]] == ["bm25", "dense"]
    assert cli("index").code == 0
    assert json.loads(cli("query", "keys", "--json").out)["arms"] == ["bm25", "dense"]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["add", "dense"], 2, 'The store has an arm called "dense" already.'),
        (["add", "a/b"], 2, '"a/b" cannot be the name of an arm.'),
        (["add", "x", "--kind", "sparsed"], 2, 'There is no kind of arm called "sparsed".'),
        (["add", "x", "--kind", "bm25", "--model", "hashing"], 2, "search the text itself."),
        (["add", "x", "--model", "no-such-model"], 5, "no-such-model"),
        (["remove", "dens"], 2, 'The store has no arm called "dens". Did you mean "dense"?'),
        (["default", "bm25", "other"], 2, 'The store has no arm called "other".'),
        (["default"], 2, "Missing argument"),
        (["list", "more"], 2, "more"),
        (["ad"], 2, "Did you mean 'add'?"),
    ],
)
def test_arms_that_cannot_be(cli: Cli, here: Path, arguments: list[str], code: int, told: str) -> None:
    before = (here / "manifest.json").read_bytes()
    result = cli("arm", *arguments)
    assert (result.code, result.out) == (code, "")
    assert told in result.err
    assert (here / "manifest.json").read_bytes() == before


def test_without_a_store_there_are_no_arms(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments in (["list"], ["add", "x"], ["remove", "x"], ["default", "x"]):
        assert cli("arm", *arguments).code == 10
    assert list(tmp_path.iterdir()) == []
