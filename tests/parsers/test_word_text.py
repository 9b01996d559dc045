# ruff: noqa: E501 - XML reads badly in pieces
"""Text of Word documents: what a reader sees, as words of their own and in the order in which it stands."""

from __future__ import annotations

import pytest
from office_files import line, paragraph, part, relations, run, word, zipped

from embedctl.errors import ParseError, UnsupportedError
from embedctl.parsers import parse


def text_of(body: str, **parts: str | bytes) -> str:
    return parse(word(body, **parts), "a.docx").text


def cell(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{paragraph(text)}</w:tc>"


def control(content: str) -> str:
    return f"<w:sdt><w:sdtPr/><w:sdtContent>{content}</w:sdtContent></w:sdt>"


HEAD = f"<w:tr>{cell('Buoy')}{cell('Depth')}{cell('Light')}</w:tr>"


@pytest.mark.parametrize(
    "row",
    [
        f"<w:tr>{control(cell('North'))}{cell('9 m')}{cell('red')}</w:tr>",
        control(f"<w:tr>{cell('North')}{control(cell('9 m'))}{control(control(cell('red')))}</w:tr>"),
        f"<w:customXml><w:tr><w:customXml>{cell('North')}{cell('9 m')}</w:customXml>{cell('red')}</w:tr></w:customXml>",
        f"<w:tr><w:tc>{control(paragraph('North'))}</w:tc>{cell('9 m')}{cell('red')}</w:tr>",
    ],
)
def test_cells_in_content_controls_stay_under_their_own_heads(row: str) -> None:
    assert text_of(f"<w:tbl>{HEAD}{row}</w:tbl>").endswith("| North | 9 m | red |")


def test_spanned_columns_keep_the_cells_behind_them_in_place() -> None:
    wide = '<w:gridSpan w:val="2"/>'
    row = f"<w:tr>{cell('closed', wide)}{cell('green')}</w:tr>"
    late = f'<w:tr><w:trPr><w:gridBefore w:val="1"/></w:trPr>{cell("4 m")}{cell("white")}</w:tr>'
    gone = f"<w:tr><w:trPr><w:del/></w:trPr>{cell('struck')}</w:tr>"
    assert text_of(f"<w:tbl>{HEAD}{row}{late}{gone}</w:tbl>").splitlines()[2:] == [
        "| closed |  | green |",
        "|  | 4 m | white |",
    ]


def test_a_table_of_one_cell_is_a_frame() -> None:
    heading = paragraph("Mind", '<w:pStyle w:val="h"/>')
    frame = f"<w:tbl><w:tr><w:tc>{heading}{paragraph('the gap')}</w:tc></w:tr></w:tbl>"
    styles = '<w:style w:styleId="h"><w:name w:val="heading 2"/></w:style>'
    assert text_of(frame, styles=part("w:styles", styles)) == "## Mind\n\nthe gap"


def box(*lines: str) -> str:
    content = f"<w:txbxContent>{''.join(map(paragraph, lines))}</w:txbxContent>"
    return f"<w:drawing><wp:anchor><a:graphic><wps:wsp><wps:txbx>{content}</wps:txbx></wps:wsp></a:graphic></wp:anchor></w:drawing>"


def test_text_boxes_stand_behind_the_paragraph_that_they_hang_on() -> None:
    old = f"<w:pict><v:shape><v:textbox><w:txbxContent>{paragraph('old box')}</w:txbxContent></v:textbox></v:shape></w:pict>"
    both = f"<mc:AlternateContent><mc:Choice>{box('one', 'two')}</mc:Choice><mc:Fallback>{old}</mc:Fallback></mc:AlternateContent>"
    assert text_of(f"<w:p>{run('shelf')}<w:r>{both}</w:r>{run(' and floor')}</w:p>") == "shelf and floor\n\none\n\ntwo"
    assert text_of(f"<w:p>{run('shelf')}<w:r>{old}</w:r></w:p>") == "shelf\n\nold box"
    art = '<w:p><w:r><w:pict><v:shape><v:textpath string="CONFIDENTIAL"/></v:shape></w:pict></w:r></w:p>'
    assert text_of(paragraph("Plan") + art) == "Plan\n\nCONFIDENTIAL"
    empty = f"<mc:AlternateContent><mc:Choice><w:drawing/></mc:Choice><mc:Fallback>{old}</mc:Fallback></mc:AlternateContent>"
    assert text_of(f"<w:p><w:r>{empty}</w:r></w:p>") == "old box"


def test_notes_of_several_paragraphs_and_breaks_stay_apart() -> None:
    notes = f'<w:footnote w:type="separator">{paragraph("---")}</w:footnote>'
    notes += f'<w:footnote w:id="1">{paragraph("First half.")}{paragraph("Second half.")}</w:footnote>'
    body = f"<w:p>{run('rope')}<w:r><w:br/></w:r>{run('chain')}<w:r><w:tab/></w:r>{run('wire')}<w:r><w:cr/></w:r>{run('end')}</w:p>"
    found = text_of(body, footnotes=part("w:footnotes", notes))
    assert found == "rope\nchain\twire\nend\n\nFirst half.\n\nSecond half."


def test_readings_and_symbols_and_hidden_text() -> None:
    ruby = f"<w:r><w:ruby><w:rt>{run('みなと')}</w:rt><w:rubyBase>{run('港')}</w:rubyBase></w:ruby></w:r>"
    assert text_of(f"<w:p>{run('古い')}{ruby}{run('の塔')}</w:p>") == "古い港の塔 (みなと)"
    greek = '<w:r><w:sym w:font="Symbol" w:char="F06D"/></w:r><w:r><w:sym w:font="Wingdings" w:char="F0FC"/></w:r>'
    assert text_of(f"<w:p>{run('5 ')}{greek}{run('m')}</w:p>") == "5 μm"
    hidden = run("secret", "<w:vanish/>") + run(" shown", '<w:vanish w:val="0"/>')
    assert text_of(f"<w:p>{run('is')}{hidden}</w:p>") == "is shown"


def field(kind: str) -> str:
    return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'


def test_fields_show_their_results_and_the_entry_that_is_chosen() -> None:
    instruction = "<w:r><w:instrText>REF depth</w:instrText></w:r>"
    result = f"<w:p>{run('See ')}{field('begin')}{instruction}{field('separate')}{run('table 4')}{field('end')}{run('.')}</w:p>"
    assert text_of(result) == "See table 4."
    entries = '<w:listEntry w:val="ebb"/><w:listEntry w:val="flood"/>'
    chosen = f'<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:ddList><w:result w:val="1"/>{entries}</w:ddList></w:ffData></w:fldChar></w:r>'
    assert (
        text_of(f"<w:p>{run('Tide: ')}{chosen}<w:r><w:instrText>FORMDROPDOWN</w:instrText></w:r>{field('end')}</w:p>")
        == "Tide: flood"
    )


def math(content: str) -> str:
    return f"<w:p>{run('so ')}<m:oMath>{content}</m:oMath></w:p>"


def m(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (f"<m:f><m:num>{m('a+b')}</m:num><m:den>{m('2')}</m:den></m:f>", "(a+b)/2"),
        (f"{m('E=m')}<m:sSup><m:e>{m('c')}</m:e><m:sup>{m('2')}</m:sup></m:sSup>", "E=mc²"),
        (f"<m:sSub><m:e>{m('x')}</m:e><m:sub>{m('max')}</m:sub></m:sSub>", "x_max"),
        (f"<m:rad><m:radPr/><m:deg/><m:e>{m('2gh')}</m:e></m:rad>", "√(2gh)"),
        (f'<m:d><m:dPr><m:begChr m:val="["/><m:endChr m:val="]"/></m:dPr><m:e>{m("1")}</m:e></m:d>', "[1]"),
        (
            f'<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub>{m("i")}</m:sub><m:sup>{m("n")}</m:sup><m:e>{m("q")}</m:e></m:nary>',
            "∑_iⁿ q",
        ),
        (f"<m:func><m:fName>{m('sin')}</m:fName><m:e>{m('x')}</m:e></m:func>", "sin x"),
    ],
)
def test_equations_are_read_in_a_line(content: str, expected: str) -> None:
    assert text_of(math(content)) == f"so {expected}"


