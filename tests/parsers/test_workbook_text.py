# ruff: noqa: E501 - XML reads badly in pieces
"""Workbooks: cells as they are shown, comments, drawings, and titles above the table."""

from __future__ import annotations

import pytest
from office_files import line, old_workbook, part, relations, sheets, zipped

from embedctl.errors import ParseError
from embedctl.parsers import parse
from embedctl.parsers.number_formats import BUILT_IN, shown


@pytest.mark.parametrize(
    ("value", "code", "expected"),
    [
        ("0.19", "0%", "19%"),
        ("0.195", "0.0 %", "19.5 %"),
        ("1067", "00000", "01067"),
        ("1.104166666666667", "[h]:mm", "26:30"),
        ("0.05", "[mm]:ss", "72:00"),
        ("12345678901234568", "General", "12345678901234568"),
        ("1.2345678901234568E+16", "General", "12345678901234568"),
        ("0.30000000000000004", "General", "0.3"),
        ("1234567.891", "#,##0.00", "1,234,567.89"),
        ("2.675", "0.00", "2.68"),
        ("-1234.5", '#,##0.00\\ "€";[Red]\\-#,##0.00\\ "€"', "-1,234.50 €"),
        ("12", "#,##0.00\\ [$kr-414]", "12.00 kr"),
        ("-5", "$#,##0;($#,##0)", "($5)"),
        ("0", '0;-0;"none"', "none"),
        ("1234567", '0.0,,"M"', "1.2M"),
        ("3", "0.##", "3"),
        ("3.1", "0.##", "3.1"),
        ("5551234", "000-0000", "555-1234"),
        ("150", '[<100]"low";[>=100]"high "0', "high 150"),
        ("61", '0" m"', "61 m"),
        ("12345", "0.00E+00", "1.23E+04"),
        ("45353", "dd.mm.yyyy", "02.03.2024"),
        ("45353.5", "d mmm yy h:mm AM/PM", "2 Mar 24 12:00 PM"),
        ("45353", "yyyy-mm-dd h:mm:ss", "2024-03-02"),
        ("45353", "[$-F800]dddd, mmmm dd, yyyy", "2024-03-02"),
        ("45353", BUILT_IN[14], "2024-03-02"),
        ("45353.25", BUILT_IN[22], "2024-03-02 06:00"),
        ("0.3229166666666667", "h:mm", "7:45"),
        ("60", "d/m/yyyy", "28/2/1900"),
        ("-1", "dd.mm.yyyy", "-1"),
        ("1e999", "0", "1e999"),
        ("words", "0", "words"),
        ("7", "", "7"),
        ("7", ";;;", ""),
    ],
)
def test_numbers_are_shown_by_their_formats(value: str, code: str, expected: str) -> None:
    assert shown(value, code) == expected


def test_dates_of_workbooks_that_count_from_1904() -> None:
    assert shown("43891", "yyyy-mm-dd", epoch_1904=True) == "2024-03-02"


def cell(place: str, value: str, more: str = "") -> str:
    return f'<s:c r="{place}" {more}><s:v>{value}</s:v></s:c>'


def words(place: str, text: str) -> str:
    return f'<s:c r="{place}" t="inlineStr"><s:is><s:t>{text}</s:t></s:is></s:c>'


def text_of(rows: str, **more: str) -> str:
    return parse(sheets(rows, **more), "a.xlsx").text


def test_cells_have_the_formats_of_their_styles() -> None:
    styles = '<s:numFmts><s:numFmt numFmtId="164" formatCode="00000"/></s:numFmts>'
    styles += '<s:cellXfs><s:xf numFmtId="0"/><s:xf numFmtId="164"/><s:xf numFmtId="9"/></s:cellXfs>'
    row = (
        cell("A1", "1067", 's="1"')
        + cell("B1", "0.07", 's="2"')
        + cell("C1", "1", 't="b"')
        + cell("D1", "#N/A", 't="e"')
    )
    row += cell("E1", "99", 's="7"') + '<s:c r="F1" t="str"><s:f>A1</s:f><s:v>done</s:v></s:c>'
    assert text_of(f"<s:row>{row}</s:row>", styles=styles).endswith(
        "| 01067 | 7% | TRUE | #N/A | 99 | done |\n" + "|" + " --- |" * 6
    )


