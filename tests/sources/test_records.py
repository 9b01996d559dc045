from __future__ import annotations

import csv
import gzip
import io
import json
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedctl.config import RecordFields
from embedctl.errors import ParseError
from embedctl.records import BadRecord, Outcome, Record
from embedctl.sources.delimited import typed
from embedctl.sources.records import RecordReader, is_record_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Rows = list[Record | BadRecord]


def read(path: Path, content: bytes | str, **fields: str) -> Rows:
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return list(RecordReader(path, RecordFields(**fields)))


def jsonl(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def ids(rows: Iterable[Record | BadRecord]) -> list[str]:
    return [row.id for row in rows if isinstance(row, Record)]


def until_damage(rows: Iterator[Record | BadRecord]) -> tuple[Rows, ParseError]:
    before: Rows = []
    with pytest.raises(ParseError) as error:
        before.extend(rows)
    return before, error.value


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.jsonl", True),
        ("a.NDJSON", True),
        ("x/a.csv.gz", True),
        ("a.tsv", True),
        ("a.parquet", True),
        ("a.parquet.gz", False),
        ("a.json", False),
        ("csv", False),
        ("a.csv.md", False),
    ],
)
def test_record_files_are_known_by_their_names(path: str, expected: bool) -> None:
    assert is_record_file(path) is expected


def test_beir_corpus_needs_no_flags(tmp_path: Path) -> None:
    rows = read(
        tmp_path / "corpus.jsonl",
        jsonl(
            {"_id": "7", "title": "Wings", "text": " lift\n", "metadata": {}},
            {"_id": "8", "title": "", "text": "drag", "metadata": {"url": "x", "year": 1958}, "year": 1960},
        ),
    )
    assert rows == [
        Record("7", 1, "Wings", " lift\n", {}),
        Record("8", 2, None, "drag", {"url": "x", "year": 1960}),
    ]


def test_the_usual_columns_are_found_by_rank_whatever_their_case(tmp_path: Path) -> None:
    rows = read(tmp_path / "a.csv", "Body,KEY,Id,Subject,TEXT\nb,k,i,s,t\n")
    assert rows == [Record("i", 1, "s", "t", {"Body": "b", "KEY": "k"})]


def test_flags_choose_columns(tmp_path: Path) -> None:
    rows = read(tmp_path / "a.csv", "text,note,n,sku\nt,words,x,9\n", text="NOTE", id="sku", title="n")
    assert rows == [Record("9", 1, "x", "words", {"text": "t"})]


def test_a_file_without_text_names_its_columns(tmp_path: Path) -> None:
    for name, content in (("a.csv", "a,b\n1,2\n"), ("a.jsonl", jsonl({"a": 1}, {"b": 2}))):
        with pytest.raises(ParseError) as error:
            read(tmp_path / name, content)
        assert error.value.message == "has no text column; its columns are a, b"
        assert "--text-field" in error.value.hint


def test_a_flag_that_names_no_column_suggests_one(tmp_path: Path) -> None:
    with pytest.raises(ParseError) as error:
        read(tmp_path / "a.csv", "text,summary\nt,s\n", text="sumary")
    assert error.value.message == 'has no column "sumary" (--text-field); its columns are text, summary'
    assert error.value.hint == 'Did you mean "summary"?'


def test_ids_are_text_and_rows_without_one_are_numbered(tmp_path: Path) -> None:
    rows = read(tmp_path / "a.jsonl", jsonl(*({"id": i, "text": "t"} for i in (5, 6.0, "a b", None, "", 2.5))))
    assert ids(rows) == ["5", "6", "a b", "4", "2.5"]
    assert rows[4] == BadRecord(5, 'its id "5" was already used in row 1')


def test_bad_lines_are_told_and_passed_over(tmp_path: Path) -> None:
    lines = [
        '{"id": 1, "text": "first"}',
        '{"id": 2, "text": "cut of',
        "[1, 2]",
        "",
        '{"id": 5}',
        '{"id": 6, "text": "  "}',
        '{"id": 7, "text": 7}',
        '{"id": [8], "text": "x"}',
        "[" * 100_000,
        '{"id": 10, "text": "last"}',
    ]
    rows = read(tmp_path / "a.jsonl", "\n".join(lines))
    reasons = {row.row: row.reason for row in rows if isinstance(row, BadRecord)}
    assert ids(rows) == ["1", "10"]
    assert reasons.pop(2).startswith("is not valid JSON: Unterminated string")
    assert reasons.pop(9) == "is nested too deep"
    assert reasons == {
        3: "is not a JSON object",
        5: 'has no "text"',
        6: 'its "text" is empty',
        7: 'its "text" is a number, not text',
        8: 'its "id" is a list, not an id',
    }


