# ruff: noqa: E501 - XML reads badly in pieces
"""OpenDocument: texts, sheets as they are shown, slides; numbers, notes, comments and what floats beside them."""

from __future__ import annotations

import pytest
from office_files import OPEN, open_document, zipped

from embedctl.errors import ParseError, UnsupportedError
from embedctl.parsers import parse


def text_of(body: str, **more: str) -> str:
    return parse(open_document("text", body, **more), "a.odt").text


def p(text: str) -> str:
    return f"<text:p>{text}</text:p>"


def test_headings_paragraphs_blanks_and_breaks() -> None:
    body = '<text:h text:outline-level="2">Moorings</text:h>'
    body += p(
        'two<text:s text:c="2"/>blanks<text:line-break/>next<text:tab/>tab <text:span>and <text:a>link</text:a></text:span>.'
    )
    body += f"<text:section>{p('Inside.')}</text:section><text:tracked-changes>{p('struck')}</text:tracked-changes>"
    assert text_of(body) == "## Moorings\n\ntwo  blanks\nnext\ttab and link.\n\nInside."


def test_tables_with_spans_repeats_and_heads() -> None:
    cell = "<table:table-cell {}>{}</table:table-cell>".format
    head = f"<table:table-header-rows><table:table-row>{cell('', p('Pier'))}{cell('', p('Fee'))}{cell('', p('Note'))}</table:table-row></table:table-header-rows>"
    wide = f"<table:table-row>{cell('', p('closed') + p('now'))}<table:covered-table-cell/>{cell('', p('ice'))}</table:table-row>"
    same = (
        f"<table:table-row>{cell('table:number-columns-repeated=' + chr(34) + '3' + chr(34), p('0'))}</table:table-row>"
    )
    assert text_of(f"<table:table>{head}{wide}{same}</table:table>").splitlines()[2:] == [
        "| closed now |  | ice |",
        "| 0 | 0 | 0 |",
    ]
    lone = f"<table:table><table:table-row>{cell('', p('framed'))}</table:table-row></table:table>"
    assert text_of(lone) == "framed"


def test_numbers_of_lists_and_headings() -> None:
    number = '<text:list-level-style-number text:level="{}" style:num-format="{}" style:num-suffix="{}" text:display-levels="{}"/>'
    style = f'<text:list-style style:name="L">{number.format(1, "1", ".", 1)}{number.format(2, "1", "", 2)}</text:list-style>'
    item = "<text:list-item>{}</text:list-item>".format
    inner = f"<text:list>{item(p('Fore'))}{item(p('Aft'))}</text:list>"
    body = f'<text:list text:style-name="L">{item(p("Ropes") + inner)}{item(p("Chains"))}</text:list>{p("Between.")}'
    body += f'<text:list text:style-name="L" text:continue-numbering="true">{item(p("Wires"))}</text:list>'
    body += f"<text:list>{item(p('dot'))}</text:list>"
    assert (
        text_of(body, automatic=style)
        == "1. Ropes\n   - 1.1 Fore\n   - 1.2 Aft\n2. Chains\n\nBetween.\n\n3. Wires\n\n- dot"
    )
    outline = '<text:outline-style><text:outline-level-style text:level="1" style:num-format="I" style:num-suffix="."/></text:outline-style>'
    heads = '<text:h text:outline-level="1">Scope</text:h><text:h text:outline-level="1">Terms</text:h>'
    assert text_of(heads, styles=f"<office:styles>{outline}</office:styles>") == "# I. Scope\n\n# II. Terms"


def test_notes_comments_boxes_and_readings() -> None:
    note = f"<text:note><text:note-citation>1</text:note-citation><text:note-body>{p('First.')}{p('Second.')}</text:note-body></text:note>"
    comment = f"<office:annotation><dc:creator>Ida</dc:creator>{p('Really?')}</office:annotation>"
    box = f"<draw:frame><draw:text-box>{p('Warning')}{p('Anchors')}</draw:text-box></draw:frame>"
    picture = "<draw:frame><draw:image/><svg:desc>A gull on a bollard</svg:desc></draw:frame>"
    ruby = "<text:ruby><text:ruby-base>港</text:ruby-base><text:ruby-text>みなと</text:ruby-text></text:ruby>"
    body = p(f"shelf{note}{comment}{box}{picture} stays") + p(f"古い{ruby}の塔")
    assert text_of(body).split("\n\n") == [
        "shelf stays", "Comment by Ida: Really?", "Warning", "Anchors", "A gull on a bollard", "古い港の塔 (みなと)",
        "First.", "Second.",
    ]  # fmt: skip