def test_readings_and_runs_of_shared_strings() -> None:
    strings = "<s:si><s:r><s:t>har</s:t></s:r><s:r><s:t>bour</s:t></s:r></s:si>"
    strings += "<s:si><s:t>港</s:t><s:rPh><s:t>ミナト</s:t></s:rPh></s:si><s:si/>"
    row = cell("A1", "0", 't="s"') + cell("B1", "1", 't="s"') + cell("C1", "2", 't="s"') + cell("D1", "9", 't="s"')
    data = zipped(
        {
            "_rels/.rels": relations(("officeDocument", "xl/workbook.xml")),
            "xl/workbook.xml": part("s:workbook", '<s:sheets><s:sheet name="Stock" r:id="r1"/></s:sheets>'),
            "xl/_rels/workbook.xml.rels": relations(
                ("worksheet", "s.xml"), ("sharedStrings", "t.xml"), ("styles", "NULL")
            ),
            "xl/s.xml": part("s:worksheet", f"<s:sheetData><s:row>{row}</s:row></s:sheetData>"),
            "xl/t.xml": part("s:sst", strings),
        }
    )
    assert parse(data, "a.xlsx").text == "## Stock\n\n| harbour | 港 |\n| --- | --- |"


def test_titles_above_the_table_are_paragraphs_and_cells_without_places_follow() -> None:
    rows = f"<s:row>{words('B2', 'Report of May')}</s:row><s:row/>"
    rows += "<s:row><s:c><s:v>1</s:v></s:c><s:c><s:v>2</s:v></s:c></s:row>"
    assert text_of(rows) == "## Stock\n\nReport of May\n\n| 1 | 2 |\n| --- | --- |"


def test_comments_shapes_charts_and_page_headers() -> None:
    comments = '<s:authors><s:author>Ida</s:author></s:authors><s:commentList><s:comment ref="B2" authorId="0"><s:text>'
    comments += "<s:r><s:t>Ida:</s:t></s:r><s:r><s:t>&#10;raised twice</s:t></s:r></s:text></s:comment></s:commentList>"
    drawing = f'<xdr:sp><xdr:txBody>{line("Mind the units")}</xdr:txBody></xdr:sp><c:chart r:id="r1"/>'
    header = '<s:headerFooter><s:oddHeader>&amp;L&amp;"Arial"Kestrel &amp;&amp; Son&amp;RPage &amp;P</s:oddHeader></s:headerFooter>'
    rows = f"<s:row>{words('A1', 'Rope')}{cell('B1', '4')}</s:row></s:sheetData>{header}<s:sheetData>"
    found = text_of(rows, comments=part("s:comments", comments), drawing=part("xdr:wsDr", drawing))
    assert found == (
        "## Stock\n\n| Rope | 4 |\n| --- | --- |\n\nComment on B2 by Ida: raised twice\n\nMind the units\n\nKestrel & Son"
    )
    threads = part(
        "tc:ThreadedComments", '<tc:threadedComment ref="A1"><tc:text>Who ordered it?</tc:text></tc:threadedComment>'
    )
    repeated = part("s:comments", comments.replace("raised twice", "[Threaded comment] ..."))
    assert text_of(rows, threadedComment=threads, comments=repeated).count("omment") == 1


def test_sheets_that_declare_entities_are_refused() -> None:
    sheet = '<!DOCTYPE x [<!ENTITY e "boom">]>' + part(
        "s:worksheet", "<s:sheetData><s:row><s:c><s:v>&e;</s:v></s:c></s:row></s:sheetData>"
    )
    data = zipped(
        {
            "_rels/.rels": relations(("officeDocument", "xl/workbook.xml")),
            "xl/workbook.xml": part("s:workbook", '<s:sheets><s:sheet name="Stock" r:id="r1"/></s:sheets>'),
            "xl/_rels/workbook.xml.rels": relations(("worksheet", "s.xml")),
            "xl/s.xml": sheet,
        }
    )
    with pytest.raises(ParseError, match="declares a document type"):
        parse(data, "a.xlsx")


@pytest.mark.parametrize("ending", ["xlsx", "xlsm", "xltx", "xltm"])
def test_every_kind_of_workbook(ending: str) -> None:
    assert "| Rope |" in parse(sheets(f"<s:row>{words('A1', 'Rope')}</s:row>"), f"a.{ending}").text


def test_workbooks_of_before_2007() -> None:
    parsed = parse(old_workbook({"Boats": [["name", "length"], ["Kittiwake", 12.5]], "Crew": [["Ida", 1e16]]}), "a.xls")
    assert parsed.text == (
        "## Boats\n\n| name | length |\n| --- | --- |\n| Kittiwake | 12.5 |\n\n"
        "## Crew\n\n| Ida | 10000000000000000 |\n| --- | --- |"
    )
    assert parsed.media_type == "application/vnd.ms-excel"


def test_a_sheet_that_is_missing_is_noted() -> None:
    more = '<s:sheets><s:sheet name="Gone" r:id="r9"/></s:sheets>'
    parsed = parse(sheets(f"<s:row>{words('A1', 'Rope')}</s:row>", root=more), "a.xlsx")
    assert parsed.notes == ("its sheet Gone is missing",)
    assert "Rope" in parsed.text
