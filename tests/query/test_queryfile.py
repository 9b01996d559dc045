"""Files of queries: what each form means, and what is told about lines that are none."""

from __future__ import annotations

import gc
import io
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from embedctl.errors import UsageError
from embedctl.query.query_file import NamedQuery, Problem, QueryFile, QueryList, QueryStream


def read(folder: Path, name: str, data: bytes) -> list[tuple[str, str]]:
    path = folder / name
    path.write_bytes(data)
    file = QueryFile(path)
    found = [tuple(query) for batch in file.batches(2) for query in batch]
    assert file.count == len(found)
    return found


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("q.txt", b"rotate keys\nowl\n", [("1", "rotate keys"), ("2", "owl")]),
        ("q.txt", b"\xef\xbb\xbfrotate keys\r\n\r\n  \r\nowl\r\n", [("1", "rotate keys"), ("4", "owl")]),
        ("q.txt", b"no newline at the end", [("1", "no newline at the end")]),
        ("q.txt", b"broken \xff byte\n", [("1", "broken \ufffd byte")]),
        ("q.txt", b'{"text": "a text that looks like JSON"}\n', [("1", '{"text": "a text that looks like JSON"}')]),
        ("q.tsv", b"q7\trotate keys\nq8\ta\tb\n", [("q7", "rotate keys"), ("q8", "a\tb")]),
        ("q.jsonl", b'{"_id": "PLAIN-2", "text": "owl", "metadata": {}}\n', [("PLAIN-2", "owl")]),
        (
            "q.jsonl",
            b'\xef\xbb\xbf{"id": 7, "query": "owl"}\r\n\n{"text": "\\ud800"}\n',
            [("7", "owl"), ("3", "\ufffd")],
        ),
        ("q.ndjson", b'{"query_id": "a", "query": "owl"}\n', [("a", "owl")]),
        ("queries", b'{"id": "a", "text": "owl"}\n{"id": "b", "text": "{"}\n', [("a", "owl"), ("b", "{")]),
        ("queries", b"owl\n{\n", [("1", "owl"), ("2", "{")]),
    ],
)
def test_what_a_line_means(tmp_path: Path, name: str, data: bytes, expected: list[tuple[str, str]]) -> None:
    assert read(tmp_path, name, data) == expected


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("q.jsonl", b'{"text": "owl"}\n{"text": owl}\n[]\n', ["line 2: not JSON", "line 3: not a JSON object"]),
        ("q.jsonl", b'{"title": "owl"}\n', ['line 1: no string called "text" or "query"']),
        ("q.jsonl", b'{"id": 1, "text": "a"}\n{"id": "1", "text": "b"}\n', ['line 2: the id "1" is that of line 1']),
        ("q.jsonl", b"{}\n" * 12, ["line 5: ", "and 7 more"]),
        ("q.tsv", b"q1 rotate keys\n\towl\nq3\t\n", ["line 1: not an id, a tab and a text", "line 2: ", "line 3: "]),
        ("q.tsv", b"q1\towl\nq1\tkestrel\n", ['line 2: the id "q1" is that of line 1']),
        ("q.txt", b"", ["no query in"]),
        ("q.txt", b"\n \r\n", ["no query in"]),
    ],
)
def test_a_file_is_checked_before_anything_is_asked(tmp_path: Path, name: str, data: bytes, told: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, name, data)
    assert all(part in str(caught.value) for part in told)
    assert caught.value.hint


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.txt", tmp_path):
        with pytest.raises(UsageError, match="cannot be read"):
            QueryFile(path)


def test_a_pipe_is_answered_as_it_comes() -> None:
    reader, writer = os.pipe()
    left_out: list[Problem] = []
    with os.fdopen(reader, "rb", buffering=0) as stream, os.fdopen(writer, "wb", buffering=0) as sink:
        batches = QueryStream(stream, left_out.append).batches(100)
        sink.write(b'{"id": "a", "text": "owl"}\n')
        assert next(batches) == [NamedQuery("a", "owl")]  # although the pipe is still open
        sink.write(b'{"id": "a", "text": "again"}\nowl\n{"id": "b", "text": "kestrel"}\n')
        assert next(batch for batch in batches if batch) == [NamedQuery("b", "kestrel")]
        sink.close()
        assert list(batches) == []
    assert [problem.line for problem in left_out] == [2, 3]


def test_a_pipe_without_queries() -> None:
    reader, writer = os.pipe()
    os.close(writer)
    with os.fdopen(reader, "rb") as stream, pytest.raises(UsageError, match="No query came in"):
        list(QueryStream(stream, lambda _: None).batches(10))


def test_a_list_has_places_for_ids() -> None:
    batches = list(QueryList(["owl", ("k", "kestrel"), "key"]).batches(2))
    assert batches == [[("1", "owl"), ("k", "kestrel")], [("3", "key")]]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_named_pipe_is_closed_when_it_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    source = QueryStream(tmp_path / "pipe", lambda _: None)
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit((tmp_path / "pipe").write_text, "owl\n")
        assert [query for batch in source.batches(10) for query in batch] == [NamedQuery("1", "owl")]
        written.result()
    gc.collect()  # an open file would be told here, and fail the test


def test_lines_that_nobody_could_have_meant(tmp_path: Path) -> None:
    """Each of these once ended in a traceback, or would have been held in memory whole."""
    lines = [b"[" * 100_000, b'{"text": "' + b"a" * 20_000_000 + b'"}', b"9" * 5_000, b'{"text": "owl"}']
    left_out: list[Problem] = []
    stream = io.BytesIO(b'{"text": "kestrel"}\n' + b"\n".join(lines))
    found = [query for batch in QueryStream(stream, left_out.append).batches(10) for query in batch]
    assert found == [NamedQuery("1", "kestrel"), NamedQuery("5", "owl")]
    assert [problem.line for problem in left_out] == [2, 3, 4]
    assert "longer than 16 MB" in left_out[1].reason
    (tmp_path / "queries").write_bytes(lines[0])  # tried as JSON to know the form: a text, then
    assert QueryFile(tmp_path / "queries").count == 1
    with pytest.raises(UsageError, match="cannot be read"):
        QueryFile(Path("a\0b"))


def test_half_characters_become_replacement_characters(tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_bytes(b'{"_id": "\\udc80", "text": "owl \\ud83e"}\n')
    assert list(QueryFile(tmp_path / "q.jsonl").batches(1)) == [[NamedQuery("\ufffd", "owl \ufffd")]]
