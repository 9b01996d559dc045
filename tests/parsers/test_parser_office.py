"""Word, PowerPoint and spreadsheets: order, levels, pages, and files that must not be opened."""

from __future__ import annotations

import datetime
import io
import zipfile

import pytest
from office_files import open_document, zipped
from parser_samples import docx, pptx, saved, xlsx

from embedctl.errors import ParseError, UnsupportedError
from embedctl.parsers import archives, parse
from embedctl.parsers.docx import parse as parse_docx


def test_word_body_order_levels_lists_and_tables() -> None:
    from docx import Document

    document = Document()
    document.core_properties.title = "Guide"
    document.core_properties.author = "Ann"
    document.core_properties.created = datetime.datetime(2024, 3, 2, 10)
    document.add_heading("Guide to vectors", 0)
    document.add_heading("Chapter", 1)
    document.add_paragraph("Before the table.")
    table = document.add_table(2, 2)
    for cell, text in zip(
        [*table.rows[0].cells, *table.rows[1].cells], ["name", "a|b", "MiniLM", "two\nlines"], strict=True
    ):
        cell.text = text
    document.add_paragraph("After the table.")
    document.add_heading("Section", 2)
    document.add_paragraph("first", "List Bullet")
    document.add_paragraph("nested", "List Bullet 2")
    document.add_paragraph("second", "List Number")
    parsed = parse(saved(document.save), "a.docx")
    assert parsed.text == (
        "# Guide to vectors\n\n# Chapter\n\nBefore the table.\n\n"
        "| name | a\\|b |\n| --- | --- |\n| MiniLM | two lines |\n\n"
        "After the table.\n\n## Section\n\n- first\n  - nested\n1. second"
    )
    assert parsed.title == "Guide"
    assert parsed.metadata["author"] == "Ann"
    assert str(parsed.metadata["created"]).startswith("2024-03-02T10:00:00")


def test_word_reads_what_a_reader_sees() -> None:
    """Hyperlinks, insertions and content controls are text; deletions are not."""
    word = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    body = (
        "<w:p><w:r><w:t>Start </w:t></w:r><w:hyperlink><w:r><w:t>link</w:t></w:r></w:hyperlink>"
        "<w:ins><w:r><w:t> inserted</w:t></w:r></w:ins><w:del><w:r><w:delText> deleted</w:delText></w:r></w:del></w:p>"
        "<w:sdt><w:sdtContent><w:p><w:r><w:t>controlled</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    )
    source, target = zipfile.ZipFile(io.BytesIO(docx())), io.BytesIO()
    with source, zipfile.ZipFile(target, "w") as archive:
        for name in source.namelist():
            data = source.read(name)
            if name == "word/document.xml":
                data = f"<w:document {word}><w:body>{body}<w:sectPr/></w:body></w:document>".encode()
            archive.writestr(name, data)
    assert parse(target.getvalue(), "a.docx").text == "Start link inserted\n\ncontrolled"


def test_slides_are_pages() -> None:
    from pptx import Presentation
    from pptx.util import Inches

    presentation = Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[1])
    slide.shapes.title.text = "Vectors"
    frame = slide.placeholders[1].text_frame
    frame.text = "dense"
    paragraph = frame.add_paragraph()
    paragraph.text, paragraph.level = "float32", 1
    slide.notes_slide.notes_text_frame.text = "Say why."
    presentation.slides.add_slide(presentation.slide_layouts[6])
    last = presentation.slides.add_slide(presentation.slide_layouts[5])
    last.shapes.title.text = "Table"
    table = last.shapes.add_table(2, 2, 0, 0, Inches(2), Inches(1)).table
    for row, texts in enumerate([["name", "dim"], ["MiniLM", "384"]]):
        for column, text in enumerate(texts):
            table.cell(row, column).text = text
    group = last.shapes.add_group_shape()
    group.shapes.add_textbox(0, 0, 100, 100).text_frame.text = "grouped"
    parsed = parse(saved(presentation.save), "a.pptx")
    first, second, third = parsed.pages
    assert parsed.text[first:second] == "## Vectors\n\n- dense\n  - float32\n\nNotes: Say why.\n\n"
    assert parsed.text[second:third] == "\n\n"
    assert parsed.text[third:] == "## Table\n\n| name | dim |\n| --- | --- |\n| MiniLM | 384 |\n\ngrouped"
    assert parsed.title == "Vectors"


