"""EPUB: a bad reference costs what it names, and says so; the book is read."""

from __future__ import annotations

import pytest
from parser_samples import epub, zipped

from embedctl.errors import ParseError, UnsupportedError
from embedctl.parsers import parse
from embedctl.records import ParsedDocument

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
    '<rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>'
)
PAGE = '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body>{}</body></html>'
ONE, TWO = PAGE.format("<h1>Dawn</h1><p>The eel woke.</p>"), PAGE.format("<h1>Dusk</h1><p>The heron left.</p>")
TEXT = "# Dawn\n\nThe eel woke.\n\n# Dusk\n\nThe heron left."
METADATA = '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>River</dc:title></metadata>'
PAGE_TYPE = "application/xhtml+xml"


def package(
    items: dict[str, str], metadata: str = METADATA, spine: str = "", kind: str = PAGE_TYPE, toc: str = ""
) -> str:
    manifest = "".join(f'<item id="{key}" href="{href}" media-type="{kind}"/>' for key, href in items.items())
    order = spine or "".join(f'<itemref idref="{key}"/>' for key in items)
    return (
        f'<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf">{metadata}<manifest>{manifest}{toc}</manifest>'
        f'<spine toc="ncx">{order}</spine></package>'
    )


def book(opf: str, **members: str | bytes) -> ParsedDocument:
    pages = {"OPS/one.xhtml": ONE, "OPS/two.xhtml": TWO, **members}
    files = {"mimetype": "application/epub+zip", "META-INF/container.xml": CONTAINER, "OPS/book.opf": opf, **pages}
    return parse(zipped({name: data for name, data in files.items() if data}), "a.epub")


BOTH = {"a": "one.xhtml", "b": "two.xhtml"}


def test_chapters_follow_the_spine() -> None:
    chapters = {"a": "<h1>Last</h1><p>z</p>", "b": "<h1>First</h1><p>&#160;x</p>", "unused": "<p>not in the spine</p>"}
    parsed = parse(epub(chapters, spine=["b", "a"]), "a.epub")
    assert parsed.text == "# First\n\nx\n\n# Last\n\nz"
    assert parsed.notes == ()


@pytest.mark.parametrize(
    ("items", "spine", "members", "note"),
    [
        ({"c": "cover.xhtml", **BOTH}, "", {}, "1 of 3 chapters cannot be read (cover.xhtml: it is not in the file)"),
        (
            BOTH,
            '<itemref idref="x"/><itemref idref="a"/><itemref idref="b"/>',
            {},
            "1 of 3 chapters cannot be read (x: its list",
        ),
        ({**BOTH, "c": "bad.xhtml"}, "", {"OPS/bad.xhtml": b"\0\1\2" * 99}, "(OPS/bad.xhtml: it is not text"),
        ({**BOTH, "c": "deep.xhtml"}, "", {"OPS/deep.xhtml": "<div>" * 9999 + "x"}, "nested too deep"),
        (
            {**BOTH, **{f"c{n}": f"{n}.xhtml" for n in range(5)}},
            "",
            {},
            "5 of 7 chapters cannot be read (0.xhtml: it is",
        ),
    ],
    ids=["missing", "not listed", "binary", "deep", "many"],
)
def test_a_bad_chapter_costs_itself(
    items: dict[str, str], spine: str, members: dict[str, str | bytes], note: str
) -> None:
    parsed = book(package(items, spine=spine), **members)
    assert parsed.text == TEXT
    assert len(parsed.notes) == 1
    assert note in parsed.notes[0]


@pytest.mark.parametrize(
    ("names", "members"),
    [
        (("One.XHTML", "TWO.xhtml"), {}),
        (("./one.xhtml#start", "../OPS/two.xhtml"), {}),
        (("/OPS/one.xhtml", "OPS/two.xhtml"), {}),
        (("..\\OPS\\one.xhtml", "two.xhtml"), {}),
        (("part%201.xhtml", "t%C3%BC.xhtml"), {"OPS/part 1.xhtml": ONE, "OPS/tü.xhtml": TWO}),
        (("part%201.xhtml", "tu\u0308.xhtml"), {"OPS/part%201.xhtml": ONE, "OPS/tü.xhtml": TWO}),
        (("a&amp;b.xhtml", "two.xhtml"), {"OPS/a&b.xhtml": ONE}),
    ],
    ids=["case", "relative", "absolute", "backslash", "encoded", "encoded in the file", "ampersand"],
)
def test_spellings_of_references(names: tuple[str, str], members: dict[str, str | bytes]) -> None:
    parsed = book(package(dict(zip("ab", names, strict=True))), **members)
    assert (parsed.text, parsed.notes) == (TEXT, ())


@pytest.mark.parametrize(
    "kind", ["text/x-oeb1-document", "application/xml", "text/plain", "", "application/octet-stream"]
)
def test_media_types_that_other_tools_write(kind: str) -> None:
    assert book(package(BOTH, kind=kind)).text == TEXT


@pytest.mark.parametrize(
    ("metadata", "title"),
    [
        (METADATA.replace("River", "River&nbsp;&eacute;t&eacute;"), "River été"),
        (METADATA.replace("River", "River & Sea"), "River & Sea"),
        ("<metadata><dc:title>River</dc:title><opf:meta name='x'/></metadata>", "River"),
        ("<metadata><dc-metadata><dc:Title>River</dc:Title></dc-metadata></metadata>", "River"),
        ("<metadata/>", "Dawn"),
    ],
    ids=["entities", "bare ampersand", "undeclared prefixes", "OEB 1", "none"],
)
def test_packages_that_are_no_clean_xml(metadata: str, title: str) -> None:
    parsed = book(package(BOTH, metadata=metadata))
    assert (parsed.text, parsed.title) == (TEXT, title)