def test_comments_stand_behind_the_paragraph_that_they_are_about() -> None:
    comments = f'<w:comment w:id="4" w:author="Ida">{paragraph("Too dear.")}{paragraph("Ask again.")}</w:comment>'
    comments += f'<w:comment w:id="5">{paragraph("Of a place that is gone.")}</w:comment>'
    body = f'<w:p>{run("The crane costs 90.")}<w:r><w:commentReference w:id="4"/></w:r></w:p>{paragraph("The winch costs 5.")}'
    assert text_of(body, comments=part("w:comments", comments)).split("\n\n") == [
        "The crane costs 90.",
        "Comment by Ida: Too dear. Ask again.",
        "The winch costs 5.",
        "Comment: Of a place that is gone.",
    ]


def test_page_headers_and_footers_are_read_once_and_only_those_that_are_shown() -> None:
    number = "".join(
        (field("begin"), "<w:r><w:instrText>PAGE</w:instrText></w:r>", field("separate"), run("7"), field("end"))
    )
    page = f"<w:p>{run('Page ')}{number}</w:p>"
    section = '<w:sectPr><w:headerReference w:type="default" r:id="r1"/><w:footerReference r:id="r2"/></w:sectPr>'
    body = f"<w:p><w:pPr>{section}</w:pPr></w:p>{paragraph('Body.')}{section}"
    data = {
        "header": part("w:hdr", paragraph("Spec 12-B") + page),
        "footer": part("w:ftr", paragraph("Printed in Oslo")),
    }
    assert text_of(body, **data) == "Spec 12-B\n\nBody.\n\nPrinted in Oslo"
    first = '<w:sectPr>{}<w:headerReference w:type="first" r:id="r1"/></w:sectPr>'
    header = part("w:hdr", paragraph("Cover"))
    assert text_of(paragraph("Body.") + first.format(""), header=header) == "Body."
    assert text_of(paragraph("Body.") + first.format("<w:titlePg/>"), header=header) == "Cover\n\nBody."