def test_a_file_that_is_no_json_lines_is_refused_early(tmp_path: Path) -> None:
    with pytest.raises(ParseError, match="no JSON object in its first 100 lines"):
        read(tmp_path / "a.jsonl", "a log line\n" * 1000)
    assert [row.row for row in read(tmp_path / "b.jsonl", "x\ny\n")] == [1, 2]


def test_columns_may_first_appear_in_a_later_object(tmp_path: Path) -> None:
    rows = read(tmp_path / "a.jsonl", jsonl({"id": "a"}, {"id": "b", "text": "t", "title": "T"}))
    assert rows == [BadRecord(1, 'has no "text"', Outcome.SKIPPED), Record("b", 2, "T", "t", {})]


def test_what_no_index_can_hold_is_replaced(tmp_path: Path) -> None:
    line = r'{"id": "\ud800", "text": "a\u0000b \ud83d\ude00 \udc00", "k\u0000": ["\ud800"], "n": NaN, "big": 1e999}'
    assert read(tmp_path / "a.jsonl", line) == [
        Record("\ufffd", 1, None, "a\ufffdb 😀 \ufffd", {"k\ufffd": ["\ufffd"], "n": None, "big": None})
    ]


def test_json_values_keep_their_types(tmp_path: Path) -> None:
    values = {
        "year": 1999,
        "score": 0.5,
        "ok": True,
        "tags": ["a", 1],
        "none": None,
        "nested": {"a": [1]},
        "zip": "007",
    }
    assert read(tmp_path / "a.jsonl", jsonl({"text": "t", **values})) == [Record("1", 1, None, "t", values)]


def test_csv_values_get_a_type_only_where_nothing_is_lost(tmp_path: Path) -> None:
    cells = {"int": "42", "neg": "-3", "float": "2.5", "yes": "true", "no": "False"}
    kept = {"zip": "007", "exp": "1e5", "plus": "+1", "padded": " 1", "long": "1.50", "huge": str(2**64), "nan": "nan"}
    header, row = ",".join([*cells, *kept, "empty"]), ",".join([*cells.values(), *kept.values(), ""])
    rows = read(tmp_path / "a.csv", f"text,{header}\n42,{row}\n")
    assert rows == [Record("1", 1, None, "42", {"int": 42, "neg": -3, "float": 2.5, "yes": True, "no": False, **kept})]


@given(st.one_of(st.text(), st.integers().map(str), st.floats().map(repr), st.from_regex(r"[-+0-9.eE_]{1,25}")))
def test_typing_a_cell_loses_nothing(cell: str) -> None:
    value = typed(cell)
    if isinstance(value, bool):
        assert str(value).lower() == cell.lower()
    else:
        assert (repr(value) if isinstance(value, float) else str(value)) == cell


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8), st.sampled_from([",", ";", "\t"]))
def test_any_csv_that_python_writes_reads_back_verbatim(pairs: list[tuple[str, str]], delimiter: str) -> None:
    import tempfile

    table = io.StringIO(newline="")
    writer = csv.writer(table, delimiter=delimiter)
    writer.writerow(["text", "title"])
    writer.writerows(pairs)
    with tempfile.TemporaryDirectory() as folder:
        rows = read(Path(folder) / ("a.tsv" if delimiter == "\t" else "a.csv"), table.getvalue())
    expected = [
        (text if text.strip() else title, title or None) for text, title in pairs if text.strip() or title.strip()
    ]
    assert [(row.text, row.title) for row in rows if isinstance(row, Record)] == expected
    assert len(rows) == len(pairs)


