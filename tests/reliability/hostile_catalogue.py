"""Every hostile document by its name, with what has to become of it."""

from __future__ import annotations

import base64
import json
import random
from typing import TYPE_CHECKING

import hostile_documents as make
from hostile_documents import MEBIBYTE, PROSE, Hostile, Member

if TYPE_CHECKING:
    from collections.abc import Iterator

# What a file may be refused for that asks for too much: which of the limits it meets first may depend on the machine.
TOO_MUCH = r"took longer than|needs more than|is longer than|unpacks to|crashed \(|out of proportion"


def catalogue() -> list[Hostile]:
    """Return all of them; names are unique, and their endings are those of their formats."""
    return [
        *_pdfs(),
        *_archives(),
        *_office_xml(),
        *_sheets(),
        *_books(),
        *_pages(),
        *_texts(),
        *_mails(),
        *_notebooks(),
    ]


def _pdfs() -> Iterator[Hostile]:
    yield Hostile("flate-bomb.pdf", make.pdf_flate_bomb, failed=TOO_MUCH + "|no text in this PDF")
    yield Hostile("flate-in-flate.pdf", make.pdf_flate_in_flate, failed=TOO_MUCH + "|no text in this PDF")
    yield Hostile("text-bomb.pdf", make.pdf_text_bomb, failed=TOO_MUCH)
    yield Hostile("forms-of-forms.pdf", make.pdf_forms_of_forms)
    yield Hostile("million-pages.pdf", make.pdf_many_pages)
    yield Hostile("told-pages.pdf", lambda _: make.one_page({2: make.PAGES.replace(b"/Count 1", b"/Count 2147483647")}))
    yield Hostile("deep-page-tree.pdf", make.pdf_deep_page_tree)
    yield Hostile("page-cycle.pdf", lambda _: make.one_page({2: b"<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 1000 >>"}))
    yield Hostile("parent-cycle.pdf", lambda _: make.one_page({3: b"<< /Type /Page /Parent 3 0 R /Contents 4 0 R >>"}))
    yield Hostile(
        "length-cycle.pdf",
        lambda _: make.one_page({4: make.stream(make.CONTENT).replace(b"/Length 63", b"/Length 4 0 R")}),
    )
    yield Hostile("huge-box.pdf", lambda _: make.one_page({3: make.PAGE.replace(b"612 792", b"1e38 1e38")}))
    yield Hostile("object-streams.pdf", make.pdf_object_streams)
    yield Hostile("broken-xref.pdf", lambda _: make.one_page().replace(b"startxref\n", b"startxref\n9"), read=True)
    yield Hostile("xref-loop.pdf", lambda _: make.one_page(trailer=b"/Root 1 0 R /Prev 9"), read=True)
    yield Hostile("deep-array.pdf", lambda a: make.one_page({4: make.stream(b"[" * a.size(200_000, 5_000_000))}))
    yield Hostile("deep-dictionary.pdf", lambda a: make.one_page({5: b"<< /A " * a.size(100_000, 2_000_000)}))
    yield Hostile(
        "deep-trailer.pdf", lambda a: make.one_page(trailer=b"/Root 1 0 R /A " + b"[" * a.size(100_000, 5_000_000))
    )
    yield Hostile("encrypted.pdf", _encrypted_pdf, failed="password-protected PDF")
    yield Hostile("truncated.pdf", lambda _: make.one_page()[:300])
    yield Hostile("long-word.pdf", lambda a: _long_word_pdf(a.size(300_000, 3_000_000)))
    yield Hostile(
        "unicode-map.pdf",
        lambda _: make.one_page(
            {
                5: b"<< /Type /Font /Subtype /Type0 /BaseFont /A /Encoding /Identity-H /ToUnicode 7 0 R"
                b" /DescendantFonts [8 0 R] >>",
                7: make.stream(
                    b"1 begincodespacerange <00000000> <FFFFFFFF> endcodespacerange\n"
                    b"1 beginbfrange <00000000> <FFFFFFFF> <0041> endbfrange\n"
                    b"1 begincidrange <00000000> <FFFFFFFF> 0 endcidrange"
                ),
                8: b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /A /W [0 4294967295 500] >>",
            }
        ),
    )
    yield Hostile("action.pdf", lambda a: _pdf_that_acts(a), read=True)


def _encrypted_pdf(_: make.Attack) -> bytes:
    from parser_samples import pdf

    return pdf([["Vectors"]], password="secret")


