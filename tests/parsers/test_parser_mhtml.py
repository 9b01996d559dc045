"""Saved web pages: the page and its frames, decoded."""

from __future__ import annotations

import base64

import pytest

from embedctl.errors import ParseError, UnsupportedError
from embedctl.parsers import parse, parser_for
from embedctl.records import Markup

PROSE = "The quay wall was surveyed in spring. " * 8


def archive(*parts: bytes, about: str = "") -> bytes:
    head = (
        "From: <Saved by Blink>\r\nSnapshot-Content-Location: https://example.org/quay\r\n"
        "Subject: =?utf-8?Q?Quay=20=E2=80=93=20wall?=\r\nDate: Tue, 5 Mar 2024 10:00:00 -0000\r\n"
        f'MIME-Version: 1.0\r\nContent-Type: multipart/related; type="text/html"; {about}boundary="--rim"\r\n\r\n'
    )
    return head.encode() + b"".join(b"----rim\r\n" + part + b"\r\n" for part in parts) + b"----rim--\r\n"


def page(html: str, about: str = "", codec: str = "utf-8") -> bytes:
    head = f"Content-Type: text/html; {about}\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head.encode() + base64.encodebytes(html.encode(codec))


PICTURE = b"Content-Type: image/png\r\nContent-Location: https://example.org/a.png\r\n\r\nxx"


def test_a_page_and_its_frames() -> None:
    whole = f"<html><body><nav>Menu</nav><main><h1>Quay</h1><p>{PROSE}Höhe</p></main></body></html>"
    frame = "<html><body><p>Depth gauge: nine metres.</p></body></html>"
    parsed = parse(archive(page(whole), PICTURE, page(frame), page("<html></html>")), "quay.mhtml")
    assert parsed.text == f"# Quay\n\n{PROSE}Höhe\n\nDepth gauge: nine metres."
    assert (parsed.title, parsed.markup, parsed.media_type) == ("Quay", Markup.MARKDOWN, "multipart/related")
    assert parsed.metadata == {"url": "https://example.org/quay", "saved": "2024-03-05T10:00:00+00:00"}


def test_the_subject_is_the_title_of_a_page_without_one() -> None:
    assert parse(archive(page("<p>Text of the page</p>")), "a.mht").title == "Quay – wall"


def test_the_page_that_the_archive_begins_with() -> None:
    second = b"Content-ID: <second>\r\n" + page("<h1>Second</h1>")
    parsed = parse(archive(page("<h1>First</h1>"), second, about='start="<second>"; '), "a.mht")
    assert parsed.text == "# Second\n\n# First"


@pytest.mark.parametrize(
    ("about", "codec"), [("charset=utf-16", "utf-16"), ("charset=windows-1252", "cp1252"), ("", "cp1252")]
)
def test_encodings(about: str, codec: str) -> None:
    html = '<meta charset="windows-1252"><p>Brücke über den Fluß</p>'
    assert parse(archive(page(html, about, codec)), "a.mht").text == "Brücke über den Fluß"


def test_a_page_alone() -> None:
    assert parse(b"MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<p>Alone</p>", "a.mht").text == "Alone"


def test_archives_without_an_ending_are_known_by_their_headers() -> None:
    assert parser_for("saved page", archive(PICTURE)) == "mhtml"


def test_what_is_no_page() -> None:
    with pytest.raises(UnsupportedError, match="no page in this web archive"):
        parse(archive(PICTURE), "a.mht")
    with pytest.raises(ParseError, match="not a saved web page"):
        parse(b"Just words\n", "a.mht")