def test_charts_diagrams_and_descriptions_of_pictures() -> None:
    point = '<c:pt idx="{}"><c:v>{}</c:v></c:pt>'
    series = f"<c:ser><c:tx><c:strRef><c:strCache>{point.format(0, 'Cod')}</c:strCache></c:strRef></c:tx>"
    series += f"<c:cat><c:strRef><c:strCache>{point.format(0, 'Bergen')}{point.format(1, 'Tromsø')}</c:strCache></c:strRef></c:cat>"
    series += f"<c:val><c:numRef><c:numCache><c:formatCode>0%</c:formatCode>{point.format(0, '0.25')}{point.format(1, '0.5')}</c:numCache></c:numRef></c:val></c:ser>"
    chart = part(
        "c:chartSpace",
        f"<c:chart><c:title><c:tx><c:rich>{line('Landings')}</c:rich></c:tx></c:title>{series}</c:chart>",
    )
    data = '<w:drawing><wp:inline><wp:docPr descr="{}"/><a:graphic>{}</a:graphic></wp:inline></w:drawing>'
    drawn = data.format("", '<c:chart r:id="r1"/>')
    body = f"<w:p>{run('Fish.')}<w:r>{drawn}</w:r></w:p>"
    assert (
        text_of(body, chart=chart)
        == "Fish.\n\nLandings\n\n|  | Cod |\n| --- | --- |\n| Bergen | 25% |\n| Tromsø | 50% |"
    )
    tree = part(
        "dgm:dataModel", f"<dgm:ptLst><dgm:pt><dgm:t>{line('Catch')}{line('Salt')}</dgm:t></dgm:pt></dgm:ptLst>"
    )
    drawn = data.format("", '<dgm:relIds r:dm="r1"/>')
    body = f"<w:p><w:r>{drawn}</w:r></w:p>"
    assert text_of(body, diagramData=tree) == "Catch\nSalt"
    picture = "<w:p><w:r>{}</w:r></w:p>".format(
        data.format("A lamp over the quay&#10;&#10;Description automatically generated", "")
    )
    assert text_of(picture) == "A lamp over the quay"
    assert text_of(paragraph("x") + "<w:p><w:r>{}</w:r></w:p>".format(data.format("IMG_0042.jpg", ""))) == "x"