def _long_word_pdf(size: int) -> bytes:
    """One word without an end, and a hyphen at the end of a line elsewhere."""
    words = b"BT /F1 0.0001 Tf 0 700 Td (%s) Tj 0 -20 Td (nor-) Tj 0 -20 Td (malized) Tj ET" % (b"a" * size)
    return make.one_page({4: make.stream(make.flated(words), b"/Filter /FlateDecode")})


def _pdf_that_acts(attack: make.Attack) -> bytes:
    catalog = (
        "<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /Launch /F (/bin/touch) >> /AA << /O << /S /URI /URI "
        f"({attack.server}) >> >> /Names << /JavaScript << /Names [(a) << /S /JavaScript /JS (app.alert(1)) >>] "
        ">> >> >>"
    )
    return make.one_page({1: catalog.encode()})


def _archives() -> Iterator[Hostile]:
    """Archives that lie about their size, their names or their order, for each format that is one."""
    for ending, main, usual in (
        ("docx", "word/document.xml", lambda: make.docx()),
        ("pptx", "ppt/slides/slide1.xml", lambda: make.pptx_with(make.slide_text(PROSE))),
        ("xlsx", "xl/worksheets/sheet1.xml", lambda: make.xlsx(make.sheet(make.CELL))),
        ("ods", "content.xml", lambda: make.ods("<table:table-row>" + make.ODS_CELL.format("") + "</table:table-row>")),
        ("epub", "one.xhtml", lambda: make.epub()),
    ):
        yield from _archives_of(ending, main, usual)
    yield Hostile("zip-of-zips.docx", make.zip_of_zips, failed="damaged|unpacks to|overlap")
    yield Hostile("zip-of-zips.epub", make.zip_of_zips, failed="damaged|unpacks to|overlap")


def _archives_of(ending: str, main: str, usual) -> Iterator[Hostile]:
    def zeros(attack: make.Attack, told: int | None) -> bytes:
        copies = attack.size(1_500, 10_240)
        data = make.deflated_copies(bytes(MEBIBYTE), copies)
        size = min(copies * MEBIBYTE, 0xFFFFFFFF) if told is None else told
        return make.with_member(usual(), Member(main, data, told_size=size))

    def overlapping(attack: make.Attack) -> bytes:
        data = make.deflated_copies(b"<a>" + b" " * (MEBIBYTE - 3), 1)
        many = (Member(f"more/{n}.bin", data, told_size=MEBIBYTE, share=n > 0) for n in range(attack.size(300, 40_000)))
        return make.archive([*make.members(usual()), *many])

    def named(*names: str):
        return lambda _: make.archive([*make.members(usual()), *(Member(name, make.deflated(b"x")) for name in names)])

    yield Hostile(f"zeros.{ending}", lambda a: zeros(a, None), failed=TOO_MUCH)
    yield Hostile(f"zeros-told-small.{ending}", lambda a: zeros(a, 1_000), failed=TOO_MUCH + "|damaged")
    yield Hostile(f"overlapping.{ending}", overlapping, failed=TOO_MUCH + "|overlap")
    yield Hostile(
        f"names.{ending}",
        named("../../../../tmp/escaped", "/etc/escaped", "C:\\escaped", "a\nb", "\x1b[31m"),
        read=True,
    )
    yield Hostile(f"twice.{ending}", named(main))
    yield Hostile(
        f"encrypted.{ending}",
        lambda _: make.with_member(usual(), Member(main, make.deflated(b"x"), flags=1)),
        failed="password-protected",
    )
    yield Hostile(
        f"method.{ending}",
        lambda _: make.with_member(usual(), Member(main, b"x", method=99, told_size=1)),
        failed="damaged",
    )
    yield Hostile(f"truncated.{ending}", lambda _: usual()[:-40], failed="damaged")
    yield Hostile(f"missing.{ending}", lambda _: make.without(usual(), main))
    yield Hostile(f"noise.{ending}", lambda _: make.replaced(usual(), main, random.Random(1).randbytes(5_000)))


