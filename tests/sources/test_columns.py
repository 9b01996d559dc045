"""Which columns of a record file are searched, and what text their values make."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from embedctl.config import RecordFields
from embedctl.errors import ParseError
from embedctl.records import BadRecord, Outcome, Record
from embedctl.sources.records import RecordReader
from embedctl.sources.table import Extent

if TYPE_CHECKING:
    from pathlib import Path

Rows = list[Record | BadRecord]


def read(path: Path, content: str, fields: RecordFields | None = None) -> tuple[Rows, str | None]:
    path.write_text(content, encoding="utf-8")
    reader = RecordReader(path, fields or RecordFields())
    rows = [row for row in reader if isinstance(row, (Record, BadRecord))]
    return rows, reader.note


def texts(rows: Rows) -> list[str]:
    return [row.text for row in rows if isinstance(row, Record)]


def test_a_row_without_text_is_its_title(tmp_path: Path) -> None:
    lines = [{"id": "a", "title": "Gulls"}, {"id": "b", "title": "Terns", "text": " "}, {"id": "c", "text": "Auks."}]
    rows, note = read(tmp_path / "a.jsonl", "\n".join(map(json.dumps, lines)))
    assert rows == [
        Record("a", 1, "Gulls", "Gulls", {}),
        Record("b", 2, "Terns", "Terns", {}),
        Record("c", 3, None, "Auks.", {}),
    ]
    assert note is None


def test_rows_with_neither_are_skipped_and_never_failed(tmp_path: Path) -> None:
    lines = [{"text": "Auks.", "title": "A"}, {"text": None, "title": ""}, {"title": None}, {"year": 3}, {}]
    rows, _ = read(tmp_path / "a.jsonl", "\n".join(map(json.dumps, lines)))
    assert [(row.row, row.outcome) for row in rows if isinstance(row, BadRecord)] == [
        (number, Outcome.SKIPPED) for number in (2, 3, 4, 5)
    ]
    rows, _ = read(tmp_path / "a.csv", "id;text;title\n1;Auks.;A\n;;\n3;;\n")
    assert [(row.row, row.outcome) for row in rows if isinstance(row, BadRecord)] == [
        (2, Outcome.SKIPPED),
        (3, Outcome.SKIPPED),
    ]


def test_several_text_columns_are_joined_in_the_order_of_the_flags(tmp_path: Path) -> None:
    content = "id,symptom,cause\n1,Pump hums,Bearing worn\n2,,Valve shut\n3,Leak,\n4,,\n"
    rows, _ = read(tmp_path / "a.csv", content, RecordFields(text=("cause", "SYMPTOM")))
    assert texts(rows) == ["Bearing worn\n\nPump hums", "Valve shut", "Leak"]
    assert rows[3] == BadRecord(4, "has no text", Outcome.SKIPPED)


def test_lists_of_sentences_are_text(tmp_path: Path) -> None:
    rows, _ = read(tmp_path / "a.jsonl", json.dumps({"title": "T", "abstract": ["One.", "Two."]}))
    assert texts(rows) == ["One.\nTwo."]


def test_chosen_columns_are_searched_and_stay_metadata(tmp_path: Path) -> None:
    lines = [
        {"text": "Dives.", "bird": "gannet", "seas": ["North Sea", "Minch"], "seen": {"by": "Ann", "year": 2021}},
        {"text": "Wades.", "bird": None, "seas": [], "seen": 7.0},
    ]
    fields = RecordFields(search=("Bird", "seas", "seen"))
    rows, _ = read(tmp_path / "a.jsonl", "\n".join(map(json.dumps, lines)), fields)
    assert texts(rows) == ["Dives.\n\nbird: gannet\nseas: North Sea, Minch\nseen: Ann, 2021", "Wades.\n\nseen: 7"]
    assert isinstance(rows[0], Record)
    assert rows[0].metadata == {name: value for name, value in lines[0].items() if name != "text"}


def test_a_chosen_column_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(ParseError) as error:
        read(tmp_path / "a.csv", "text,colour\na,b\n", RecordFields(search=("color",)))
    assert error.value.message == 'has no column "color" (--search-field); its columns are text, colour'


@pytest.mark.parametrize(
    ("content", "title", "text"),
    [
        ("question,answer\nHow wide is the quay?,Forty paces.\n", "How wide is the quay?", "Forty paces."),
        ("Nr;Titel;Beschreibung\n1;Kran;Der Kran dreht sich.\n", "Kran", "Der Kran dreht sich."),
        ("id\ttitre\tcontenu\n1\tQuai\tLe quai est long.\n", "Quai", "Le quai est long."),
        ("ID;Asunto;Mensaje\n1;Faro;El faro no luce.\n", "Faro", "El faro no luce."),
        ("№,Название,Описание\n1,Маяк,Маяк не горит.\n", "Маяк", "Маяк не горит."),
        ("番号,タイトル,本文\n1,灯台,灯台が消えた。\n", "灯台", "灯台が消えた。"),
    ],
)
def test_headers_in_other_languages(tmp_path: Path, content: str, title: str, text: str) -> None:
    rows, note = read(tmp_path / "a.csv", content)
    assert [(row.title, row.text) for row in rows if isinstance(row, Record)] == [(title, text)]
    assert note is not None
    assert content.splitlines()[0].split(max(",;\t", key=content.count))[-1] in note


def test_a_sheet_is_searched_by_the_columns_that_have_words(tmp_path: Path) -> None:
    content = (
        "sku,colour,remark,price,added\n"
        "A-17,dark red,Fits every boat that we have ever sold here,12.50,2024-01-02\n"
        "B-20,sea green,Not to be used in salt water without a coat of varnish,9.00,2024-02-03\n"
    )
    rows, note = read(tmp_path / "a.csv", content)
    assert texts(rows)[0] == "Fits every boat that we have ever sold here\n\ncolour: dark red"
    assert isinstance(rows[0], Record)
    assert rows[0].metadata == {"sku": "A-17", "colour": "dark red", "price": "12.50", "added": "2024-01-02"}
    assert note is not None
    assert note.startswith('searched by "remark", "colour", since no column is called text')
    assert "--text-field" in note


def test_a_seldom_filled_note_is_not_all_there_is(tmp_path: Path) -> None:
    rows, _ = read(tmp_path / "a.csv", "plant,place,note\nMarram,dune,\nThrift,cliff,\nSamphire,marsh,rare here\n")
    assert texts(rows) == ["plant: Marram\nplace: dune", "plant: Thrift\nplace: cliff", texts(rows)[2]]
    assert "note: rare here" in texts(rows)[2]


@pytest.mark.parametrize(
    "content",
    [
        "time,level\n" + "".join(f"2024-01-{day:02},{day / 7:.3f}\n" for day in range(1, 29)),
        "station,level\n" + "".join(f"Quay,{day}\n" for day in range(60)),
        "sku,url\nA-1,https://example.org/a\nB-2,https://example.org/b\n",
    ],
)
def test_a_table_of_measurements_has_no_text(tmp_path: Path, content: str) -> None:
    with pytest.raises(ParseError, match="has no text column"):
        read(tmp_path / "a.csv", content)


def test_the_same_columns_are_chosen_wherever_reading_begins(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    begin = "bird;place\n" + "".join(f"bird {'abcdefghij'[at % 10]} {at};shore\n" for at in range(120))
    whole, note = read(path, begin)
    assert len(texts(whole)) == 120
    assert note is not None
    with path.open("a", encoding="utf-8") as file:
        file.write("4;pier\n")
    reader = RecordReader(path, RecordFields(), extent=Extent(len(begin.encode()), None, 120))
    assert texts([row for row in reader if isinstance(row, Record)]) == ["bird: 4\nplace: pier"]
    assert reader.note == note
