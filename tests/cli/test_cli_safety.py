"""What comes out is safe to read and to parse, whatever went in, and the same again and again."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import pytest
from command import Cli, typed
from schemas import validate
from test_cli_process import on_a_terminal

import embedctl
from embedctl.cli.screen import harmless
from embedctl.config import QueryConfig, RankingRequest
from embedctl.errors import UsageError

BM25 = ("query", "--mode", "bm25")
STEERING = "\x1b]0;title\x07 \x9b2J \u202edetrever\u202c \u2066inside\u2069 \x08\x7f \u2028 \x0b\x0c\r end"


def test_what_steers_a_terminal_is_made_visible() -> None:
    shown = harmless(STEERING + "\udc9b2J")
    assert len(shown) == len(STEERING) + 3
    assert all(character.isprintable() for character in shown)
    for writing in ("👨‍👩‍👧", "\u200fشهادة\u200e", "नी\u200d", "tab\there\n"):  # joiners and marks are needed to write
        assert harmless(writing) == writing


@pytest.fixture
def steered(fresh: Path, cli: Cli) -> Path:
    """A store whose texts, paths and metadata all try to steer the terminal."""
    for path in (fresh / "docs").iterdir():
        if path.is_file():
            path.unlink()
    name = "\x1b[31mred\u202e.md"
    front = '---\ntitle: "\\e[32mgreen"\n---\n'
    (fresh / "docs" / name).write_text(f"{front}# \x1b[33mHead\n\nwalrus {STEERING}\n", encoding="utf-8")
    (fresh / "docs" / "broken\x1b[35m.pdf").write_bytes(b"no pdf")
    assert cli("index", "docs", "--secrets", "allow").code == 3
    return fresh


def test_people_see_what_programs_get(cli: Cli, steered: Path) -> None:
    ids = [hit["id"] for hit in json.loads(cli(*BM25, "walrus", "--json").out)["hits"]]
    for arguments in ([*BM25, "walrus"], [*BM25, "walrus", "--full"], ["show", ids[0]], ["status", "--files", "all"]):
        result = cli(*arguments)
        assert result.code == 0
        assert all(one.isprintable() or one in "\n\t" for one in result.out + result.err)
    for arguments in (
        ["show", "\x1b[31m\u202e"],
        ["index", "no/\x1b[2J"],
        [*BM25, "x", "--where", "\x1b[2J"],
        ["index"],
    ):
        result = cli(*arguments)
        assert result.code in (2, 3)
        assert all(one.isprintable() or one in "\n\t" for one in result.err)
    hit = json.loads(cli(*BM25, "walrus", "--jsonl").out.split("\n")[0])
    assert hit["path"] == "docs/\x1b[31mred\u202e.md"
    assert "\u202edetrever" in hit["text"]
    assert cli(*BM25, "walrus", "-0").out == "docs/\x1b[31mred\u202e.md\0"


def test_formats_for_programs_are_harmless_on_a_terminal(steered: Path) -> None:
    for flags in (["-l"], ["--format", "csv"], ["--format", "trec"]):
        assert "\x1b" not in on_a_terminal(*BM25, "walrus", *flags)
        assert "\x1b" in typed(*BM25, "walrus", *flags).out


def test_json_is_utf8_where_paths_are_not(here: Path, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    (folder / "a" / "b" / "c").mkdir(parents=True)
    (folder / ".embedctl").symlink_to(here / ".embedctl")
    (folder / "docs").symlink_to(here / "docs")
    for arguments in ([*BM25, "keys", "--json"], [*BM25, "keys", "--jsonl"], ["status", "--json"]):
        result = typed(*arguments, cwd=folder / "a" / "b" / "c")  # typed() decodes strictly
        assert result.code == 0, result.err
        assert "caf\ufffd" in result.out
        for line in result.out.splitlines() if "--jsonl" in arguments else [result.out]:
            json.loads(line)


def test_the_same_question_has_the_same_answer(here: Path, cli: Cli) -> None:
    """Again, in another process with other hashes, and among many."""

    def hits(out: str) -> object:
        return json.loads(out)["hits"]

    for flags in (["--mode", "bm25"], ["--mode", "dense"], [], ["--where", "size > 0"], ["--dense", "binary"]):
        ask = ["query", "a lost key is rotated at night", "--json", "-n", "50", *flags]
        first = hits(cli(*ask).out)
        assert first == hits(cli(*ask).out)
        if flags == ["--mode", "bm25"]:
            for seed in ("1", "2"):
                assert hits(typed(*ask, env={"PYTHONHASHSEED": seed}).out) == first


def test_two_stores_of_the_same_documents_answer_alike(cli: Cli, fresh: Path) -> None:
    answers = []
    for name in ("one", "two"):
        store = str(fresh / name / ".embedctl")
        assert cli("index", "docs", "--threads", "1", "--store", store).code == 3
        answers.append(json.loads(cli("query", "keys at night", "--json", "-n", "50", "--store", store).out)["hits"])
    assert answers[0] == answers[1] != []


@pytest.mark.parametrize(
    "flags",
    [
        ["--min-cosine", "nan"],
        ["--min-bm25", "inf"],
        ["--bm25-weight", "inf"],
        ["--dense-weight", "1e300"],
        ["--dense-weight", "nan"],
        ["--bm25-weight", "0", "--dense-weight", "0"],
        ["--rrf-k", "9" * 30],
        ["-n", "9" * 30],
        ["--store", "x" * 300],
        ["--queries", "x" * 300],
        ["--path", "[z-a]"],
        ["--path", "a" * 5_000],
        ["--where", "year = " + "9" * 5_000],
        ["--where", "(" * 100_000],
    ],
)
def test_numbers_and_names_that_mean_nothing_are_2(cli: Cli, here: Path, flags: list[str]) -> None:
    words = [] if flags[0] == "--queries" else ["keys"]
    result = cli("query", "--json", *flags, *words)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("embedctl: ")
    assert len(result.err) < 2_000


def test_the_library_looks_at_its_numbers_too(here: Path) -> None:
    store = embedctl.open(here / ".embedctl")
    for config in (
        QueryConfig(mode="bm25", n=0),
        QueryConfig(mode="bm25", ranking=RankingRequest(candidates=-1)),
        QueryConfig(mode="bm25", max_per_file=-1),
        QueryConfig(mode="sparse"),  # type: ignore[arg-type]
        QueryConfig(mode="bm25", ranking=RankingRequest(rrf_k=-1)),
        QueryConfig(mode="bm25", ranking=RankingRequest(body=0, title=0, path=0)),
        QueryConfig(ranking=RankingRequest(fusion="borda")),  # type: ignore[arg-type]
    ):
        with pytest.raises(UsageError):
            store.query("keys", config)
        with pytest.raises(UsageError):
            next(store.query_many(["keys"], config))


def test_as_many_hits_as_there_are(cli: Cli, here: Path) -> None:
    rows = json.loads(cli("status", "--json").out)["index"]["rows"]
    most = str(2**31 - 1)
    for flags in (["-n", most], ["-n", most, "--candidates", most], ["-n", "1000000", "--max-per-file", "1"]):
        hits = json.loads(cli("query", "keys", "--json", *flags).out)["hits"]
        assert [hit["rank"] for hit in hits] == list(range(1, len(hits) + 1))
        assert len(hits) == rows or "--max-per-file" in flags


def test_a_query_of_more_than_bm25_looks_up_says_so(cli: Cli, here: Path) -> None:
    long = " ".join(f"word{number}" for number in range(1_100))
    answer = json.loads(cli(*BM25, "--json", f"keys {long}").out)
    validate("query", answer)
    assert answer["hits"]
    assert "first 1,024 different words" in answer["warnings"][0]
    assert json.loads(cli(*BM25, "--json", "keys " * 3_000).out)["warnings"] == []


def test_csv_survives_any_text(cli: Cli, here: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(cli(*BM25, "sneaky rotate key", "--format", "csv").out, newline="")))
    hits = json.loads(cli(*BM25, "sneaky rotate key", "--json").out)["hits"]
    assert [row["text"] for row in rows] == [hit["text"] for hit in hits]