def _office_xml() -> Iterator[Hostile]:
    word = "w:document"
    yield Hostile("laughs.docx", lambda _: make.docx(make.paragraph("&e9;"), make.laughs(word)))
    yield Hostile(
        "laughs-attribute.docx",
        lambda _: make.docx('<w:p><w:pPr><w:pStyle w:val="&e9;"/></w:pPr></w:p>', make.laughs(word)),
        failed="damaged",
    )
    yield Hostile(
        "quadratic.docx",
        lambda a: make.docx(make.paragraph("&long;" * 50_000), make.quadratic(word, a.size(50_000, 500_000))),
    )
    yield Hostile(
        "quadratic-attribute.docx",
        lambda a: make.docx('<w:p w:a="&long;"/>' * 50_000, make.quadratic(word, a.size(50_000, 500_000))),
    )
    yield Hostile(
        "xxe-file.docx", lambda a: make.docx(make.paragraph("&secret;"), make.external(word, f"file://{a.secret}"))
    )
    yield Hostile("xxe-path.docx", lambda a: make.docx(make.paragraph("&secret;"), make.external(word, a.secret)))
    yield Hostile("xxe-net.docx", lambda a: make.docx(make.paragraph("&secret;"), make.external(word, a.server)))
    yield Hostile("xxe-parameter.docx", lambda a: make.docx(before=make.external_parameter(word, f"file://{a.secret}")))
    yield Hostile(
        "xinclude.docx",
        lambda a: make.docx(
            f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{a.secret}" parse="text"/>'
            + make.paragraph("A")
        ),
    )
    yield Hostile(
        "external-target.docx",
        lambda a: make.docx(
            relations='<Relationship Id="a" TargetMode="External" Target="file://'
            + a.secret
            + '" Type="http://schemas.'
            'openxmlformats.org/officeDocument/2006/relationships/footnotes"/><Relationship Id="b" Target="../../../..'
            + a.secret
            + '" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"/>'
        ),
    )
    yield Hostile("deep.docx", lambda a: make.docx(make.deep("<w:sdt>", "</w:sdt>", a.size(100_000, 1_000_000), "")))
    yield Hostile(
        "deep-tables.docx",
        lambda _: make.docx(make.deep("<w:tbl><w:tr><w:tc>", "</w:tc></w:tr></w:tbl>", 80, make.paragraph("A"))),
    )
    yield Hostile(
        "wide-ancestry.docx",
        lambda a: make.docx(
            "<w:p>"
            + make.deep("<w:ins>", "</w:ins>", 200, "<w:r><w:t>a</w:t></w:r>" * a.size(20_000, 200_000))
            + "</w:p>"
        ),
    )
    yield Hostile("laughs.pptx", lambda _: make.pptx_with(make.slide_text("&e9;"), make.laughs("p:sld")))
    yield Hostile(
        "xxe-file.pptx",
        lambda a: make.pptx_with(make.slide_text("&secret;"), make.external("p:sld", f"file://{a.secret}")),
    )
    yield Hostile(
        "deep-groups.pptx",
        lambda a: make.pptx_with(make.deep("<p:grpSp>", "</p:grpSp>", a.size(50_000, 500_000), make.slide_text("A"))),
    )


