"""PDF: form fields, comments, outline, pictures."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pdf_samples import drawn, form, lines, picture

from embedctl.config import ParserLimits, ReadLimits
from embedctl.errors import UnsupportedError, UsageError
from embedctl.parsers import ocr, parse
from embedctl.parsers.kinds import is_current, version
from embedctl.parsers.pool import ParserPool
from embedctl.parsers.reading import ReadTask, allowance, read_and_parse
from embedctl.records import Markup

if TYPE_CHECKING:
    from pathlib import Path

    from reportlab.pdfgen.canvas import Canvas


def test_values_of_fields_stand_behind_their_labels() -> None:
    fields = [
        {"label": "Name of boat:", "name": "boat", "value": "Wandering Albatross"},
        {"label": "Home port:", "name": "port", "value": "St Mawes", "tooltip": "port of registry"},
        {"label": "Remarks:", "name": "remarks", "value": ""},
    ]
    text = parse(form(fields), "a.pdf").text
    assert text.split("\n") == ["Name of boat: Wandering Albatross", "Home port: St Mawes", "Remarks:"]


def test_a_field_without_a_label_on_its_line_has_its_name() -> None:
    fields = [{"label": "", "name": "skipper", "value": "Ines Prado", "tooltip": "Name of the skipper"}]
    assert parse(form(fields), "a.pdf").text == "Name of the skipper: Ines Prado"


def test_choices_and_ticked_boxes_are_read() -> None:
    fields = [
        {"label": "Rig", "kind": "choice", "name": "rig", "value": "Ketch", "options": ["Sloop", "Ketch", "Yawl"]},
        {"label": "Insured", "kind": "checkbox", "name": "insured", "checked": True},
        {"label": "For sale", "kind": "checkbox", "name": "sale", "checked": False},
    ]
    text = parse(form(fields), "a.pdf").text
    assert text.split("\n") == ["Rig Ketch", "Insured Yes", "For sale"]


def test_a_password_in_a_form_is_not_read() -> None:
    fields = [{"label": "Key", "name": "key", "value": "open sesame", "fieldFlags": "password"}]
    assert parse(form(fields), "a.pdf").text == "Key"


def test_comments_stand_behind_the_text_of_their_page() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(72, 700, "The hull is sound.")
        canvas.textAnnotation("Surveyor doubts the keel bolts", Rect=[300, 690, 320, 710])
        canvas.highlightAnnotation("Really?", [72, 695, 200, 712])

    text = parse(drawn(draw, lines(["Next page"])), "a.pdf").text
    assert text == "The hull is sound.\n\nSurveyor doubts the keel bolts\n\nReally?\n\nNext page"


def test_the_outline_gives_headings() -> None:
    entries = [("rigging", "Rigging", 0, 0), ("mast", "Mast and boom", 1, 0), ("galley", "In the galley", 0, 1)]
    pages = [
        ["2 Rigging", "Check it weekly.", "2.1 Mast and boom", "Oil the gooseneck."],
        ["Gas is turned off at night."],
    ]
    document = parse(_outlined(entries, pages), "a.pdf")
    assert document.markup is Markup.MARKDOWN
    assert document.text.split("\n\n") == [
        "# 2 Rigging",
        "Check it weekly.",
        "## 2.1 Mast and boom",
        "Oil the gooseneck.",
        "# In the galley",
        "Gas is turned off at night.",
    ]
    assert document.text[document.pages[1] :].startswith("# In the galley")


def test_a_title_over_two_lines_is_one_heading() -> None:
    entries = [("a", "Winter storage on land and afloat", 0, 0), ("b", "Covers", 1, 0)]
    page = ["Chapter 3: Winter storage on", "land and afloat", "Drain the pump.", "Covers", "Leave air below."]
    text = parse(_outlined(entries, [page]), "a.pdf").text
    heading = "# Chapter 3: Winter storage on land and afloat"
    assert text.split("\n\n") == [heading, "Drain the pump.", "## Covers", "Leave air below."]


def test_lines_that_look_like_markdown_stay_text_beside_an_outline() -> None:
    pages = [["Script", "# not a heading", "```", "<!-- nor this", "======", "Bell"]]
    text = parse(_outlined([("a", "Script", 0, 0), ("b", "Bell", 0, 0)], pages), "a.pdf").text
    assert text == "# Script\n\n    # not a heading\n    ```\n    <!-- nor this\n    ======\n\n# Bell"


def _outlined(entries: list[tuple[str, str, int, int]], pages: list[list[str]]) -> bytes:
    """Return a PDF whose outline has these entries: key, title, depth, page from 0."""

    def page(number: int, texts: list[str]):
        def draw(canvas: Canvas) -> None:
            lines(texts)(canvas)
            for key, title, depth, where in entries:
                if where == number:
                    canvas.bookmarkPage(key)
                    canvas.addOutlineEntry(title, key, depth)

        return draw

    return drawn(*(page(number, texts) for number, texts in enumerate(pages)))


def test_pages_that_are_pictures_are_noted() -> None:
    document = parse(drawn(lines(["Cover"]), picture(["Hidden"]), picture([])), "a.pdf")
    assert document.text.strip() == "Cover"
    assert document.notes == ("2 of 3 pages are pictures without text",)


def test_a_picture_under_a_stamp_is_still_a_picture() -> None:
    def stamped(canvas: Canvas) -> None:
        picture(["Deed of sale"])(canvas)
        canvas.drawString(500, 20, "Page 3")

    assert parse(drawn(stamped), "a.pdf").notes == ("1 of 1 page are pictures without text",)


def test_a_pdf_of_pictures_alone_is_skipped_and_read_again_once_it_can_be(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(drawn(picture(["Hidden"])))
    result = read_and_parse(_task(path, ocr=False))
    assert isinstance(result.problem, UnsupportedError)
    assert is_current(result.read_by, "scan.pdf")
    assert not is_current(result.read_by, "scan.pdf", ocr=True)


def test_a_pdf_without_pictures_is_not_read_again_for_their_sake(tmp_path: Path) -> None:
    path = tmp_path / "text.pdf"
    path.write_bytes(drawn(lines(["Text"])))
    assert read_and_parse(_task(path, ocr=False)).read_by == version("pdf")
    assert is_current(version("pdf"), "text.pdf", ocr=True)


def test_pictures_are_read_in_the_sandbox(tmp_path: Path) -> None:
    pytest.importorskip("rapidocr")
    path = tmp_path / "scan.pdf"
    path.write_bytes(drawn(picture(["Lighthouse keeper wanted", "Apply before October"]), lines(["Typed text"])))
    with ParserPool(1, ReadLimits()) as pool:
        result = pool.take(*pool.submit([_task(path, ocr=True)]))
    document = result.document
    assert document is not None, result.problem
    assert document.text == "Lighthouse keeper wanted\nApply before October\n\nTyped text"
    assert document.metadata["ocr_pages"] == [1]
    assert 0.8 < float(str(document.metadata["ocr_confidence"])) <= 1
    assert document.notes == ()
    assert is_current(result.read_by, "scan.pdf", ocr=True)


def test_pictures_for_which_there_is_no_time_are_noted(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(drawn(lines(["Cover"]), picture(["Hidden"])))
    task = _task(path, ocr=True)
    result = read_and_parse(replace(task, allowance=task.allowance._replace(seconds=0)))
    assert result.document is not None
    assert result.document.notes == ("1 of 2 pages are pictures that there was no time to read; raise --parse-timeout",)


def test_ocr_that_must_be_and_cannot_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rapidocr", None)  # type: ignore[arg-type] # as if it were not installed
    ocr.is_installed.cache_clear()
    try:
        with pytest.raises(UsageError, match="not installed"):
            ocr.is_allowed("on")
        assert not ocr.is_allowed("auto")
        assert not ocr.is_allowed("off")
    finally:
        ocr.is_installed.cache_clear()


def _task(path: Path, *, ocr: bool) -> ReadTask:
    size = path.stat().st_size
    return ReadTask(path.name, str(path), size, allowance(ParserLimits(seconds=300.0), size), ocr=ocr)
