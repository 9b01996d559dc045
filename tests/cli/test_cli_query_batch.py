"""``query --queries``: every answer is the one that the query alone gets, in every format."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from command import Cli, process
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemas import validate

import embedctl
from embedctl import FilterConfig, QueryConfig, RankingRequest
from embedctl.config import Mode
from embedctl.contracts import Encoder
from embedctl.encoders.model_folder import ModelFolder

if TYPE_CHECKING:
    from embedctl.contracts import Vectors

BM25 = ("query", "--mode", "bm25")
TEXTS = ("how often are keys replaced?", "kestrel", "-owl night key", '"sealed envelope"', "lighthouse", "!!!", "xyzzy")


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    path = tmp_path / "asked.tsv"
    path.write_text("".join(f"q{number}\t{text}\n" for number, text in enumerate(TEXTS)), encoding="utf-8")
    return path


def without_times(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name not in ("timings", "query_id")}


@pytest.mark.parametrize(
    "flags",
    [
        ("--mode", "bm25"),
        ("--mode", "bm25", "-n", "2", "--path", "ops/", "--max-per-file", "1"),
        ("--mode", "bm25", "--where", "year = 2024", "--min-bm25", "0.5"),
        ("--mode", "bm25", "--candidates", "1", "--explain"),
    ],
)
def test_each_line_is_the_answer_to_its_query(cli: Cli, here: Path, asked: Path, flags: tuple[str, ...]) -> None:
    done = cli("query", "--queries", str(asked), *flags)
    assert done.code == 0
    answers = [json.loads(line) for line in done.out.splitlines()]
    assert [answer["query_id"] for answer in answers] == [f"q{number}" for number in range(len(TEXTS))]
    for text, answer in zip(TEXTS, answers, strict=True):
        validate("query", answer)
        alone = json.loads(cli("query", "--json", *flags, "--", text).out)
        assert without_times(answer) == without_times(alone)


class OneByOne:
    """The real encoder, whose vectors then do not depend on what else is in a batch."""

    def __init__(self, encoder: Encoder) -> None:
        self.name, self.dim = encoder.name, encoder.dim
        self._encoder = encoder

    def encode_queries(self, texts: list[str]) -> Vectors:
        return np.concatenate([self._encoder.encode_queries([text]) for text in texts])


words = st.sampled_from(
    ["key", "keys", "rotated", "owl", "night", '"old key"', "-vault", "lantern", "検索", "", "\x00"]
)


@given(
    texts=st.lists(st.lists(words, max_size=4).map(" ".join), min_size=1, max_size=6),
    mode=st.sampled_from(["hybrid", "dense", "bm25"]),
    n=st.integers(1, 12),
    per_file=st.integers(0, 2),
    path=st.sampled_from([(), ("ops/",), ("*.md",)]),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_many_are_answered_as_each_alone(
    world: Path,
    encoder: Encoder,
    monkeypatch: pytest.MonkeyPatch,
    texts: list[str],
    mode: Mode,
    n: int,
    per_file: int,
    path: tuple[str, ...],
) -> None:
    monkeypatch.setattr(ModelFolder, "open", lambda *_: OneByOne(encoder))
    ranking, narrow = RankingRequest(candidates=3), FilterConfig(paths=path)
    config = QueryConfig(mode=mode, n=n, max_per_file=per_file, ranking=ranking, filter=narrow)
    store = embedctl.open(world / ".embedctl")
    together = list(store.query_many(texts, config))
    alone = [store.query(text, config) for text in texts]
    assert [answer.hits for answer in together] == [answer.hits for answer in alone]
    assert [answer.warnings for answer in together] == [answer.warnings for answer in alone]
    assert [answer.query_id for answer in together] == [str(number) for number in range(1, len(texts) + 1)]


def test_vectors_of_a_batch_are_those_of_each(cli: Cli, here: Path, asked: Path) -> None:
    answers = [json.loads(line) for line in cli("query", "--queries", str(asked), "-n", "3").out.splitlines()]
    for text, answer in zip(TEXTS[:5], answers, strict=False):
        alone = json.loads(cli("query", "--json", "-n", "3", "--", text).out)
        assert answer["hits"][0]["id"] == alone["hits"][0]["id"]
        assert answer["hits"][0]["scores"]["cosine"] == pytest.approx(alone["hits"][0]["scores"]["cosine"], abs=2e-3)


def test_more_queries_than_a_batch_come_in_order(cli: Cli, here: Path, tmp_path: Path) -> None:
    path = tmp_path / "many.txt"
    path.write_text(
        "".join(f"{'key' if number % 2 else 'kestrel'} {number}\n" for number in range(1_000, 1_700)), "utf-8"
    )
    answers = [json.loads(line) for line in cli(*BM25, "--queries", str(path), "-n", "1", "-q").out.splitlines()]
    assert [answer["query_id"] for answer in answers] == [str(number) for number in range(1, 701)]
    assert {answer["hits"][0]["path"] for answer in answers[::2]} == {"docs/birds.jsonl"}
    assert {answer["hits"][0]["path"] for answer in answers[1::2]} == {"docs/keys.md"}


def test_parquet_has_a_row_for_each_hit(cli: Cli, here: Path, asked: Path, tmp_path: Path) -> None:
    target = tmp_path / "hits.parquet"
    assert cli(*BM25, "--queries", str(asked), "-o", str(target)).out == ""
    answers = [json.loads(line) for line in cli(*BM25, "--queries", str(asked)).out.splitlines()]
    hits = [(answer, hit) for answer in answers for hit in answer["hits"]]
    rows = pq.read_table(target).to_pylist()
    assert len(rows) == len(hits) > 5
    for row, (answer, hit) in zip(rows, hits, strict=True):
        assert (row["query_id"], row["query"]) == (answer["query_id"], answer["query"])
        same = ("rank", "id", "doc_id", "source", "path", "record", "start_line", "page", "heading", "title", "text")
        assert {name: row[name] for name in same} == {name: hit[name] for name in same}
        assert json.loads(row["metadata"]) == hit["metadata"]
        assert row["bm25"] == pytest.approx(hit["scores"]["bm25"], abs=1e-6)
        assert (row["rrf"], row["cosine"], row["bm25_rank"]) == (None, None, hit["ranks"]["bm25"])


def test_trec_is_the_run_of_each_query(cli: Cli, here: Path, asked: Path) -> None:
    run = cli(*BM25, "--queries", str(asked), "--format", "trec").out
    alone = [cli(*BM25, "--format", "trec", "--query-id", f"q{at}", "--", text).out for at, text in enumerate(TEXTS)]
    assert run == "".join(alone)


def test_a_file_appears_when_it_is_whole(cli: Cli, here: Path, asked: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    target = folder / "hits.jsonl"
    assert cli(*BM25, "--queries", str(asked), "-o", str(target)).code == 0
    whole = target.read_bytes()
    assert whole.count(b"\n") == len(TEXTS)
    for bad in (("--where", "year >"), ("--source", "nowhere")):
        for name in ("hits.jsonl", "new.jsonl", "new.parquet"):
            assert cli(*BM25, "--queries", str(asked), "-o", str(folder / name), *bad).code == 2
    assert (target.read_bytes(), list(folder.iterdir())) == (whole, [target])
    assert cli(*BM25, "--queries", str(asked), "-o", os.devnull).code == 0
    for place in (folder, folder / "nowhere" / "hits.jsonl"):
        result = cli(*BM25, "--queries", str(asked), "-o", str(place))
        assert (result.code, "Name a file to write to." in result.err) == (2, True)


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("some", "text"), "Put the text into the file"),
        (("--json",), "is for one query"),
        (("-l",), "is for one query"),
        (("--full",), "is for one query"),
        (("--query-id", "7"), "is for one query"),
        (("--format", "csv"), "is for one query"),
        (("--format", "trec", "--explain"), "JSON Lines"),
        (("--format", "trec", "-o", "run.parquet"), "Leave out the format"),
    ],
)
def test_flags_for_one_query(cli: Cli, here: Path, asked: Path, flags: tuple[str, ...], told: str) -> None:
    result = cli(*BM25, "--queries", str(asked), *flags)
    assert (result.code, result.out) == (2, "")
    assert told in result.err


def test_output_needs_queries(cli: Cli, here: Path) -> None:
    assert "--queries" in cli(*BM25, "key", "-o", "hits.jsonl").err


def test_lines_of_stdin_that_are_no_queries_are_left_out(cli: Cli, here: Path) -> None:
    lines = b'{"id": "a", "text": "kestrel"}\n{"id": }\n\n{"id": "b", "text": "vault"}\n'
    result = cli(*BM25, "--queries", "-", stdin=lines)
    assert result.code == 3
    assert "Left out line 2: not JSON" in result.err
    assert [json.loads(line)["query_id"] for line in result.out.splitlines()] == ["a", "b"]
    assert cli(*BM25, "--queries", "-", stdin=b"").code == 2


def test_an_open_pipe_gets_its_answers(here: Path) -> None:
    with process(*BM25, "--queries", "-", "-q", stdin=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        for text in (b"kestrel\n", b"vault\n"):
            child.stdin.write(text)
            child.stdin.flush()
            assert json.loads(child.stdout.readline())["query"] == text.decode().strip()  # before the next is asked
        child.stdin.close()
        assert child.stdout.read() == b""
        assert child.wait() == 0
