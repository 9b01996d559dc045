"""Record files of all kinds of badness: rows with reasons, bounded memory, and every good row kept."""

from __future__ import annotations

import base64
import gzip
import json
import random
import resource
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tally import Tally, counted

import embedctl
from embedctl.config import ChildLimits, PartLimits, RecordFields, SourceRequest
from embedctl.errors import ParseError
from embedctl.records import BadRecord, Record
from embedctl.sources import jsonl, parquet, text_file
from embedctl.sources.records import RecordReader
from embedctl.stages import ingest as ingest_module
from embedctl.stages import part_writer
from embedctl.store.layout import Layout
from embedctl.store.parts import iter_documents
from embedctl.store.writer import read_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    with parquet.ended_afterwards():
        yield


def read(path: Path, content: str | bytes | None = None) -> tuple[list[str], dict[int, str]]:
    """Return the texts of the good rows, and what is wrong with the bad ones."""
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    rows = list(RecordReader(path, RecordFields()))
    texts = [row.text for row in rows if isinstance(row, Record)]
    return texts, {row.row: row.reason for row in rows if isinstance(row, BadRecord)}


LINES: dict[str, tuple[str | bytes, str | None]] = {
    "a million brackets": ('{"text": "x", "a": ' + "[" * 1_000_000, "is nested too deep"),
    "lists in lists, closed": (
        json.dumps({"text": "x"})[:-1] + ', "a": ' + "[" * 500 + "]" * 500 + "}",
        "is nested too deep",
    ),
    "nested as deep as allowed": ('{"text": "x", "a": ' + "[" * 90 + "]" * 90 + "}", None),
    "an endless number": ('{"text": "x", "a": ' + "9" * 10_000 + "}", "is not readable JSON: Exceeds the limit"),
    "a huge number": ('{"text": "x", "a": ' + "9" * 4_000 + "}", None),
    "no numbers": ('{"text": "x", "a": NaN, "b": -Infinity, "c": 1e999}', None),
    "a key twice": ('{"text": "first", "text": "x"}', None),
    "lone surrogates": (r'{"text": "x \ud800", "\udfff": "\udc00"}', None),
    "a NUL in a string": (r'{"text": "x \u0000"}', None),
    "a raw NUL": ('{"text": "x \0"}', "is not valid JSON: Invalid control character"),
    "another encoding": ('{"text": "Größe"}'.encode("latin-1"), "is not valid UTF-8"),
    "no object": ("[1]", "is not a JSON object"),
}


@pytest.mark.parametrize("kind", LINES)
def test_a_bad_line_costs_no_other(tmp_path: Path, kind: str) -> None:
    line, reason = LINES[kind]
    line = line if isinstance(line, bytes) else line.encode()
    texts, bad = read(tmp_path / "a.jsonl", '{"text": "first ä"}\r\n'.encode() + line + b'\n{"text": "last"}')
    assert (texts[0], texts[-1]) == ("first ä", "last")
    assert len(texts) == 2 + (reason is None)
    assert list(bad) == ([2] if reason else [])
    assert reason is None or bad[2].startswith(reason)
    assert all(text.encode() and "\0" not in text for text in texts)


@pytest.fixture
def short_lines(monkeypatch: pytest.MonkeyPatch) -> int:
    """Lines may have a hundred thousand characters, in place of tens of millions."""
    most = 100_000
    for module in ("text_file", "delimited"):
        monkeypatch.setattr(f"embedctl.sources.{module}.MOST_CHARACTERS", most)
    return most


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.jsonl.gz"])
def test_a_line_that_is_too_long_is_one_bad_row(tmp_path: Path, short_lines: int, name: str, encoding: str) -> None:
    long = "x" * (short_lines + 300_000)
    text = f'{{"text": "one"}}\n{{"text": "{long}"}}\n{{"text": "two"}}\n'
    if "csv" in name:
        text = f"text,more\none,\n{long},\ntwo,\n"
    content = text.encode(encoding)
    texts, bad = read(tmp_path / name, gzip.compress(content) if "gz" in name else content)
    assert texts == ["one", "two"]
    assert bad == {2: text_file.TOO_LONG}


def test_a_line_of_very_many_lists_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "_MOST_BRACKETS", 1_000)
    monkeypatch.setattr(jsonl, "_LONG_LINE", 1_000)
    texts, bad = read(tmp_path / "a.jsonl", '{"text": "a", "l": [' + "[]," * 2_000 + '[]]}\n{"text": "b"}\n')
    assert (texts, bad) == (["b"], {1: "has more than 1,000 brackets"})


