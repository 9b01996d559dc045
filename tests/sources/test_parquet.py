from __future__ import annotations

import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embedctl.config import RecordFields
from embedctl.errors import ParseError
from embedctl.records import BadRecord, Outcome, Record
from embedctl.sources.records import RecordReader

if TYPE_CHECKING:
    from pathlib import Path


def read(path: Path, table: pa.Table) -> list[Record | BadRecord]:
    pq.write_table(table, path)
    return list(RecordReader(path, RecordFields()))


def test_columns_become_typed_metadata(tmp_path: Path) -> None:
    moment = datetime.datetime(2024, 2, 29, 12, 30, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
    table = pa.table(
        {
            "doc_id": pa.array([11]),
            "title": ["T"],
            "text": pa.array(["words"], pa.large_string()),
            "int": pa.array([2**62]),
            "float": [0.5],
            "nan": [float("nan")],
            "flag": [True],
            "null": pa.array([None], pa.int32()),
            "category": pa.array(["x"]).dictionary_encode(),
            "day": [datetime.date(2024, 2, 29)],
            "moment": pa.array([moment], pa.timestamp("ms", "Europe/Berlin")),
            "nanos": pa.array([1_700_000_000_123_456_789], pa.timestamp("ns")),
            "clock": pa.array([1_000_000_001], pa.time64("ns")),
            "wait": pa.array([1_500_000_001], pa.duration("ns")),
            "price": [Decimal("12.50")],
            "tags": [["a", None]],
            "place": [{"lat": 1.5, "seen": datetime.date(2020, 1, 1)}],
            "visits": pa.array([[1]], pa.list_(pa.timestamp("ns"))),
            "image": [b"\x89PNG"],
            "thumbs": [[b"\x89PNG"]],
        }
    )
    assert read(tmp_path / "a.parquet", table) == [
        Record(
            "11",
            1,
            "T",
            "words",
            {
                "int": 2**62,
                "float": 0.5,
                "nan": None,
                "flag": True,
                "null": None,
                "category": "x",
                "day": "2024-02-29",
                "moment": "2024-02-29T10:30:00+00:00",
                "nanos": "2023-11-14T22:13:20.123456",
                "clock": "00:00:01",
                "wait": 1.5,
                "price": 12.5,
                "tags": ["a", None],
                "place": {"lat": 1.5, "seen": "2020-01-01"},
                "visits": ["1970-01-01T00:00:00"],
                "thumbs": [None],
            },
        )
    ]


def test_rows_are_counted_across_batches_and_bad_ones_told(tmp_path: Path) -> None:
    texts = [f"text {i}" for i in range(1000)]
    table = pa.table({"id": list(range(1000)), "text": [*texts[:700], None, *texts[701:]]})
    rows = read(tmp_path / "a.parquet", table)
    assert rows[700] == BadRecord(701, 'has no "text"', Outcome.SKIPPED)
    assert rows[999] == Record("999", 1000, None, "text 999", {})


def test_a_struct_called_metadata_is_merged(tmp_path: Path) -> None:
    table = pa.table({"_id": ["a"], "text": ["t"], "metadata": [{"year": 1999}]})
    assert read(tmp_path / "a.parquet", table) == [Record("a", 1, None, "t", {"year": 1999})]


def test_without_text_the_columns_that_could_be_it_are_listed(tmp_path: Path) -> None:
    with pytest.raises(ParseError, match="has no text column; its columns are id, n"):
        read(tmp_path / "a.parquet", pa.table({"id": [1], "n": [2], "image": [b"x"]}))


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["words"] * 100}), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ParseError, match="is not a complete Parquet file"):
        list(RecordReader(path, RecordFields()))


def test_damage_in_the_middle_comes_after_the_rows_before_it(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = pa.table({"text": [f"text number {i * i}" for i in range(1000)]})
    pq.write_table(table, path, row_group_size=500, compression="zstd")
    start = pq.read_metadata(path).row_group(1).column(0).dictionary_page_offset
    data = bytearray(path.read_bytes())
    data[start : start + 40] = b"\xff" * 40
    path.write_bytes(data)
    before: list[Record | BadRecord] = []
    with pytest.raises(ParseError, match="is damaged after row 500"):
        before.extend(RecordReader(path, RecordFields()))
    assert [row.row for row in before] == list(range(1, 501))