def _sheets() -> Iterator[Hostile]:
    yield Hostile("dimension.xlsx", lambda _: make.xlsx(make.sheet(make.CELL, "A1:XFD1048576")), read=True)
    yield Hostile(
        "far-cell.xlsx",
        lambda _: make.xlsx(make.sheet(make.CELL + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')),
        read=True,
    )
    yield Hostile(
        "beyond.xlsx",
        lambda _: make.xlsx(make.sheet('<row r="4294967295"><c r="ZZZZZZZ4294967295"><v>1</v></c></row>')),
        read=True,
    )
    yield Hostile(
        "told-strings.xlsx",
        lambda _: make.xlsx(make.sheet(make.CELL), '<sst xmlns="MAIN" count="4294967295" uniqueCount="4294967295"/>'),
        read=True,
    )
    yield Hostile(
        "shared-string.xlsx",
        lambda a: make.xlsx(
            make.sheet(
                "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, a.size(3_000, 100_000)))
            ),
            f'<sst xmlns="MAIN"><si><t>{"a" * 100_000}</t></si></sst>',
        ),
        failed=TOO_MUCH,
    )
    yield Hostile(
        "laughs.xlsx", lambda _: make.xlsx(make.laughs("worksheet") + make.sheet(make.CELL.replace("cosine", "&e9;")))
    )
    yield Hostile(
        "xxe-file.xlsx",
        lambda a: make.xlsx(
            make.external("worksheet", f"file://{a.secret}") + make.sheet(make.CELL.replace("cosine", "&secret;"))
        ),
    )
    row = "<table:table-row{}>" + make.ODS_CELL + "</table:table-row>"
    yield Hostile(
        "repeated.ods",
        lambda _: make.ods(
            row.format(' table:number-rows-repeated="1048576"', ' table:number-columns-repeated="16384"')
        ),
        read=True,
    )
    yield Hostile(
        "repeated-quietly.ods",
        lambda _: make.ods(
            row.format(' table:number-rows-repeated = "1048576"', " table:number-columns-repeated='16384'")
        ),
    )
    yield Hostile("laughs.ods", lambda _: make.ods(row.format("", "").replace("cosine", "&e9;"), make.laughs("a")))
    yield Hostile("circle.xls", lambda _: make.old_workbook("circle"), failed="damaged|" + TOO_MUCH)
    yield Hostile("absurd.xls", lambda _: make.old_workbook("absurd"), failed="damaged|" + TOO_MUCH)


def _books() -> Iterator[Hostile]:
    yield Hostile("laughs.epub", lambda _: make.epub("Text &e9;", make.laughs("html"), "&e9;"), read=True)
    yield Hostile(
        "xxe-file.epub",
        lambda a: make.epub("Text &secret;", make.external("html", f"file://{a.secret}"), "&secret;"),
        read=True,
    )
    yield Hostile("xxe-net.epub", lambda a: make.epub("&secret;", make.external("html", a.server)))
    yield Hostile("long-spine.epub", lambda a: make.epub("<p>" + PROSE * 5_000 + "</p>", spine=a.size(20_000, 500_000)))
    yield Hostile("deep.epub", lambda a: make.epub(make.deep("<div>", "</div>", a.size(20_000, 1_000_000))))
    yield Hostile(
        "escape.epub",
        lambda a: make.replaced(
            make.epub(),
            "META-INF/container.xml",
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path='
            f'"../../../..{a.secret}"/></rootfiles></container>',
        ),
        read=True,
    )


def _pages() -> Iterator[Hostile]:
    for name, opening, closing in (
        ("div", "<div>", "</div>"),
        ("unclosed", "<b>", ""),
        ("tables", "<table><tr><td>", "</td></tr></table>"),
        ("lists", "<ul><li>", "</li></ul>"),
        ("quotes", "<blockquote>", "</blockquote>"),
        ("unclosed-tables", "<table><td>", ""),
        ("svg", "<svg><foreignObject>", "</foreignObject></svg>"),
    ):
        yield Hostile(
            f"deep-{name}.html",
            lambda a, opening=opening, closing=closing: (
                "<html><body>" + make.deep(opening, closing, a.size(20_000, 1_000_000))
            ).encode(),
        )
    yield Hostile(
        "colspan.html",
        lambda _: b"<html><body><table><tr><td colspan=1000000000 rowspan=1000000000>a</td></tr></table></body></html>",
    )
    yield Hostile(
        "attributes.html", lambda a: b"<html><body><p " + b"a=b " * a.size(300_000, 5_000_000) + b">Text.</p>"
    )
    yield Hostile("comment.html", lambda a: b"<html><body><p>Text.</p><!--" + b"<!--" * a.size(300_000, 5_000_000))
    yield Hostile("heads.html", lambda a: b"<html>" + b"</head " * a.size(100_000, 1_000_000) + b"<p>Text.</p>")
    yield Hostile("metas.html", lambda a: b"<html>" + b"<meta " * a.size(100_000, 1_000_000) + b"<p>Text.</p>")
    yield Hostile(
        "entities.html", lambda a: b"<html><body><p>" + b"&#x1F4A9;&#0;&#xD800;&#x110000;" * a.size(10_000, 500_000)
    )
    yield Hostile(
        "laughs.html", lambda _: (make.laughs("html") + "<html><body><p>Text &e9;</p></body></html>").encode()
    )
    yield Hostile(
        "xxe.html",
        lambda a: (
            make.external("html", f"file://{a.secret}")
            + f'<html><head><link rel=stylesheet href="{a.server}"><base href="{a.server}"></head><body><p>A &secret;'
            f'<img src="{a.server}"><iframe src="file://{a.secret}"></iframe><script src="{a.server}"></script></p>'
        ).encode(),
        read=True,
    )
    yield Hostile("laughs.xml", lambda _: (make.laughs("a") + "<a>&e9;</a>").encode(), read=True)
    yield Hostile("laughs.svg", lambda _: (make.laughs("svg") + "<svg>&e9;</svg>").encode(), failed="image")
    yield Hostile(
        "xxe.xml", lambda a: (make.external("a", f"file://{a.secret}") + "<a>&secret;</a>").encode(), read=True
    )


def _texts() -> Iterator[Hostile]:
    chaos = random.Random(4)
    yield Hostile("one-line.txt", lambda a: b"word " * a.size(1_000_000, 6_000_000), read=True)
    yield Hostile("one-word.txt", lambda a: b"w" * a.size(2_000_000, 30_000_000), read=True)
    yield Hostile("nul.txt", lambda _: b"A text with a NUL \0 in it.", failed="binary file")
    yield Hostile("controls.txt", lambda _: bytes(range(1, 32)) * 100, failed="binary file")
    yield Hostile("bidi.txt", lambda _: "abc \u202e\u2066\u2069\u202a right to left \u200f\u061c".encode(), read=True)
    yield Hostile("utf8.txt", lambda _: b"Good until here \xc3\x28 \xe2\x82 \xf0\x28\x8c\x28 and on." * 20)
    yield Hostile("surrogates-in-utf8.txt", lambda _: b"A lone \xed\xa0\x80 surrogate, and \xed\xbf\xbf another." * 9)
    yield Hostile("overlong.txt", lambda _: b"Overlong \xc0\xaf \xe0\x80\xaf \xf8\x88\x80\x80\x80 slashes." * 9)
    yield Hostile(
        "utf16.txt", lambda _: b"\xff\xfe" + "Half a pair: ".encode("utf-16-le") + b"\x00\xd8A\0", failed="damaged text"
    )
    yield Hostile("utf16-odd.txt", lambda _: b"\xfe\xff" + "Odd".encode("utf-16-be") + b"\0", failed="damaged text")
    yield Hostile("utf16-no-mark.txt", lambda _: "No mark.".encode("utf-16-le"), read=True)
    yield Hostile("utf32.txt", lambda _: b"\xff\xfe\0\0" + b"\xff\xff\xff\x7f" * 9, failed="damaged text")
    yield Hostile("utf32-surrogate.txt", lambda _: b"\0\0\xfe\xff" + b"\0\0\xd8\0" * 9, failed="damaged text")
    yield Hostile("marks.txt", lambda _: b"\xef\xbb\xbf\xef\xbb\xbf\xef\xbb\xbftwo marks too many", read=True)
    yield Hostile("mark-alone.txt", lambda _: b"\xef\xbb\xbf", failed="empty file")
    yield Hostile("utf7.txt", lambda _: b"+ADw-script+AD4- is seven bits", read=True)
    yield Hostile("random.txt", lambda a: bytes(chaos.choices(range(128, 256), k=a.size(300_000, 20_000_000))))
    yield Hostile("quotes.md", lambda a: (">" * a.size(100_000, 1_000_000) + " deep").encode(), read=True)
    yield Hostile(
        "lists.md", lambda a: "".join(f"{'  ' * n}- item\n" for n in range(a.size(500, 3_000))).encode(), read=True
    )
    yield Hostile(
        "brackets.md",
        lambda a: b"# " + b"[" * 5_000 + b"](" * 5_000 + b"\n" + b"[" * a.size(100_000, 1_000_000),
        read=True,
    )
    yield Hostile(
        "emphasis.md", lambda a: b"# " + b"*a _b" * 2_000 + b"\n" + b"*a **b _c " * a.size(20_000, 500_000), read=True
    )
    yield Hostile("closing.md", lambda _: b"# a" + b" {" * 30_000 + b" #" * 30_000 + b"\n\nText.", read=True)
    yield Hostile("ticks.md", lambda a: b"`" * a.size(100_000, 5_000_000) + b"\nText.", read=True)
    yield Hostile("setext.md", lambda a: b"a\n" * a.size(30_000, 1_000_000) + b"=" * 100_000, read=True)
    yield Hostile("fence.md", lambda _: b"---\n" + b"--- \t" * 12_000 + b"\n\nText.", read=True)
    front = "---\n{}\n---\n\n# Vectors\n\nText.\n".format
    yield Hostile(
        "aliases.md",
        lambda _: front(
            "a: &a [x]\n"
            + "\n".join(f"{n}: &{n} [{f'*{p},' * 9}]" for p, n in zip("abcdefgh", "bcdefghi", strict=True))
        ).encode(),
        read=True,
    )
    yield Hostile(
        "python.md",
        lambda a: front(f"a: !!python/object/apply:os.system ['touch {a.secret}.touched']").encode(),
        read=True,
    )
    yield Hostile("deep-yaml.md", lambda _: front("a: " + make.deep("[", "]", 20_000, "")).encode(), read=True)
    yield Hostile("merge.md", lambda _: front("a: &a {b: c}\nd:\n  <<: *a").encode(), read=True)
    yield Hostile(
        "numbers.md",
        lambda _: front(f"a: {'9' * 50_000}\nb: 0x{'f' * 9_000}\nc: 1e999999\nd: 9999-99-99").encode(),
        read=True,
    )
    yield Hostile("open.md", lambda _: b"---\n" + b"a: b\n" * 100_000, read=True)
    yield Hostile(
        "deep-toml.md", lambda _: b"+++\na = " + make.deep("[", "]", 20_000, "").encode() + b"\n+++\nText.", read=True
    )
    yield Hostile(
        "dotted-toml.md", lambda a: b"+++\n" + b"a." * a.size(4_000, 15_000) + b"a = 1\n+++\nText.", read=True
    )
    yield Hostile(
        "numbers-toml.md", lambda _: b"+++\na = " + b"9" * 50_000 + b"\nb = 1e999\nc = nan\n+++\nText.", read=True
    )
    yield Hostile("tables-toml.md", lambda _: b"+++\n" + b"[[a.a.a.a]]\n" * 5_000 + b"+++\nText.", read=True)
    yield Hostile(
        "adorned.rst",
        lambda a: b"=" * a.size(200_000, 5_000_000) + b"\nTitle\n" + b"=" * 100_000 + b"\nText.",
        read=True,
    )
    yield Hostile("blank.rst", lambda _: b" " * 60_000 + b"\n" + b"a \n" * 30_000, read=True)
    yield Hostile("shebang.unknown", lambda a: b"#!" + b"/usr/bin/env " * a.size(10_000, 1_000_000) + b"\n", read=True)
    yield Hostile("minified.js", lambda a: b"function(){" * a.size(20_000, 2_000_000), failed="minified")
    yield Hostile("deep.json", lambda a: b"[" * a.size(100_000, 1_000_000), read=True)
    yield Hostile("bomb.rtf", lambda _: rb"{\rtf1" + b"{" * 100_000, failed="nested too deep")
    yield Hostile("rtf.txt", lambda _: rb"{\rtf1 Text.}", read=True)
    yield Hostile("program.md", lambda _: b"\x7fELF" + bytes(range(256)) * 10, failed="compiled program")


def _mails() -> Iterator[Hostile]:
    yield Hostile("nested.eml", lambda a: make.nested_mail(a.size(1_000, 30_000)))
    yield Hostile("attached.eml", lambda a: make.attached_messages(a.size(200, 5_000)))
    yield Hostile("boundaries.eml", lambda a: make.many_parts(a.size(20_000, 2_000_000)))
    yield Hostile(
        "dashes.eml",
        lambda a: make.mail("Content-Type: multipart/mixed; boundary=-", "-" * a.size(300_000, 20_000_000)),
    )
    yield Hostile("tags.eml", lambda a: make.alternatives("<!--<style <p" * a.size(30_000, 1_000_000)))
    yield Hostile("parts.mht", lambda a: make.many_parts(a.size(20_000, 2_000_000)))
    yield Hostile("events.ics", lambda a: make.calendar(a.size(3_000, 300_000)))
    yield Hostile("folds.ics", lambda a: b"BEGIN:VEVENT\nSUMMARY:" + b"\n a" * a.size(100_000, 5_000_000))
    yield Hostile("parameters.ics", lambda a: b"BEGIN:VEVENT\nATTENDEE" + b";A=B" * a.size(50_000, 2_000_000))
    yield Hostile("messages.eml", lambda a: make.nested_messages(a.size(3_000, 100_000)))
    yield Hostile("headers.eml", lambda a: make.mail("X-Many: a\n" * a.size(30_000, 1_000_000), "Text."))
    yield Hostile(
        "addresses.eml",
        lambda a: make.mail(
            "To: " + ", ".join(f'"A {n}" <a{n}@example.org>' for n in range(a.size(1_500, 200_000))), "Text."
        ),
        read=True,
    )
    yield Hostile("comments.eml", lambda a: make.mail("Cc: " + "(" * a.size(20_000, 1_000_000), "Text."))
    yield Hostile("words.eml", lambda a: make.mail("To: " + "=?utf-8?q?a?= " * a.size(5_000, 200_000), "Text."))
    yield Hostile(
        "parameters.eml",
        lambda a: make.mail(
            "Content-Type: text/plain; " + "".join(f"a*{n}=b; " for n in range(a.size(1_500, 200_000))), "Text."
        ),
    )
    yield Hostile(
        "boundary.eml",
        lambda a: make.mail(
            f'Content-Type: multipart/mixed; boundary="{"b" * 200_000}"', "--b\n" * a.size(30_000, 1_000_000)
        ),
    )
    yield Hostile(
        "base64.eml",
        lambda a: make.mail(
            "Content-Type: text/plain\nContent-Transfer-Encoding: base64",
            base64.b64encode(b"word " * a.size(500_000, 4_000_000)).decode(),
        ),
        read=True,
    )
    yield Hostile("charset.eml", lambda _: make.mail("Content-Type: text/plain; charset=utf-7", "+ADw-b+AD4-"))
    yield Hostile(
        "codec.eml",
        lambda _: make.mail("Content-Type: text/plain; charset=../../etc/passwd\0", "Text."),
        read=True,
    )
    yield Hostile("codecs.eml", lambda _: make.mail("Content-Type: text/plain; charset=zip", "Text."))
    yield Hostile(
        "uuencode.eml",
        lambda _: make.mail(
            "Content-Type: text/plain\nContent-Transfer-Encoding: x-uuencode", "begin 644 a\n" + "M" * 70
        ),
    )
    yield Hostile("subject.eml", lambda a: make.mail("Subject: " + "a" * a.size(1_000_000, 20_000_000), "Text."))
    yield Hostile(
        "deep-html.eml",
        lambda a: make.mail("Content-Type: text/html", make.deep("<div>", "</div>", a.size(20_000, 1_000_000))),
    )


def _notebooks() -> Iterator[Hostile]:
    text = {"cell_type": "markdown", "source": ["# Vectors"]}
    yield Hostile(
        "deep.ipynb",
        lambda a: b"[" * a.size(100_000, 5_000_000) + b"]" * a.size(100_000, 5_000_000),
        failed="damaged|deep",
    )
    yield Hostile(
        "deep-metadata.ipynb",
        lambda a: b'{"cells":[],"metadata":' + b'{"a":' * a.size(100_000, 1_000_000),
        failed="damaged|deep",
    )
    yield Hostile(
        "digits.ipynb",
        lambda a: make.notebook([text])[:-1] + b', "n": ' + b"9" * a.size(1_000_000, 20_000_000) + b"}",
        failed="damaged",
    )
    yield Hostile("infinite.ipynb", lambda _: make.notebook([text])[:-1] + b', "n": 1e999, "m": NaN}', read=True)
    yield Hostile(
        "surrogates.ipynb",
        lambda _: make.notebook([text, {"cell_type": "raw", "source": "\ud800 alone \udfff"}]),
        read=True,
    )
    yield Hostile("nul.ipynb", lambda _: make.notebook([text, {"cell_type": "raw", "source": "a\0b"}]), read=True)
    yield Hostile(
        "types.ipynb",
        lambda _: json.dumps(
            {"cells": [1, None, {"source": {"a": 1}}, {"cell_type": []}, text], "metadata": 3}
        ).encode(),
    )
    yield Hostile(
        "outputs.ipynb",
        lambda a: make.notebook(
            [
                text,
                {
                    "cell_type": "code",
                    "source": "x",
                    "outputs": [{"text": "\x1b[" + "1;" * a.size(300_000, 5_000_000)}],
                },
            ]
        ),
        read=True,
    )
    yield Hostile(
        "ticks.ipynb",
        lambda a: make.notebook([{"cell_type": "code", "source": "`" * a.size(1_000_000, 20_000_000)}]),
        read=True,
    )
    yield Hostile(
        "levels.ipynb", lambda _: make.notebook([{"cell_type": "heading", "level": 10**9, "source": "A"}]), read=True
    )