def test_quotes_that_do_not_match_cost_only_their_rows(tmp_path: Path) -> None:
    rows = "".join(f"{row},text {row}\n" for row in range(1_000))
    texts, bad = read(tmp_path / "a.csv", f'id,text\nx,"never closed\n{rows}y,"neither\n')
    assert texts == [f"text {row}" for row in range(1_000)]
    assert list(bad) == [1, 1_002]
    texts, bad = read(tmp_path / "b.csv", "id,text\n" + 'x,"a\ny,"b\n' * 200 + 'z,"fine\nlines"\n')
    assert texts[-1] == "fine\nlines"
    assert len(bad) == 400


CELLS = {
    "NULs": (b"id,text\na,x\0y\nb,z\n", ["x\ufffdy", "z"]),
    "mixed line ends": (b"id,text\ra,x\r\nb,y\nc,z\r", ["x", "y", "z"]),
    "no newline at the end": (b"id,text\na,x", ["x"]),
    "a mark and quotes": (b'\xef\xbb\xbf"id","text"\n"a","x"\n', ["x"]),
    "bytes": (b"id,text\nb,z \xc3\xa4\na,\xff\xfe\n", ["z ä"]),
    "only delimiters": (b"id,text\n,,\na,x\n", ["x"]),
}


@pytest.mark.parametrize("kind", CELLS)
def test_odd_cells(tmp_path: Path, kind: str) -> None:
    content, texts = CELLS[kind]
    assert read(tmp_path / "a.csv", content)[0] == texts


def test_a_table_of_very_many_columns_is_read(tmp_path: Path) -> None:
    columns = 100_000
    header = "text," + ",".join(["a"] * columns)
    texts, bad = read(tmp_path / "a.csv", f"{header}\none{',1' * columns}\ntwo{',1' * (columns + 1)}\n")
    assert texts == ["one"]
    assert list(bad) == [2]


def test_a_packed_file_may_not_unpack_to_a_thousand_times_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_file, "_UNPACKED_FREELY", 100_000)
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"text": "fine"}\n' + b"{}\n" * 300_000))
    with pytest.raises(ParseError, match="unpacks to more than 200 times its size"):
        list(RecordReader(path, RecordFields()))


def table(rows: int = 300) -> pa.Table:
    choose = random.Random(5).choices
    words = ["alpha", "beta", "gamma", "delta", "epsilon"]
    return pa.table(
        {
            "id": [f"r{row}" for row in range(rows)],
            "text": [" ".join(choose(words, k=8)) for _ in range(rows)],
            "year": list(range(rows)),
            "share": [row / 3 if row % 5 else None for row in range(rows)],
            "tags": [["a", "b"][: row % 3] for row in range(rows)],
            "place": [{"a": row, "b": {"c": str(row)}} for row in range(rows)],
        }
    )


def damaged(data: bytes, seed: int) -> bytes:
    """Return a Parquet file with a few bytes changed, in its footer as often as in its pages."""
    rng = random.Random(seed)
    changed = bytearray(data)
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(footer, len(data) - 8) if rng.random() < 0.5 else rng.randrange(4, footer)
        changed[at] = rng.choice((0, 255, 127, changed[at] ^ (1 << rng.randrange(8))))
    return bytes(changed)


def survives(path: Path, rounds: range, tally: Tally) -> None:
    kinds = [("snappy", "1.0", True), ("zstd", "2.0", True), ("none", "2.0", False), ("gzip", "1.0", False)]
    files = []
    for compression, version, dictionary in kinds:
        pq.write_table(
            table(),
            path,
            compression=compression,
            data_page_version=version,
            use_dictionary=dictionary,
            row_group_size=100,
        )
        files.append(path.read_bytes())
    for seed in rounds:
        path.write_bytes(damaged(files[seed % len(files)], seed))
        with tally.one(), suppress(ParseError):
            for row in RecordReader(path, RecordFields()):
                assert isinstance(row, Record) or row.reason


def test_damaged_parquet_files_end_as_rows_or_a_reason(tmp_path: Path, results: Path | None) -> None:
    with counted("Parquet files with changed bytes", None) as tally:
        survives(tmp_path / "a.parquet", range(40), tally)
    assert tally.lost == 0


@pytest.mark.long
def test_many_damaged_parquet_files(tmp_path: Path, results: Path | None) -> None:
    with counted("Parquet input with changed bytes: rows or a reason, no crash", results) as tally:
        survives(tmp_path / "a.parquet", range(100, 20_100), tally)


