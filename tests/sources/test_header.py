"""Where the header of a CSV file is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from embedctl.config import RecordFields
from embedctl.records import BadRecord, Record
from embedctl.sources.records import RecordReader

if TYPE_CHECKING:
    from pathlib import Path

BODY = "id{0}title{0}text\n1{0}Buoy{0}A buoy, red and lit, drifts.\n2{0}Mole{0}The mole is being mended.\n"


def read(path: Path, content: str, encoding: str = "utf-8") -> list[Record | BadRecord]:
    path.write_text(content, encoding=encoding)
    return [row for row in RecordReader(path, RecordFields()) if isinstance(row, (Record, BadRecord))]


RIGHT = [
    Record("1", 1, "Buoy", "A buoy, red and lit, drifts.", {}),
    Record("2", 2, "Mole", "The mole is being mended.", {}),
]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize(
    "front",
    [
        "",
        "\n\n",
        "Harbour log of May\n",
        "Harbour log\n\n",
        "Log\n\n",
        "Exported: 2024-05-01, by Ann, for Bob\n\n",
        "Harbour log\nAll times are local\n\n",
    ],
)
def test_lines_in_front_of_the_header_are_no_rows(tmp_path: Path, delimiter: str, front: str) -> None:
    assert read(tmp_path / "a.csv", front + BODY.format(delimiter)) == RIGHT


@pytest.mark.parametrize("told", ["sep=;", "SEP=;", '"sep=;"'])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_excel_is_told_is_no_header(tmp_path: Path, told: str, encoding: str) -> None:
    assert read(tmp_path / "a.csv", f"{told}\r\n{BODY.format(';')}", encoding) == RIGHT


def test_a_line_that_a_spreadsheet_filled_up(tmp_path: Path) -> None:
    assert read(tmp_path / "a.csv", f"Harbour log;;\n;;\n{BODY.format(';')}") == RIGHT


def test_pairs_above_a_table(tmp_path: Path) -> None:
    table = "id;title;text;place;year\n1;Buoy;It drifts.;bay;2021\n2;Mole;It stands.;port;2022\n"
    rows = read(tmp_path / "a.csv", f"Author;Ann\nDate;2024\n\n{table}")
    assert [row.title for row in rows if isinstance(row, Record)] == ["Buoy", "Mole"]


def test_a_header_that_is_too_short_is_still_one(tmp_path: Path) -> None:
    rows = read(tmp_path / "a.csv", "id,title,text\n1,a,b,c\n2,d,e,f\n")
    assert rows == [BadRecord(number, "has 4 fields, the header has 3") for number in (1, 2)]


def test_commas_in_the_only_column_are_text(tmp_path: Path) -> None:
    rows = read(tmp_path / "a.csv", 'sentence\nGulls, terns\n"Auks, ""razorbills"""\nSkuas, petrels, gannets\n')
    assert [row.text for row in rows if isinstance(row, Record)] == [
        "sentence: Gulls, terns",
        'sentence: Auks, "razorbills"',
        "sentence: Skuas, petrels, gannets",
    ]


def test_names_of_columns_may_span_lines(tmp_path: Path) -> None:
    rows = read(tmp_path / "a.csv", '"title\n(short)","text",year\nBuoy,It drifts.,2021\n')
    assert rows == [Record("1", 1, None, "It drifts.", {"title\n(short)": "Buoy", "year": 2021})]


def test_one_row_below_a_preamble(tmp_path: Path) -> None:
    assert read(tmp_path / "a.csv", "Log of May\n\nid,title,text\n1,Lock,It leaks.\n") == [
        Record("1", 1, "Lock", "It leaks.", {})
    ]