def test_sheets_are_pages_and_values_read_well() -> None:
    day = datetime.datetime(2024, 3, 2)
    data = xlsx(
        {
            "Models": [["name", "dim", "when"], ["Mini|LM", 384, day], [None, None, None], ["BERT", 0.5, True]],
            "Empty": [],
            "Notes": [["one\ncell"]],
        }
    )
    parsed = parse(data, "a.xlsx")
    first, second = parsed.pages
    assert parsed.text[first:second] == (
        "## Models\n\n| name | dim | when |\n| --- | --- | --- |\n"
        "| Mini\\|LM | 384 | 2024-03-02 |\n| BERT | 0.5 | TRUE |\n\n"
    )
    assert parsed.text[second:] == "## Notes\n\n| one cell |\n| --- |"


def ods(rows: str) -> bytes:
    return open_document("spreadsheet", f'<table:table table:name="Prices">{rows}</table:table>')


def test_open_document_spreadsheet() -> None:
    cell = '<table:table-cell office:value-type="string"><text:p>pear</text:p></table:table-cell>'
    blank = '<table:table-cell table:number-columns-repeated="16000"/>'
    rows = f"<table:table-row>{cell}{blank}</table:table-row>"
    rows += f'<table:table-row table:number-rows-repeated="1048000">{blank}</table:table-row>'
    parsed = parse(ods(rows), "a.ods")
    assert parsed.text == "## Prices\n\n| pear |\n| --- |"
    assert parsed.media_type == "application/vnd.oasis.opendocument.spreadsheet"


def test_sheets_are_read_by_the_cells_that_are_used_and_not_by_what_they_span() -> None:
    from openpyxl import Workbook
    from openpyxl.styles import Font

    workbook = Workbook()
    sheet = workbook.active
    sheet["A1"], sheet["XFD1048576"] = "near", "far"
    sheet["AA1048576"].font = Font(bold=True)
    assert parse(saved(workbook.save), "a.xlsx").text == "## Sheet\n\n| near |  |\n| --- | --- |\n|  | far |"
    value = '<table:table-cell table:number-columns-repeated="16000" office:value-type="float" office:value="1"/>'
    rows = f'<table:table-row table:number-rows-repeated="1048576">{value}</table:table-row>'
    text = parse(ods(rows), "a.ods").text
    assert text.count("\n|") == 101  # equal neighbours say nothing new
    with pytest.raises(ParseError, match="more than 20,000,000 cells"):
        parse(ods(rows * 2_001), "a.ods")


def test_cells_that_lie_far_apart_take_no_more_room_than_they_are_worth() -> None:
    from openpyxl import Workbook

    workbook = Workbook()
    for number in range(1, 2_001):
        workbook.active.cell(number, number, f"cell{number}")
    text = parse(saved(workbook.save), "a.xlsx").text
    assert "| cell1999 |" in text
    assert len(text) < 100_000


@pytest.mark.parametrize("ending", ["docx", "pptx", "xlsx", "epub"])
def test_archives_that_are_not_what_they_say(ending: str) -> None:
    with pytest.raises(ParseError, match="damaged"):
        parse(zipped({"unrelated.txt": "words"}), f"a.{ending}")
    with pytest.raises(ParseError, match="damaged or no Office file"):
        parse(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), f"a.{ending}")


def test_archive_bombs_are_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zipped({"word/document.xml": bytes(3_000_000)})
    monkeypatch.setattr(archives, "SUSPICIOUS_BYTES", 1_000_000)
    with pytest.raises(ParseError, match="unpacks to 3 MB"):
        parse(bomb, "a.docx")
    monkeypatch.setattr(archives, "SUSPICIOUS_BYTES", 10_000_000)
    monkeypatch.setattr(archives, "MOST_BYTES", 2_000_000)
    with pytest.raises(ParseError, match="refused"):
        parse(bomb, "a.docx")


def test_password_protected_archive() -> None:
    data = bytearray(docx())
    for place in range(len(data) - 10):
        if data[place : place + 4] == b"PK\x01\x02":
            data[place + 8] |= 1
    with pytest.raises(ParseError, match="password-protected Word document"):
        parse(bytes(data), "a.docx")


def test_office_files_without_text_are_skipped() -> None:
    from docx import Document
    from pptx import Presentation

    with pytest.raises(UnsupportedError, match="no text"):
        parse(saved(Document().save), "a.docx")
    with pytest.raises(UnsupportedError, match="no text"):
        parse(saved(Presentation().save), "a.pptx")
    with pytest.raises(UnsupportedError, match="no text"):
        parse(xlsx({"Empty": []}), "a.xlsx")


def test_office_formats_are_told_apart_by_content() -> None:
    with pytest.raises(ParseError, match="no Word document"):
        parse_docx(pptx(), "a.docx")
