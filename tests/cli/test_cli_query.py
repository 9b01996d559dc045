"""``query``: every format says the same, and no text is an error."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from command import Cli
from schemas import validate

BM25 = ("query", "--mode", "bm25")


def test_json_is_what_the_schema_says(cli: Cli, here: Path) -> None:
    answer = json.loads(cli("query", "how often are keys rotated?", "--json").out)
    validate("query", answer)
    best = answer["hits"][0]
    assert (best["path"], best["heading"], best["metadata"]["year"]) == ("docs/keys.md", ["Keys", "Rotation"], 2024)
    lines = (here / best["path"]).read_text(encoding="utf-8").splitlines()
    assert "\n".join(lines[best["start_line"] - 1 : best["end_line"]]) == best["text"]
    assert best["score"] == best["scores"]["rrf"]
    explained = json.loads(cli("query", "keys", "--json", "--explain").out)
    validate("query", explained)
    assert explained["explain"]["words"] == ["keys"]


@pytest.mark.parametrize(
    ("flags", "k", "weights"),
    [
        ((), 60, {"bm25": 1.0, "dense": 1.0}),
        (("--rrf-k", "10", "--bm25-weight", "0.5", "--dense-weight", "2"), 10, {"bm25": 0.5, "dense": 2.0}),
        (("--bm25-weight", "0"), 60, {"dense": 1.0}),
        (("--max-per-file", "1", "--candidates", "2"), 60, {"bm25": 1.0, "dense": 1.0}),
    ],
)
def test_rrf_is_the_sum_over_the_ranks_that_are_shown(
    cli: Cli, here: Path, flags: tuple[str, ...], k: int, weights: dict[str, float]
) -> None:
    hits = json.loads(cli("query", "a lost key is rotated at night", "-n", "50", *flags, "--json").out)["hits"]
    assert len(hits) > 4
    for hit in hits:
        ranks = {arm: rank for arm, rank in hit["ranks"].items() if rank is not None}
        assert ranks.keys() <= weights.keys()
        assert hit["scores"]["rrf"] == pytest.approx(sum(weights[arm] / (k + ranks[arm]) for arm in ranks), abs=1e-6)
    firsts = {hit["doc_id"]: hit for hit in reversed(hits)}  # the best chunk of each document
    for arm in weights:
        ranks_of_documents = [hit["ranks"][arm] for hit in firsts.values() if hit["ranks"][arm]]
        assert sorted(ranks_of_documents) == list(range(1, len(ranks_of_documents) + 1))


def test_every_format_has_the_same_hits(cli: Cli, here: Path) -> None:
    ask = (*BM25, "night", "key")
    hits = json.loads(cli(*ask, "--json").out)["hits"]
    assert len(hits) > 2
    lines = [json.loads(line) for line in cli(*ask, "--jsonl").out.splitlines()]
    for line in lines:
        validate("hit", line)
    rows = list(csv.DictReader(io.StringIO(cli(*ask, "--format", "csv").out)))
    text = cli(*ask).out
    assert lines == hits
    assert [row["id"] for row in rows] == [hit["id"] for hit in hits]
    assert [row["text"] for row in rows] == [hit["text"] for hit in hits]
    assert all(f"id {hit['id']}" in text for hit in hits)


def test_trec_has_each_document_once_and_no_blanks(cli: Cli, here: Path) -> None:
    out = cli(*BM25, "kestrel owl keys night three", "--format", "trec", "--query-id", "q7").out
    rows = [line.split() for line in out.splitlines()]
    assert all(len(row) == 6 and row[0] == "q7" and row[1] == "Q0" and row[5] == "embedctl" for row in rows)
    assert [row[3] for row in rows] == [str(rank) for rank in range(1, len(rows) + 1)]
    names = [row[2] for row in rows]
    assert len(names) == len(set(names))
    assert {"ops/night%20backup.txt", "birds.jsonl#r%201", "keys.md"} <= set(names)
    scores = [float(row[4]) for row in rows]
    assert scores == sorted(set(scores), reverse=True)  # trec_eval would order ties in its own way


def test_paths_alone(cli: Cli, here: Path) -> None:
    found = cli(*BM25, "kestrel owl vault", "-l").out.splitlines()
    assert sorted(found) == ["docs/birds.jsonl", "docs/keys.md"]
    nul = cli(*BM25, "backups", "-0").out
    assert nul == "docs/ops/night backup.txt\0"
    best_file = cli(*BM25, "key", "vault", "-l", "-n", "1").out
    assert best_file == "docs/keys.md\n"


def test_paths_can_be_pasted_from_where_one_stands(
    cli: Cli, world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in (world / "docs" / "ops", world, tmp_path):
        monkeypatch.chdir(place)
        path = cli(*BM25, "vault", "-l", "--store", str(world / ".embedctl")).out.rstrip("\n")
        assert (place / path).resolve() == world / "docs" / "keys.md"
        shown = json.loads(cli("show", "docs:keys.md", "--json", "--store", str(world / ".embedctl")).out)
        assert shown["path"] == path
    monkeypatch.chdir(world / "docs" / "ops")
    assert cli(*BM25, "vault", "-l").out == "../keys.md\n"


@pytest.mark.parametrize(
    "words",
    [
        ("",),
        ("   ",),
        ("C++ (foo",),
        ('"never closed',),
        ("--", "-foo"),
        ("--", "--json"),
        ("AND", "OR", "NOT"),
        ("field:value^2~",),
        ("\x00\x1b[31m",),
        ("\udcff broken bytes",),
        ("検索",),
        ("a" * 20_000,),
        ("well-known" * 50_000,),  # took minutes, when a pattern looked for digits behind each hyphen
        ("ﷺ" * 200_000,),  # each is 18 characters to the index
        ("*",),
    ],
)
def test_no_text_is_an_error(cli: Cli, here: Path, words: tuple[str, ...]) -> None:
    result = cli("query", "--mode", "bm25", "--json", *words)
    assert result.code == 0
    validate("query", json.loads(result.out))


def test_words_are_joined_and_dash_reads_stdin(cli: Cli, here: Path) -> None:
    def asked(*arguments: str, stdin: bytes = b"") -> str:
        return str(json.loads(cli(*BM25, "--json", *arguments, stdin=stdin).out)["query"])

    assert asked("sealed", "envelope") == asked("sealed envelope") == "sealed envelope"
    assert asked("-", stdin=b"sealed envelope\n") == "sealed envelope"
    assert asked("-", stdin=b"\xff envelope") == "\ufffd envelope"


def test_nothing_found_is_no_error(cli: Cli, here: Path) -> None:
    plain = cli(*BM25, "xyzzy")
    assert (plain.code, plain.out) == (0, "")
    assert "Nothing found" in plain.err
    assert cli(*BM25, "xyzzy", "-q").err == ""
    assert json.loads(cli(*BM25, "xyzzy", "--json").out)["hits"] == []
    assert cli(*BM25, "xyzzy", "--jsonl").out == ""
    assert cli(*BM25, "xyzzy", "--format", "csv").out.count("\n") == 1


def test_warnings_go_to_stderr(cli: Cli, here: Path) -> None:
    result = cli(*BM25, "!!!", "--jsonl")
    assert result.out == ""
    assert "no word that BM25 can look up" in result.err


def test_text_view_shows_the_place_of_every_kind(cli: Cli, here: Path) -> None:
    assert cli(*BM25, "lantern").out.startswith(" 1  docs/report.pdf p.")
    assert cli(*BM25, "kestrel").out.startswith(" 1  docs/birds.jsonl [1]  Kestrel\n")
    keys = cli(*BM25, "ninety").out.splitlines()
    assert keys[0].startswith(" 1  docs/keys.md:")
    assert keys[0].endswith("  Keys > Rotation")
    assert keys[1].startswith("    Keys are rotated every ninety days")
    assert keys[-1].startswith("    bm25 ")
    code = cli(*BM25, "swap").out
    assert "\n        swap(key, fresh)\n" in code or "\n    swap(key, fresh)\n" in code


def test_words_that_were_asked_for_are_marked(cli: Cli, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    out = cli(*BM25, "how are the keys rotating -owl").out
    marked = set(re.findall(r"\x1b\[1;31m(\w+)\x1b\[0m", out))
    assert {"Keys", "key", "rotated"} <= marked
    assert not {"the", "are", "The"} & marked  # they say nothing about where to look
    assert "\x1b[1;31mthe\x1b[0m" in cli(*BM25, "the").out  # unless nothing else was asked for


def test_full_prints_whole_chunks(cli: Cli, here: Path) -> None:
    text = " ".join(cli(*BM25, "ninety", "--full").out.split())
    hit = json.loads(cli(*BM25, "ninety", "--json").out)["hits"][0]
    body = " ".join(hit["text"].removeprefix("## Rotation").split())
    assert body in text


def test_documents_cannot_steer_the_terminal(cli: Cli, here: Path) -> None:
    for arguments in ((*BM25, "sneaky"), (*BM25, "sneaky", "--full"), ("show", "docs:ops/colours.txt")):
        out = cli(*arguments).out
        assert "\x1b" not in out
        assert "␛[31mescape" in out
    assert "\x1b[31m" in cli("show", "docs:ops/colours.txt", "--plain").out


def test_filters_reach_the_library(cli: Cli, here: Path) -> None:
    def found(*arguments: str) -> list[str]:
        return sorted(cli(*BM25, "-l", "keys kestrel backups rotate", *arguments).out.splitlines())

    assert found("--path", "ops/") == ["docs/ops/night backup.txt"]
    assert found("--type", "jsonl") == ["docs/birds.jsonl"]
    assert found("--where", "year = 2024") == ["docs/keys.md"]
    assert found("--source", "docs", "--type", "python", "--type", "txt") == [
        "docs/ops/night backup.txt",
        "docs/rotate.py",
    ]
    assert found("--min-bm25", "1000") == []


def test_mode_and_thresholds_that_cannot_go_together(cli: Cli, here: Path) -> None:
    for mode, threshold in (("bm25", "--min-cosine"), ("dense", "--min-bm25")):
        result = cli("query", "x", "--mode", mode, threshold, "0.5")
        assert result.code == 2
        other = "dense" if mode == "bm25" else "bm25"
        assert (
            f'There is a threshold for the arm "{other}", which this query does not ask. It asks: {mode}.' in result.err
        )


def test_explain_is_on_stderr(cli: Cli, here: Path) -> None:
    result = cli("query", "rotate keys -owl", "--explain", "-l")
    assert result.out.splitlines()[0] in ("docs/keys.md", "docs/rotate.py")
    for told in ('not "owl"', "flat: ", "scanned", "all-MiniLM-L6-v2, openvino", "k = 60", "candidates"):
        assert told in result.err


def test_refresh_finds_what_was_just_written(cli: Cli, fresh: Path) -> None:
    assert cli("index", "docs").code == 3
    (fresh / "docs" / "new.txt").write_text("A walrus was seen on the beach.\n", encoding="utf-8")
    assert cli(*BM25, "walrus", "-l").out == ""
    result = cli(*BM25, "walrus", "-l", "--refresh")
    assert (result.code, result.out) == (0, "docs/new.txt\n")
    assert "added 1, " in result.err
    assert 'failed 1 ("embedctl status --files failed" says why)' in result.err


def test_what_is_not_indexed_yet_is_told(cli: Cli, fresh: Path) -> None:
    assert cli("index", "docs").code == 3
    (fresh / "docs" / "new.txt").write_text("A walrus was seen on the beach.\n", encoding="utf-8")
    cli("ingest")
    assert 'Waiting to be indexed: 1 document; run "embedctl index --no-refresh"' in cli(*BM25, "keys").err
    assert cli("index", "--no-refresh").code == 0
    assert cli(*BM25, "walrus", "-l").out == "docs/new.txt\n"
