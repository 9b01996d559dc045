"""One small valid file for every parser, made on the spot, and the pieces that other tests build theirs from."""

from __future__ import annotations

import gzip
import io
import json
from typing import TYPE_CHECKING

from office_files import old_workbook, open_document, zipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PROSE = "Cosine similarity compares directions and ignores lengths, which is why vectors are normalized first. "

MARKDOWN = f"---\ntitle: Vectors\nlevel: 2\n---\n\n# Vectors in practice\n\n{PROSE}\n".encode()
RST = f"=======\nVectors\n=======\n\n{PROSE}\n\nLengths\n-------\n\nMore.\n".encode()
HTML = (
    "<!doctype html><html lang='en'><head><title>Vectors</title></head><body><nav>Home Shop Basket</nav>"
    f"<main><h1>Vectors</h1><p>{PROSE * 3}</p></main><footer>Imprint</footer></body></html>"
).encode()
EMAIL = (
    "From: Ann <ann@example.org>\r\nTo: bob@example.org\r\nSubject: Vectors\r\n"
    f"Date: Mon, 06 Jan 2025 10:00:00 +0100\r\n\r\n{PROSE}\r\n"
).encode()


CALENDAR = f"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:{PROSE}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n".encode()
MHTML = (
    "Content-Type: multipart/related; boundary=rim\r\n\r\n"
    f"--rim\r\nContent-Type: text/html\r\n\r\n<p>{PROSE}</p>\r\n--rim--\r\n"
).encode()


def notebook(cells: list[dict[str, object]], **metadata: object) -> bytes:
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}).encode()


def saved(save: Callable[[io.BytesIO], object]) -> bytes:
    buffer = io.BytesIO()
    save(buffer)
    return buffer.getvalue()


def pdf(pages: Iterable[list[str]], title: str = "Vectors", password: str = "") -> bytes:
    from reportlab.lib.pdfencrypt import StandardEncryption
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer, encrypt=StandardEncryption(password) if password else None, invariant=True)
    canvas.setTitle(title)
    canvas.setAuthor("Ann")
    for lines in pages:
        text = canvas.beginText(72, 700)
        for line in lines:
            text.textLine(line)
        canvas.drawText(text)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def docx() -> bytes:
    from docx import Document

    document = Document()
    document.add_heading("Vectors", 1)
    document.add_paragraph(PROSE)
    return saved(document.save)


def pptx() -> bytes:
    from pptx import Presentation

    presentation = Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[1])
    slide.shapes.title.text = "Vectors"
    slide.placeholders[1].text = PROSE
    return saved(presentation.save)


def xlsx(sheets: dict[str, list[list[object]]]) -> bytes:
    from openpyxl import Workbook

    workbook = Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    return saved(workbook.save)


def epub(chapters: dict[str, str], spine: list[str] | None = None) -> bytes:
    items = "".join(f'<item id="{n}" href="text/{n}.xhtml" media-type="application/xhtml+xml"/>' for n in chapters)
    order = "".join(f'<itemref idref="{name}"/>' for name in spine or list(chapters))
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Book of vectors</dc:title>'
        "<dc:creator>Ann</dc:creator><dc:creator>Bob</dc:creator><dc:language>en</dc:language></metadata>"
        f"<manifest>{items}</manifest><spine>{order}</spine></package>"
    )
    page = '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body>{}</body></html>'
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
            '<rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
            "OEBPS/book.opf": package,
            **{f"OEBPS/text/{name}.xhtml": page.format(body) for name, body in chapters.items()},
        }
    )


def samples() -> dict[str, tuple[str, bytes]]:
    """Return path and bytes of a valid file for each parser name."""
    return {
        "text": ("a.txt", PROSE.encode()),
        "markdown": ("a.md", MARKDOWN),
        "rst": ("a.rst", RST),
        "headed": ("a.org", b"#+TITLE: Weirs\n\n* Gates\nOpened by hand.\n** Winter\nClosed.\n"),
        "subtitles": ("a.srt", b"1\n00:00:01,000 --> 00:00:02,000\nThe gate opens.\n"),
        "code": ("a.py", b"def cosine(a, b):\n    return a @ b\n"),
        "html": ("a.html", HTML),
        "pdf": ("a.pdf", pdf([[PROSE], ["Second page"]])),
        "docx": ("a.docx", docx()),
        "pptx": ("a.pptx", pptx()),
        "sheet": ("a.xlsx", xlsx({"Models": [["name", "dim"], ["MiniLM", 384]]})),
        "ole2": ("a.xls", old_workbook({"Models": [["name", "dim"], ["MiniLM", 384]]})),
        "odf": ("a.odt", open_document("text", f"<text:h>Vectors</text:h><text:p>{PROSE}</text:p>")),
        "rtf": ("a.rtf", (r"{\rtf1\ansi\pard Vectors\par " + PROSE + r"\par}").encode()),
        "epub": ("a.epub", epub({"one": f"<h1>One</h1><p>{PROSE}</p>"})),
        "jupyter": ("a.ipynb", notebook([{"cell_type": "markdown", "source": ["# Vectors\n", PROSE]}])),
        "email": ("a.eml", EMAIL),
        "calendar": ("a.ics", CALENDAR),
        "mhtml": ("a.mht", MHTML),
        "packed": ("a.md.gz", gzip.compress(MARKDOWN, mtime=0)),
    }