def test_a_web_page_inside_a_document_is_read() -> None:
    members = {
        "_rels/.rels": relations(("officeDocument", "word/document.xml")),
        "word/document.xml": part("w:document", f'<w:body>{paragraph("Before.")}<w:altChunk r:id="r1"/></w:body>'),
        "word/_rels/document.xml.rels": relations(("aFChunk", "page.html")),
        "word/page.html": "<html><body><h1>Ferries</h1><p>They leave at nine.</p></body></html>",
    }
    assert parse(zipped(members), "a.docx").text == "Before.\n\n# Ferries\n\nThey leave at nine."


# --- automatic numbers


def level(place: int, kind: str, text: str, more: str = "") -> str:
    return f'<w:lvl w:ilvl="{place}"><w:start w:val="1"/><w:numFmt w:val="{kind}"/><w:lvlText w:val="{text}"/>{more}</w:lvl>'


def numbering(*levels: str, nums: str = '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>') -> str:
    return part("w:numbering", f'<w:abstractNum w:abstractNumId="0">{"".join(levels)}</w:abstractNum>{nums}')


def item(text: str, place: int = 0, number: int = 1) -> str:
    return paragraph(text, f'<w:numPr><w:ilvl w:val="{place}"/><w:numId w:val="{number}"/></w:numPr>')


def test_numbers_are_those_that_the_page_shows() -> None:
    levels = level(0, "decimal", "%1."), level(1, "decimal", "%1.%2"), level(2, "lowerLetter", "(%3)")
    body = (
        item("Rent")
        + item("Due monthly", 1)
        + item("by post", 2)
        + item("by bank", 2)
        + item("Late", 1)
        + item("Repairs")
    )
    body += item("Roof", 1)
    assert text_of(body, numbering=numbering(*levels)).split("\n") == [
        "1. Rent",
        "   - 1.1 Due monthly",
        "     - (a) by post",
        "     - (b) by bank",
        "   - 1.2 Late",
        "2. Repairs",
        "   - 2.1 Roof",
    ]


def test_headings_and_clauses_between_paragraphs_go_on_counting() -> None:
    styles = '<w:style w:styleId="H"><w:name w:val="heading 1"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
    styles += '<w:style w:styleId="C"><w:name w:val="Clause"/><w:pPr><w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
    levels = level(0, "upperRoman", "Part %1", '<w:pStyle w:val="H"/>'), level(1, "decimal", "§ %2")
    head, clause = '<w:pStyle w:val="H"/>', '<w:pStyle w:val="C"/>'
    body = paragraph("Scope", head) + paragraph("One", clause) + paragraph("Between.") + paragraph("Two", clause)
    body += paragraph("Terms", head) + paragraph("Three", clause)
    assert text_of(body, numbering=numbering(*levels), styles=part("w:styles", styles)).split("\n\n") == [
        "# Part I Scope", "- § 1 One", "Between.", "- § 2 Two", "# Part II Terms", "- § 1 Three",
    ]  # fmt: skip


def test_a_list_that_begins_again_and_one_that_is_switched_off() -> None:
    nums = '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="0"/>'
    nums += '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride></w:num>'
    body = item("a") + item("b") + paragraph("text") + item("c", number=2) + item("d", number=2) + item("off", number=0)
    found = text_of(body, numbering=numbering(level(0, "decimal", "%1)"), nums=nums))
    assert found == "1) a\n2) b\n\ntext\n\n5) c\n6) d\n\noff"