def test_equations_and_charts_are_objects() -> None:
    frame = '<draw:frame text:anchor-type="as-char"><draw:object xlink:href="./{}"/></draw:frame>'
    math = '<math xmlns="http://www.w3.org/1998/Math/MathML"><mi>v</mi><mo>=</mo><mfrac><mi>s</mi><mi>t</mi></mfrac></math>'
    rows = f"<table:table-row><table:table-cell>{p('Riga')}</table:table-cell><table:table-cell>{p('7')}</table:table-cell></table:table-row>"
    chart = f"<chart:chart><chart:title>{p('Unloading')}</chart:title><table:table>{rows}</table:table></chart:chart>"
    chart = f"<office:document-content {OPEN}><office:body><office:chart>{chart}</office:chart></office:body></office:document-content>"
    body = p(f"with {frame.format('M1')} known") + p(frame.format("C1"))
    assert text_of(body, M1=math, C1=chart) == "with v=s/t known\n\nUnloading\n\n| Riga | 7 |\n| --- | --- |"


def test_page_headers_are_read_once() -> None:
    page = "<style:master-page><style:header>{}</style:header><style:footer>{}</style:footer></style:master-page>"
    styles = f"<office:master-styles>{page.format(p('Kestrel'), p('Page <text:page-number>2</text:page-number>')) * 2}</office:master-styles>"
    assert text_of(p("Body."), styles=styles) == "Kestrel\n\nBody."


def test_properties() -> None:
    meta = "<dc:title>Harbour rules</dc:title><meta:initial-creator>Ida</meta:initial-creator><meta:keyword>rope</meta:keyword>"
    parsed = parse(open_document("text", p("Body."), meta=f"{meta}<meta:keyword>ice</meta:keyword>"), "a.odt")
    assert (parsed.title, parsed.metadata) == ("Harbour rules", {"author": "Ida", "keywords": "rope, ice"})


def test_sheets_show_what_the_page_shows() -> None:
    cell = '<table:table-cell office:value-type="{}" {}>{}</table:table-cell>'.format
    row = cell("percentage", 'office:value="0.19"', p("19 %")) + cell("float", 'office:value="1067"', p("01067"))
    row += cell("date", 'office:date-value="2024-03-02"', "") + cell(
        "string", "", f"<office:annotation>{p('check')}</office:annotation>{p('a')}{p('b')}"
    )
    body = f'<table:table table:name="Rates"><table:table-row>{row}</table:table-row></table:table><table:table table:name="Empty"/>'
    parsed = parse(open_document("spreadsheet", body), "a.ods")
    assert parsed.text == "## Rates\n\n| 19 % | 01067 | 2024-03-02 | a b |\n| --- | --- | --- | --- |\n\nComment: check"
    assert parsed.pages == (0,)


def test_slides_are_pages() -> None:
    frame = '<draw:frame presentation:class="{}"><draw:text-box>{}</draw:text-box></draw:frame>'.format
    notes = f"<presentation:notes>{frame('notes', p('Bow.'))}</presentation:notes>"
    page = '<draw:page presentation:use-footer-name="f">{}</draw:page>'.format
    items = f"<text:list><text:list-item>{p('ebb')}<text:list><text:list-item>{p('low')}</text:list-item></text:list></text:list-item></text:list>"
    shape = f"<draw:g><draw:custom-shape>{p('in a shape')}</draw:custom-shape></draw:g>"
    body = '<presentation:footer-decl presentation:name="f">Port of Riga</presentation:footer-decl>'
    body += page(frame("outline", items) + frame("title", p("Tides")) + notes) + page(shape)
    parsed = parse(open_document("presentation", body), "a.odp")
    assert [parsed.text[start:end] for start, end in zip(parsed.pages, (*parsed.pages[1:], None), strict=True)] == [
        "## Tides\n\n- ebb\n  - low\n\nNotes: Bow.\n\nPort of Riga\n\n", "in a shape",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("ending", "kind"), [("ott", "text"), ("ots", "spreadsheet"), ("otp", "presentation"), ("odg", "drawing")]
)
def test_templates_and_drawings(ending: str, kind: str) -> None:
    row = f"<table:table-row><table:table-cell>{p('gull')}</table:table-cell></table:table-row>"
    bodies = {"text": p("gull"), "spreadsheet": f"<table:table>{row}</table:table>"}
    body = bodies.get(kind, f"<draw:page><draw:rect>{p('gull')}</draw:rect></draw:page>")
    assert "gull" in parse(open_document(kind, body), f"a.{ending}").text


def test_flat_files() -> None:
    flat = (
        f"<office:document {OPEN}><office:body><office:text>{p('gull')}</office:text></office:body></office:document>"
    )
    assert parse(flat.encode(), "a.fodt").text == "gull"


def test_refusals_say_which() -> None:
    with pytest.raises(ParseError, match="password-protected"):
        parse(zipped({"META-INF/manifest.xml": "<manifest:encryption-data/>", "content.xml": b"\x00\x01"}), "a.odt")
    with pytest.raises(ParseError, match="damaged or no OpenDocument"):
        parse(zipped({"mimetype": "application/vnd.oasis.opendocument.text"}), "a.odt")
    with pytest.raises(UnsupportedError, match="no text"):
        parse(open_document("text", p(" ")), "a.odt")