def test_csv_oddities(tmp_path: Path) -> None:
    content = '\ufeffid;text;;text\r\n\r\n1;"two\r\nlines; ""quoted""";x;y\r\n2;short\r\n3;t;x;y;;\r\n4;t;x;y;z\r\n'
    assert read(tmp_path / "a.csv", content) == [
        Record("1", 1, None, 'two\r\nlines; "quoted"', {"column_3": "x", "text_4": "y"}),
        Record("2", 2, None, "short", {}),
        Record("3", 3, None, "t", {"column_3": "x", "text_4": "y"}),
        BadRecord(4, "has 5 fields, the header has 4"),
    ]


def test_a_quote_that_is_never_closed_does_not_become_one_long_text(tmp_path: Path) -> None:
    rows = read(tmp_path / "a.csv", 'id,text\n1,fine\n2,"open\n3,not swallowed\n')
    assert rows == [
        Record("1", 1, None, "fine", {}),
        BadRecord(2, "has quotes that do not match: unexpected end of data"),
        Record("3", 3, None, "not swallowed", {}),
    ]


def test_a_field_may_be_longer_than_the_csv_module_likes(tmp_path: Path) -> None:
    text = "word " * 100_000
    assert read(tmp_path / "a.csv", f"text\n{text}\n") == [Record("1", 1, None, text, {})]


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.ndjson", "a.csv.gz", "a.jsonl.gz", "a.CSV"])
def test_empty_files_have_no_records(tmp_path: Path, name: str) -> None:
    assert read(tmp_path / name, "") == []
    assert read(tmp_path / name, "\n\n") == []


GERMAN = "Grüße aus Köln: die Straße ist für Fußgänger gesperrt. " * 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.csv.gz"])
def test_encodings(tmp_path: Path, name: str, encoding: str) -> None:
    content = json.dumps({"text": GERMAN}, ensure_ascii=False) if "json" in name else f"text\n{GERMAN}"
    rows = read(tmp_path / name, content.encode(encoding))
    assert [row.text for row in rows if isinstance(row, Record)] == [GERMAN]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_one_damaged_byte_costs_one_row_and_no_mojibake(tmp_path: Path, name: str) -> None:
    texts = ["größer", "kaputt", "Öl"]
    content = jsonl(*({"text": text} for text in texts)) if "json" in name else "\n".join(["text", *texts])
    if "json" in name:
        content = "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts)
    rows = read(tmp_path / name, content.encode().replace(b"kaputt", b"kap\xfftt"))
    assert rows == [
        Record("1", 1, None, "größer", {}),
        BadRecord(2, "is not valid UTF-8"),
        Record("3", 3, None, "Öl", {}),
    ]


@pytest.mark.parametrize("rows", [20, 20_000])
@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.csv.gz"])
def test_a_truncated_gzip_file_gives_what_it_has_and_then_says_so(tmp_path: Path, name: str, rows: int) -> None:
    lines = [
        json.dumps({"id": i, "text": f"row {i * i}"}) if "json" in name else f"{i},row {i * i}" for i in range(rows)
    ]
    packed = gzip.compress("\n".join([*([] if "json" in name else ["id,text"]), *lines]).encode())
    (tmp_path / name).write_bytes(packed[:-9] if rows == 20 else packed[: len(packed) // 2])
    before, error = until_damage(iter(RecordReader(tmp_path / name, RecordFields())))
    assert len(before) >= rows // 3
    assert ids(before) == [str(i) for i in range(len(before))]
    assert error.message == "is a damaged gzip file: it ends too early"


def test_files_that_are_not_what_their_name_says(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_text("text\nplain\n")
    (tmp_path / "a.parquet").write_text("text\nplain\n")
    with pytest.raises(ParseError, match="is a damaged gzip file"):
        list(RecordReader(tmp_path / "a.csv.gz", RecordFields()))
    with pytest.raises(ParseError, match="is not a complete Parquet file"):
        list(RecordReader(tmp_path / "a.parquet", RecordFields()))
    with pytest.raises(ParseError, match="cannot be read: No such file"):
        list(RecordReader(tmp_path / "gone.csv", RecordFields()))


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with path.open("w") as file:
        file.writelines(json.dumps({"id": i, "text": "x" * 1000}) + "\n" for i in range(20_000))
    tracemalloc.start()
    try:
        assert sum(1 for _ in RecordReader(path, RecordFields())) == 20_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 6_000_000, "the file is 20 MB; only the hashes of its ids may stay"