def own_parquet(path: Path, table: pa.Table) -> tuple[list[str], dict[int, str]]:
    pq.write_table(table, path)
    return read(path)


def test_strings_of_a_parquet_file_that_are_no_text_are_bad_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(table(), path, compression="none", use_dictionary=False, column_encoding="PLAIN")
    data = path.read_bytes()
    at = data.index(b"r7\x02\x00\x00\x00r8")
    path.write_bytes(data[:at] + b"\xff" + data[at + 1 :])
    texts, bad = read(path)
    assert len(texts) == 299
    assert list(bad) == [8]
    assert bad[8].startswith("is damaged")


def test_a_parquet_bomb_does_not_take_the_memory_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "PARQUET_LIMITS", ChildLimits(seconds=60, memory_bytes=400_000_000))
    text = pa.array(["x" * 20_000_000]).dictionary_encode()
    bomb = pa.table({"text": pa.DictionaryArray.from_arrays(pa.array([0] * 200, pa.int32()), text.dictionary)})
    pq.write_table(bomb, tmp_path / "a.parquet", compression="zstd")
    assert (tmp_path / "a.parquet").stat().st_size < 100_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ParseError, match=r"cannot be read: it needs more than 400 MB to parse"):
        list(RecordReader(tmp_path / "a.parquet", RecordFields()))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kilobytes
    assert own_parquet(tmp_path / "b.parquet", table())[1] == {}


def test_a_parquet_file_may_not_unpack_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": pa.array(["same words"] * 1_000).dictionary_encode()}), path)
    monkeypatch.setattr(parquet, "_UNPACKED_FREELY", 100)
    monkeypatch.setattr(parquet, "_MOST_UNPACKED", 2)
    with pytest.raises(ParseError, match="unpacks to more than 2 times its size"):
        list(RecordReader(path, RecordFields()))


@pytest.fixture
def store(tmp_path: Path) -> embedctl.Store:
    return embedctl.create(tmp_path / "store" / ".embedctl")


def content(store: embedctl.Store) -> dict[str, str]:
    layout = Layout(store.path)
    parts = read_manifest(layout).parts
    return {document.doc_id: document.text for part in parts for _, document in iter_documents(layout, part)}


@pytest.mark.parametrize("killed_at", [3, 50])
def test_a_run_killed_while_it_reads_other_columns_is_made_up_for(
    store: embedctl.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_at: int
) -> None:
    """The store may not know the new columns before it also knows that its rows were read with the old ones."""
    path = tmp_path / "birds.jsonl"
    rows = [json.dumps({"id": f"r{row}", "text": f"tide {row}", "note": f"wind {row}"}) for row in range(120)]
    path.write_text("\n".join(rows), encoding="utf-8")
    store.ingest([path])
    asked = SourceRequest(fields=RecordFields(text="note"))
    monkeypatch.setattr(part_writer, "PartLimits", lambda: PartLimits(documents=7))
    take = ingest_module._Ingest._take_row

    def interrupted(self: Any, key: Any, found: Any) -> None:
        if found.document.record == killed_at:
            raise KeyboardInterrupt
        take(self, key, found)

    with monkeypatch.context() as patch:
        patch.setattr(ingest_module._Ingest, "_take_row", interrupted)
        with pytest.raises(KeyboardInterrupt):
            store.ingest([path], source=asked)
    store.ingest()
    word = "wind" if killed_at == 50 else "tide"  # nothing was committed of the earlier one
    assert content(store) == {f"r{row}": f"{word} {row}" for row in range(120)}
    store.ingest([path], source=asked)
    assert content(store) == {f"r{row}": f"wind {row}" for row in range(120)}


@pytest.mark.long
def test_a_line_of_a_gigabyte(tmp_path: Path, results: Path | None) -> None:
    with counted("record files with a line, or a field, of a gigabyte: one bad row", results) as tally:
        for name, begin, end in (
            ("a.jsonl", b'{"text": "', b'"}\n{"text": "good"}\n'),
            ("a.csv", b'text\n"', b'"\ngood\n'),
        ):
            path = tmp_path / name
            noise = base64.b64encode(random.Random(1).randbytes(3 << 18))
            with path.open("wb") as file:
                file.write(begin)
                for _ in range(1 << 10):
                    file.write(noise)
                file.write(end)
            with tally.one():
                before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                texts, bad = read(path)
                assert texts == ["good"]
                assert list(bad) == [1]
                assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_000_000
            path.unlink()
