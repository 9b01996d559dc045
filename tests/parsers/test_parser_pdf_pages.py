"""PDF: order, places and separation of what stands on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pdf_samples import at, drawn, lines, raw_page, stream

from embedctl.parsers import parse

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

LEFT = (
    "The ferry leaves the quay at",
    "seven and comes back before",
    "noon with post and bread for",
    "the whole of the island.",
)
RIGHT = (
    "Nobody may moor here without",
    "a note from the harbour office,",
    "which opens on working days",
    "from nine until four.",
)


def text_of(data: bytes) -> str:
    return parse(data, "a.pdf").text


@pytest.mark.parametrize(
    ("rows", "printed"),
    [
        ([("Oslo", "1,204", "7"), ("Bergen", "88,310", "12")], "Oslo 1,204 7\nBergen 88,310 12"),
        ([("A-17", "0.5", "kg"), ("B-2", "12.25", "g")], "A-17 0.5 kg\nB-2 12.25 g"),
        ([("May", "3", "4", "5"), ("June", "13", "24", "35")], "May 3 4 5\nJune 13 24 35"),
    ],
)
def test_cells_of_a_row_stand_apart_on_one_line(rows: list[tuple[str, ...]], printed: str) -> None:
    def draw(canvas: Canvas) -> None:
        for line, (name, *numbers) in enumerate(rows):
            canvas.drawString(72, 700 - 14 * line, name)
            for column, number in enumerate(numbers):
                canvas.drawRightString(160 + 34 * column, 700 - 14 * line, number)

    assert text_of(drawn(draw)) == printed


def test_cells_that_were_drawn_column_by_column_touch_nothing() -> None:
    columns = [(72.0, ("Eel", "Bream")), (102.0, ("2,839", "6,617")), (134.0, ("5", "7"))]
    data = drawn(at(*((left, 700 - 14 * row, text) for left, texts in columns for row, text in enumerate(texts))))
    assert set(text_of(data).split()) == {"Eel", "Bream", "2,839", "6,617", "5", "7"}


@pytest.mark.parametrize("angle", [90, 180, 270])
@pytest.mark.parametrize("whole_page", [False, True])
def test_turned_pages_keep_their_lines(angle: int, whole_page: bool) -> None:
    printed = ["Gauge readings of the lock", "are taken at six o'clock", "and written by hand."]

    def draw(canvas: Canvas) -> None:
        if whole_page:
            canvas.setPageRotation(angle)
        canvas.translate(300, 400)
        canvas.rotate(angle)
        for number, line in enumerate(printed):
            canvas.drawString(-100, 40 - 14 * number, line)

    assert text_of(drawn(draw)).split("\n") == printed


def test_lines_that_were_drawn_upwards_are_read_downwards() -> None:
    assert text_of(drawn(at(*((72, 600 + 14 * up, text) for up, text in enumerate(reversed(LEFT)))))).split("\n") == [
        *LEFT
    ]


def test_text_outside_the_page_is_left_out() -> None:
    data = drawn(at((72, 700, "On the page"), (700, 700, "to the right"), (72, 900, "above"), (72, -40, "below")))
    assert text_of(data) == "On the page"
    assert text_of(drawn(at((560, 700, "Cut off at the edge")))).startswith("Cut")
    assert "edge" not in text_of(drawn(at((560, 700, "Cut off at the edge"))))


def test_text_outside_the_crop_box_is_left_out() -> None:
    content = b"BT /F 12 Tf 72 700 Td (Inside) Tj 0 -650 Td (Printer's mark) Tj ET"
    assert text_of(raw_page(content, page=b"/CropBox[50 100 500 750]")) == "Inside"


def test_columns_are_read_one_after_the_other() -> None:
    rows = [part for row, pair in enumerate(zip(LEFT, RIGHT, strict=True)) for part in _row(row, pair, (60, 310))]
    title, foot = (
        (60, 730, "Rules of the harbour for visitors, read them before you moor your boat"),
        (60, 560, "Page 4 of 9"),
    )
    expected = [title[2], *LEFT, *RIGHT, foot[2]]
    assert text_of(drawn(at(title, *rows, foot))).split("\n") == expected


def test_three_columns_are_read_one_after_the_other() -> None:
    third = (
        "Lamps burn on both piers from",
        "dusk to dawn, red to port and",
        "green to starboard, as in any",
        "harbour of this coast.",
    )
    rows = [
        part
        for row, texts in enumerate(zip(LEFT, RIGHT, third, strict=True))
        for part in _row(row, texts, (20, 210, 410))
    ]
    assert text_of(drawn(at(*rows, size=11))).split("\n") == [*LEFT, *RIGHT, *third]


def test_rows_of_a_table_are_no_columns() -> None:
    rows = [("Rope, tarred", "12.50"), ("Anchor, small", "80.00"), ("Lamp oil", "3.20"), ("Bell", "45.00")]
    data = drawn(at(*(part for row, pair in enumerate(rows) for part in _row(row, pair, (72, 300)))))
    assert text_of(data).split("\n") == [" ".join(pair) for pair in rows]


def _row(number: int, texts: tuple[str, ...], lefts: tuple[float, ...]) -> list[tuple[float, float, str]]:
    return [(left, 700 - 14 * number, text) for left, text in zip(lefts, texts, strict=True)]


@pytest.mark.parametrize(
    ("word", "mark", "rest", "printed"),
    [
        ("herring", "4", " was landed", "herring 4 was landed"),
        ("landed.", "12", " Later", "landed. 12 Later"),
        ("the 21", "st", " of May", "the 21st of May"),
    ],
)
def test_footnote_marks_stand_apart_from_words(word: str, mark: str, rest: str, printed: str) -> None:
    assert text_of(drawn(_raised(word, mark, rest))) == printed


def test_a_footnote_begins_with_its_mark() -> None:
    assert text_of(drawn(_raised("", "b", "Landed by day boats."))) == "b Landed by day boats."


def test_a_lowered_number_belongs_to_its_word() -> None:
    assert text_of(drawn(_raised("CO", "2", " rises", rise=-3))) == "CO2 rises"


def _raised(word: str, mark: str, rest: str, rise: float = 4):
    def draw(canvas: Canvas) -> None:
        left = 72.0
        for text, size, up in ((word, 12, 0.0), (mark, 7, rise), (rest, 12, 0.0)):
            canvas.setFont("Helvetica", size)
            canvas.drawString(left, 700 + up, text)
            left += canvas.stringWidth(text, "Helvetica", size)

    return draw


def test_letters_beyond_the_basic_plane() -> None:
    table = (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap 1 begincodespacerange <00> <FF>"
        b" endcodespacerange 2 beginbfchar <41> <D835DD4A> <42> <D83DDE00> endbfchar endcmap end end"
    )
    content = b"BT /F 12 Tf 72 700 Td (Set A of B faces) Tj ET BT /F 12 Tf 72 900 Td (outside) Tj ET"
    data = raw_page(content, stream(table), font=b"/ToUnicode 6 0 R")
    assert text_of(data) == "Set \U0001d54a of \U0001f600 faces"


def test_a_page_that_cannot_be_opened_costs_itself() -> None:
    document = parse(raw_page(b"BT /F 12 Tf 72 700 Td (Still here) Tj ET", kids=b"3 0 R 9 0 R"), "a.pdf")
    assert document.text.strip() == "Still here"
    assert document.pages == (0, 12)
    assert document.notes == ("1 of 2 pages cannot be read: they are damaged",)


def test_an_empty_page_is_no_picture() -> None:
    assert parse(drawn(lines(["Text"]), lines([])), "a.pdf").notes == ()
