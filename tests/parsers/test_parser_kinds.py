"""Which parser a file gets, and the reasons given where it gets none."""

from __future__ import annotations

import pytest
from parser_samples import HTML, PROSE, docx, epub, pdf, zipped

from embedctl.errors import ParseError, UnsupportedError
from embedctl.parsers import PARSERS, parse, parser_for
from embedctl.parsers.kinds import BY_ENDING, BY_NAME, UNSUPPORTED

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))


@pytest.mark.parametrize(
    ("path", "parser"),
    [
        ("docs/Guide.MD", "markdown"),
        ("a.RST", "rst"),
        ("x/y/Makefile", "code"),
        ("Dockerfile", "code"),
        ("Dockerfile.dev", "code"),
        ("CMakeLists.txt", "code"),
        ("README", "text"),
        ("LICENSE", "text"),
        ("LICENSE.MIT", "text"),
        ("config.yaml", "code"),
        ("index.htm", "html"),
        ("budget.ods", "odf"),
        ("old.doc", "ole2"),
        ("letter.rtf", "rtf"),
        ("table.csv", "text"),
        ("mail.eml", "email"),
    ],
)
def test_the_name_decides_without_reading(path: str, parser: str) -> None:
    assert parser_for(path, b"") == parser


@pytest.mark.parametrize(
    ("path", "head", "parser"),
    [
        ("notes", b"just words\n", "text"),
        ("notes.unknown", "größer".encode(), "text"),
        ("notes.unknown", "größer".encode()[:3], "text"),
        ("tool", b"#!/usr/bin/env python3\nprint(1)\n", "code"),
        ("page", b"\n<!DOCTYPE html><html>", "html"),
        (".env", b"KEY=value\n", "text"),
        ("utf16", "words".encode("utf-16"), "text"),
    ],
)
def test_the_content_decides_for_unknown_endings(path: str, head: bytes, parser: str) -> None:
    assert parser_for(path, head) == parser


@pytest.mark.parametrize(
    ("path", "head", "reason"),
    [
        ("photo.PNG", b"", "image"),
        ("lib.so", b"", "compiled program"),
        ("film.mp4", b"", "video"),
        ("all.zip", b"", "archive; unpack it first"),
        ("drawing.vsdx", b"", 'no parser for ".vsdx" files; save it as .docx'),
        ("data.xyz", b"\x00\x01\x02", 'no parser for ".xyz" files'),
        ("data", b"\x00\x01\x02", "binary file"),
        ("notes.md", PNG, "PNG image under another name"),
        ("notes.txt", b"\x1f\x8b\x08rest", "gzip archive under another name"),
        ("notes.txt", zipped({"a.txt": "x"}), "under another name"),
        ("unnamed", PNG, "PNG image"),
    ],
)
def test_reasons(path: str, head: bytes, reason: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        parser_for(path, head)
    assert reason in caught.value.message


@pytest.mark.parametrize(
    ("path", "data", "parser"),
    [
        ("Depth.msg", b"# of the basin\nfloat32 depth\n", "text"),
        ("town.map", b"MAP\n  NAME town\nEND\n", "text"),
        ("berths.numbers", b"one, two, three\n", "text"),
        ("letter.one", "Grüße aus der Schleuse, bis Mai\n".encode("cp1252"), "text"),
        ("page.bin", b"<!doctype html><p>x", "html"),
        ("start.com.bin", b"#!/bin/sh\necho\n", "code"),
    ],
)
def test_text_is_text_under_the_endings_of_other_things(path: str, data: bytes, parser: str) -> None:
    assert parser_for(path, data) == parser


@pytest.mark.parametrize(
    ("path", "data", "reason"),
    [
        ("app.js.map", b'{"version":3,"sources":["a.ts"],"mappings":"AAAA"}', "source map"),
        ("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", "image"),
        ("film.ts", b"G@\x00\x10\x00\x00\xb0\r\x00\x01\xc1" * 40, "binary file"),
        ("mail.msg", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(90), ""),
        ("photo.numbers", PNG, "numbers"),
    ],
)
def test_what_is_no_text_stays_refused(path: str, data: bytes, reason: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        parse(data, path)
    assert reason in caught.value.message


def test_unmistakable_content_overrules_the_ending() -> None:
    assert parse(pdf([["A page of text"]]), "wrong.txt").media_type == "application/pdf"
    assert parse(docx(), "wrong.pdf").media_type.endswith("wordprocessingml.document")
    assert parse(docx(), "no_ending").media_type.endswith("wordprocessingml.document")
    assert parse(epub({"one": "<p>words</p>"}), "wrong.md").media_type == "application/epub+zip"


def test_a_web_page_saved_as_pdf_is_no_pdf() -> None:
    with pytest.raises(ParseError, match="not a PDF"):
        parse(HTML, "report.pdf")


def test_empty_file_is_empty_before_it_is_anything_else() -> None:
    with pytest.raises(UnsupportedError, match="empty file"):
        parse(b"", "unknown")


def test_tables_name_real_parsers_and_do_not_overlap() -> None:
    assert set(BY_ENDING.values()) | set(BY_NAME.values()) <= set(PARSERS.names())
    assert not set(BY_ENDING) & set(UNSUPPORTED)


@pytest.mark.parametrize(
    ("path", "source", "language", "media_type"),
    [
        ("a.py", "x = 1\n", "python", "text/x-python"),
        ("a.tsx", "x\n", "tsx", "text/x-tsx"),
        ("a.hpp", "int x;\n", "cpp", "text/x-c++"),
        ("sub/Makefile", "all:\n", "make", "text/x-makefile"),
        ("run", "#!/usr/bin/env -S python3.11 -u\n", "python", "text/x-python"),
        ("run", "#! /bin/bash\n", "bash", "text/x-shellscript"),
        ("conf.toml", "a = 1\n", "toml", "application/toml"),
        ("run", "#!/opt/unheard-of\n", None, "text/plain"),
    ],
)
def test_language_of_code(path: str, source: str, language: str | None, media_type: str) -> None:
    document = parse(source.encode(), path)
    assert (document.language, document.media_type, document.text) == (language, media_type, source)


def test_plain_text_keeps_its_media_type_and_has_no_title() -> None:
    document = parse(PROSE.encode(), "log.tsv")
    assert document.media_type == "text/tab-separated-values"
    assert document.title is None