def test_entities_that_a_package_declares_are_not_expanded() -> None:
    laughs = '<!DOCTYPE package [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY s SYSTEM "file:///etc/passwd">]>'
    opf = package(BOTH, metadata=METADATA.replace("River", "River &b;&s;")).replace("?>", f"?>{laughs}", 1)
    parsed = book(opf)
    assert (parsed.text, parsed.title) == (TEXT, "River")


@pytest.mark.parametrize(
    ("members", "note"),
    [
        ({"META-INF/container.xml": b""}, "META-INF/container.xml is missing or names no package"),
        ({"META-INF/container.xml": "<broken"}, "META-INF/container.xml is missing or names no package"),
        (
            {"META-INF/container.xml": CONTAINER.replace("book", "other")},
            "META-INF/container.xml is missing or names no",
        ),
        ({"OPS/book.opf": package(BOTH, spine="<none/>")}, "it does not say in which order its chapters stand"),
        ({"OPS/book.opf": "<package/>"}, "they stand in the order of their names"),
        ({"OPS/book.opf": b"", "META-INF/container.xml": b""}, "they stand in the order of their names"),
    ],
    ids=["no container", "broken container", "wrong container", "no spine", "empty package", "no package"],
)
def test_books_without_their_lists(members: dict[str, str | bytes], note: str) -> None:
    opf = members.pop("OPS/book.opf", package(BOTH))
    assert isinstance(opf, str | bytes)
    pages = {"mimetype": "application/epub+zip", "META-INF/container.xml": CONTAINER, "OPS/book.opf": opf}
    pages |= {"OPS/one.xhtml": ONE, "OPS/two.xhtml": TWO, **members}
    parsed = parse(zipped({name: data for name, data in pages.items() if data}), "a.epub")
    assert sorted(parsed.text.split("\n\n")) == sorted(TEXT.split("\n\n"))
    assert any(note in each for each in parsed.notes)


NCX = (
    '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint>'
    "<navLabel><text>The first day</text></navLabel>"
    '<content src="plain.xhtml"/></navPoint><navPoint><navLabel><text>Evening</text></navLabel>'
    '<content src="plain.xhtml#e"/></navPoint></navMap></ncx>'
)
NAV = PAGE.format(
    '<nav xmlns:epub="http://www.idpf.org/2007/ops" epub:type="toc"><ol>'
    '<li><a href="plain.xhtml">The first day</a></li>'
    '<li><a href="plain.xhtml#e">Evening</a></li></ol></nav>'
)
CONTENTS = {
    "NCX": ('<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>', {"OPS/toc.ncx": NCX}),
    "nav": (f'<item id="nav" href="nav.xhtml" media-type="{PAGE_TYPE}" properties="nav"/>', {"OPS/nav.xhtml": NAV}),
}


@pytest.mark.parametrize("contents", CONTENTS)
@pytest.mark.parametrize(
    "chapter",
    [
        "<p>It rained.</p><p id='e'>It cleared.</p>",
        "<p><b>The first day</b></p><p>It rained.</p><p><a id='e'/>It cleared.</p>",
        "<p class='t'>THE FIRST DAY</p><p>It rained.</p><p id='e'>Evening</p><p>It cleared.</p>",
    ],
    ids=["no titles", "an anchor", "titles that are paragraphs"],
)
def test_the_contents_name_chapters_that_lack_headings(contents: str, chapter: str) -> None:
    item, members = CONTENTS[contents]
    parsed = book(package({"a": "plain.xhtml"}, toc=item), **{"OPS/plain.xhtml": PAGE.format(chapter)}, **members)
    assert parsed.text.casefold().replace("*", "") == "# the first day\n\nit rained.\n\n## evening\n\nit cleared."


def test_chapters_keep_their_own_headings() -> None:
    item, members = CONTENTS["NCX"]
    named = {"OPS/toc.ncx": members["OPS/toc.ncx"].replace("plain.xhtml", "one.xhtml")}
    assert book(package(BOTH, toc=item), **named).text == TEXT


def test_notes_in_aside_and_self_closing_elements() -> None:
    page = PAGE.format(
        '<h1>Dawn</h1><p>Eel<a epub:type="noteref" href="#n1">1</a><a id="p3"/> woke<i/>.</p><div class="break"/>'
        '<aside epub:type="footnote" id="n1"><p>A fish.</p></aside>'
    )
    assert book(package({"a": "n.xhtml"}), **{"OPS/n.xhtml": page}).text == "# Dawn\n\nEel[1] woke.\n\nA fish."


def test_books_without_a_readable_chapter() -> None:
    with pytest.raises(ParseError, match=r"none of its chapters can be read: gone\.xhtml: it is not in the file"):
        book(package({"a": "gone.xhtml"}))
    with pytest.raises(ParseError, match="damaged EPUB book: it has no pages"):
        parse(zipped({"mimetype": "application/epub+zip", "a.txt": "x"}), "a.epub")
    with pytest.raises(UnsupportedError, match="no text in this book"):
        book(package({"a": "empty.xhtml"}), **{"OPS/empty.xhtml": PAGE.format("")})