def test_bullets_are_dashes_and_numbers_in_cells_are_read() -> None:
    assert (
        text_of(item("x") + item("y", 1), numbering=numbering(level(0, "bullet", "\uf0b7"), level(1, "bullet", "o")))
        == "- x\n  - y"
    )
    row = f"<w:tr><w:tc>{item('')}</w:tc>{cell('Hull')}</w:tr>"
    found = text_of(f"<w:tbl>{row}{row}</w:tbl>", numbering=numbering(level(0, "decimal", "%1.")))
    assert found == "| 1. | Hull |\n| --- | --- |\n| 2. | Hull |"


def test_a_paragraph_with_an_outline_level_is_a_heading() -> None:
    styles = '<w:style w:styleId="K"><w:name w:val="Kapitel"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>'
    body = paragraph("Anker", '<w:pStyle w:val="K"/>') + paragraph("Tau", '<w:outlineLvl w:val="0"/>')
    assert text_of(body, styles=part("w:styles", styles)) == "## Anker\n\n# Tau"


# --- packages


@pytest.mark.parametrize("ending", ["docx", "docm", "dotx", "dotm"])
def test_documents_with_macros_and_templates_are_documents(ending: str) -> None:
    assert parse(word(paragraph("Heron")), f"a.{ending}").text == "Heron"


def test_strict_documents_are_read() -> None:
    strict = zipped(
        {
            "_rels/.rels": relations(("officeDocument", "word/document.xml")).replace(
                "http://schemas.openxmlformats.org/officeDocument/2006/", "http://purl.oclc.org/ooxml/officeDocument/"
            ),
            "word/document.xml": part("w:document", f"<w:body>{paragraph('Strictly heron')}</w:body>").replace(
                "http://schemas.openxmlformats.org/wordprocessingml/2006/",
                "http://purl.oclc.org/ooxml/wordprocessingml/",
            ),
        }
    )
    assert parse(strict, "a.docx").text == "Strictly heron"


@pytest.mark.parametrize("target", ["NULL", "#top", "../gone.xml", "", "word\\gone.png"])
def test_relations_that_lead_nowhere_cost_nothing(target: str) -> None:
    for kind in ("image", "styles", "footnotes", "header", "comments"):
        members = {
            "_rels/.rels": relations(("officeDocument", "/word/document.xml")),
            "word/document.xml": part("w:document", f"<w:body>{paragraph('Heron')}</w:body>"),
            "word/_rels/document.xml.rels": relations((kind, target)),
        }
        assert parse(zipped(members), "a.docx").text == "Heron"


def test_a_document_without_relations_of_its_own_is_found_by_its_usual_name() -> None:
    members = {"word/document.xml": part("w:document", f"<w:body>{paragraph('Heron')}</w:body>")}
    assert parse(zipped(members), "a.docx").text == "Heron"


def test_refusals_say_which() -> None:
    with pytest.raises(ParseError, match=r"word/document\.xml is not readable XML"):
        parse(zipped({"word/document.xml": "<w:document"}), "a.docx")
    with pytest.raises(UnsupportedError, match="no text"):
        parse(word(paragraph(" ")), "a.docx")


def test_damaged_parts_beside_the_body_and_embedded_files_are_noted() -> None:
    members = {
        "word/document.xml": part("w:document", f"<w:body>{paragraph('Heron')}</w:body>"),
        "word/_rels/document.xml.rels": relations(("comments", "comments.xml"), ("package", "embeddings/a.xlsx")),
        "word/comments.xml": "<w:comments",
        "word/embeddings/a.xlsx": b"PK",
    }
    parsed = parse(zipped(members), "a.docx")
    assert parsed.text == "Heron"
    assert parsed.notes == ("1 embedded file not read", "its part word/comments.xml is damaged and not read")
