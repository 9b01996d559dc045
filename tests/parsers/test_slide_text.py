# ruff: noqa: E501 - XML reads badly in pieces
"""Text of presentations: breaks, numbers, alternatives, charts, comments; footers once."""

from __future__ import annotations

import io
import zipfile

import pytest
from office_files import line, part, shape, slides, zipped

from embedctl.parsers import parse


def text_of(*trees: str, **parts: str) -> str:
    return parse(slides(*trees, **parts), "a.pptx").text


def broken(*lines: str) -> str:
    return f"<a:p>{'<a:br/>'.join(f'<a:r><a:t>{each}</a:t></a:r>' for each in lines)}</a:p>"


def test_breaks_are_spaces_everywhere() -> None:
    cells = f"<a:tc><a:txBody>{broken('lock', 'gate')}</a:txBody></a:tc><a:tc><a:txBody>{line('4')}</a:txBody></a:tc>"
    grid = f"<p:graphicFrame><a:graphic><a:tbl><a:tr>{cells}</a:tr></a:tbl></a:graphic></p:graphicFrame>"
    tree = shape(broken("Ice", "season"), "title") + shape(broken("north", "pier"), "body") + grid
    notes = part(
        "p:notes", f"<p:cSld><p:spTree>{shape(broken('say', 'thanks') + line('Bow.'), 'body')}</p:spTree></p:cSld>"
    )
    assert text_of(tree, notesSlide=notes) == (
        "## Ice season\n\n- north pier\n\n| lock gate | 4 |\n| --- | --- |\n\nNotes: say thanks\nBow."
    )


def test_shapes_whose_number_repeats_that_of_the_title() -> None:
    tree = shape(line("Kiln"), "ctrTitle", "2") + shape(line("Fire twice"), name="2") + shape(line("Cool"), "body", "2")
    assert text_of(tree) == "## Kiln\n\nFire twice\n\n- Cool"


@pytest.mark.parametrize("where", ["{}", "<p:grpSp>{}</p:grpSp>"])
def test_the_first_alternative_with_a_text_is_read(where: str) -> None:
    choice = f"<mc:AlternateContent><mc:Choice>{shape(line('Ebb'))}</mc:Choice><mc:Fallback>{shape(line('Picture'))}</mc:Fallback></mc:AlternateContent>"
    assert text_of(where.format(choice)) == "Ebb"
    equation = "<mc:AlternateContent><mc:Choice><m:oMath><m:r><m:t>v=s/t</m:t></m:r></m:oMath></mc:Choice></mc:AlternateContent>"
    assert text_of(where.format(shape(f"<a:p><a:r><a:t>so </a:t></a:r>{equation}</a:p>"))) == "so v=s/t"
    fallback = (
        f"<mc:AlternateContent><mc:Choice/><mc:Fallback>{shape(line('Only here'))}</mc:Fallback></mc:AlternateContent>"
    )
    assert text_of(where.format(fallback)) == "Only here"


def test_automatic_numbers() -> None:
    numbered = '<a:pPr><a:buAutoNum type="arabicPeriod"/></a:pPr>'
    inner = '<a:pPr lvl="1"><a:buAutoNum type="alphaLcParenR" startAt="3"/></a:pPr>'
    body = line("Moor", numbered) + line("fore", inner) + line("aft", inner) + line("Unload", numbered) + line("Rest")
    assert text_of(shape(body, "body")) == "1. Moor\n  c) fore\n  d) aft\n2. Unload\n- Rest"


def test_charts_comments_and_descriptions() -> None:
    point = '<c:pt idx="{}"><c:v>{}</c:v></c:pt>'
    series = f"<c:ser><c:tx><c:v>Tons</c:v></c:tx><c:cat><c:strLit>{point.format(0, 'Gdynia')}</c:strLit></c:cat>"
    series += f"<c:val><c:numLit>{point.format(0, '7')}</c:numLit></c:val></c:ser>"
    chart = part("c:chartSpace", f"<c:chart><c:title>{line('Unloading')}</c:title>{series}</c:chart>")
    frame = (
        '<p:graphicFrame><a:graphic><a:graphicData><c:chart r:id="r1"/></a:graphicData></a:graphic></p:graphicFrame>'
    )
    picture = '<p:pic><p:nvPicPr><p:cNvPr id="9" name="p" descr="A barge under a bridge"/></p:nvPicPr></p:pic>'
    comments = part("p:cmLst", '<p:cm authorId="0"><p:text>Older numbers, please check</p:text></p:cm>')
    assert text_of(frame + picture, chart=chart, comments=comments) == (
        "Unloading\n\n|  | Tons |\n| --- | --- |\n| Gdynia | 7 |\n\nA barge under a bridge\n\n"
        "Comment: Older numbers, please check"
    )


def test_footers_are_read_once_and_slide_numbers_never() -> None:
    around = shape(line("Port of Riga"), "ftr") + shape(line("‹#›"), "sldNum")
    assert text_of(shape(line("One"), "title") + around, shape(line("Two"), "title") + around) == (
        "## One\n\nPort of Riga\n\n## Two"
    )


def test_texts_of_layouts_and_masters_are_left_out() -> None:
    layout = part("p:sldLayout", f"<p:cSld><p:spTree>{shape(line('Click to edit'), 'title')}</p:spTree></p:cSld>")
    assert text_of(shape(line("Tide")), slideLayout=layout, slideMaster=layout) == "Tide"


@pytest.mark.parametrize("ending", ["pptx", "pptm", "ppsx", "ppsm", "potx", "potm"])
def test_every_kind_of_presentation(ending: str) -> None:
    assert parse(slides(shape(line("Tide"))), f"a.{ending}").text == "Tide"


def test_strict_presentations_are_read() -> None:
    with zipfile.ZipFile(io.BytesIO(slides(shape(line("Tide"))))) as archive:
        strict = {
            name: archive.read(name)
            .replace(
                b"http://schemas.openxmlformats.org/presentationml/2006/", b"http://purl.oclc.org/ooxml/presentationml/"
            )
            .replace(b"http://schemas.openxmlformats.org/drawingml/2006/", b"http://purl.oclc.org/ooxml/drawingml/")
            .replace(
                b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
                b"http://purl.oclc.org/ooxml/officeDocument/relationships",
            )
            for name in archive.namelist()
        }
    assert parse(zipped(strict), "a.pptx").text == "Tide"
