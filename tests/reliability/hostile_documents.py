"""Documents that attack whoever parses them, and those that are merely broken; every one is made here.

Bombs come in two sizes: small ones unpack to a gigabyte or so, full ones to what they are known for.
"""

from __future__ import annotations

import io
import json
import struct
import sys
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.append(str(Path(__file__).parents[1] / "parsers"))  # for the samples of every format

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

SECRET = "the-secret-of-another-file"
"""Stands in a file beside the documents; those with external entities ask for it."""
MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Hostile:
    """One document, and what may become of it."""

    name: str
    make: Callable[[Attack], bytes]
    failed: str = ""
    """Pattern of the reason with which it has to fail or be skipped; empty: it may also be read."""
    read: bool = False
    """It is harmless once looked at rightly, and has to be read."""


@dataclass(frozen=True)
class Attack:
    """How large the bombs are, and where the secret lies."""

    full: bool
    secret: str
    """Absolute path of a file that no document may bring into the index."""
    server: str
    """Address that no parser may talk to."""

    def size(self, small: int, full: int) -> int:
        return full if self.full else small


# --- archives


@dataclass(frozen=True)
class Member:
    """One member of an archive, as it is and as the headers tell of it."""

    name: str
    data: bytes
    """As it stands in the archive, compressed by ``method``."""
    method: int = 8
    told_size: int | None = None
    flags: int = 0
    share: bool = False
    """Its data are those of the member before it."""


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def deflated_copies(block: bytes, copies: int) -> bytes:
    """Return deflated ``block * copies`` without ever holding it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    return packed * copies + deflated(b"")


def archive(members: Iterable[Member]) -> bytes:
    """Return a zip archive whose headers say what the members say."""
    out, central, count, offset = bytearray(), bytearray(), 0, 0
    for member in members:
        name, told, check = member.name.encode(), member.told_size, 0
        if told is None:
            content = zlib.decompress(member.data, -15) if member.method == 8 else member.data
            told, check = len(content), zlib.crc32(content)
        sizes = (check, len(member.data), told, len(name), 0)
        about = struct.pack("<HHHHHIIIHH", 20, member.flags, member.method, 0, 33, *sizes)
        if not member.share:
            offset = len(out)
            out += b"PK\3\4" + about + name + member.data
        central += b"PK\1\2" + struct.pack("<H", 20) + about + struct.pack("<HHHII", 0, 0, 0, 0, offset) + name
        count += 1
    end = struct.pack("<HHHHIIH", 0, 0, count & 0xFFFF, count & 0xFFFF, len(central), len(out), 0)
    return bytes(out + central + b"PK\5\6" + end)


def zipped(members: Mapping[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


def unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {name: file.read(name) for name in file.namelist()}


def members(data: bytes) -> list[Member]:
    return [Member(name, deflated(content)) for name, content in unpacked(data).items()]


def without(data: bytes, name: str) -> bytes:
    return archive(member for member in members(data) if member.name != name)


def with_member(data: bytes, member: Member) -> bytes:
    """Return an archive in which ``member`` stands for the one of its name, or beside the others."""
    return archive([*(each for each in members(data) if each.name != member.name), member])


def replaced(data: bytes, name: str, content: str | bytes) -> bytes:
    return zipped({**unpacked(data), name: content})


def zip_of_zips(attack: Attack) -> bytes:
    """42.zip: archives in archives, sixteen of each."""
    data = archive([Member("0.dll", deflated_copies(bytes(MEBIBYTE), attack.size(64, 4096)), told_size=1 << 26)])
    for _ in range(5):
        data = archive(Member(f"lib{number:x}.zip", data, method=0, share=bool(number)) for number in range(16))
    return data


# --- documents that the archives hold


def docx_document(body: str, before: str = "") -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{before}'
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
        ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><w:body>'
        f"{body}</w:body></w:document>"
    )


def docx(body: str | None = None, before: str = "", relations: str = "") -> bytes:
    """Return a Word document of the fewest parts."""
    text = "<w:p><w:r><w:t>Vectors are normalized first.</w:t></w:r></w:p>" if body is None else body
    return zipped(
        {
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="bin" ContentType="application/octet-stream"/>'
            '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.'
            'wordprocessingml.document.main+xml"/></Types>',
            "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            '<Relationship Id="a" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
            'officeDocument" Target="word/document.xml"/></Relationships>',
            "word/_rels/document.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
            f'relationships">{relations}</Relationships>',
            "word/document.xml": docx_document(text, before),
        }
    )


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def laughs(root: str, levels: int = 10, width: int = 10) -> str:
    """A billion laughs: entities of entities."""
    lines = ['<!ENTITY e0 "laughter ">']
    lines += [f'<!ENTITY e{level} "{f"&e{level - 1};" * width}">' for level in range(1, levels)]
    return f"<!DOCTYPE {root} [{''.join(lines)}]>"


def quadratic(root: str, size: int) -> str:
    return f'<!DOCTYPE {root} [<!ENTITY long "{"a" * size}">]>'


def external(root: str, where: str) -> str:
    return f'<!DOCTYPE {root} [<!ENTITY secret SYSTEM "{where}">]>'


def external_parameter(root: str, where: str) -> str:
    return f'<!DOCTYPE {root} [<!ENTITY % more SYSTEM "{where}"> %more; ]>'


def xlsx(sheet: str, shared: str = "") -> bytes:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    kinds = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    return zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kinds}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kinds}.worksheet+xml"/>'
            f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kinds}.sharedStrings+xml"/></Types>',
            "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
            f'<Relationship Id="a" Type="{relation}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{relation}"><sheets>'
            '<sheet name="One" sheetId="1" r:id="a"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
            f'<Relationship Id="a" Type="{relation}/worksheet" Target="worksheets/sheet1.xml"/>'
            f'<Relationship Id="b" Type="{relation}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
            "xl/worksheets/sheet1.xml": sheet.replace("MAIN", main),
            "xl/sharedStrings.xml": shared.replace("MAIN", main) or f'<sst xmlns="{main}"/>',
        }
    )


def sheet(rows: str, dimension: str = "A1") -> str:
    return f'<worksheet xmlns="MAIN"><dimension ref="{dimension}"/><sheetData>{rows}</sheetData></worksheet>'


CELL = '<row r="1"><c r="A1" t="inlineStr"><is><t>cosine</t></is></c></row>'


def ods(table: str, before: str = "") -> bytes:
    names = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
        for short, long in (("office", "office"), ("table", "table"), ("text", "text"))
    )
    return zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:'
            'manifest:1.0"><manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.'
            'opendocument.spreadsheet"/></manifest:manifest>',
            "content.xml": f'<?xml version="1.0"?>{before}<office:document-content {names}><office:body>'
            f'<office:spreadsheet><table:table table:name="One">{table}</table:table></office:spreadsheet>'
            "</office:body></office:document-content>",
        }
    )


ODS_CELL = '<table:table-cell office:value-type="string"{}><text:p>cosine</text:p></table:table-cell>'


def epub(
    chapter: str = "<h1>Vectors</h1><p>They are normalized first.</p>",
    before: str = "",
    title: str = "Book",
    spine: int = 1,
) -> bytes:
    chapters = '<itemref idref="one"/>' * spine
    page = f'<?xml version="1.0"?>{before}<html xmlns="http://www.w3.org/1999/xhtml"><body>{chapter}</body></html>'
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
            '<rootfiles><rootfile full-path="book.opf"/></rootfiles></container>',
            "book.opf": f'<?xml version="1.0"?>{before}<package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
            f'<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title></metadata><manifest>'
            '<item id="one" href="one.xhtml" media-type="application/xhtml+xml"/></manifest>'
            f"<spine>{chapters}</spine></package>",
            "one.xhtml": page,
        }
    )


def pptx_with(slide: str, before: str = "") -> bytes:
    from pptx import Presentation

    presentation = Presentation()
    presentation.slides.add_slide(presentation.slide_layouts[6])
    buffer = io.BytesIO()
    presentation.save(buffer)
    xml = (
        f'<?xml version="1.0"?>{before}<p:sld xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><p:cSld><p:spTree><p:nvGrpSpPr>'
        '<p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'
        f"{slide}</p:spTree></p:cSld></p:sld>"
    )
    return replaced(buffer.getvalue(), "ppt/slides/slide1.xml", xml)


def slide_text(text: str) -> str:
    return (
        '<p:sp><p:nvSpPr><p:cNvPr id="2" name="a"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/><p:txBody><a:bodyPr/>'
        f"<a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"
    )


# --- PDF


def pdf(objects: Mapping[int, bytes], trailer: bytes = b"/Root 1 0 R") -> bytes:
    """Return a PDF of these objects, with a cross-reference table that is right."""
    out, places = bytearray(b"%PDF-1.7\n"), {}
    for number, content in objects.items():
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start, size = len(out), max(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % size
    for number in range(1, size):
        out += b"%010d 00000 n \n" % places[number] if number in places else b"0000000000 00000 f \n"
    return bytes(out + b"trailer\n<< /Size %d %s >>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, start))


def stream(data: bytes, about: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), about, data)


FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
CONTENT = b"BT /F1 12 Tf 72 700 Td (Vectors are normalized first) Tj ET"
CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
PAGE = (
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
    b" /Resources << /Font << /F1 5 0 R >> /XObject << /X 6 0 R >> >> >>"
)


def one_page(changes: Mapping[int, bytes] | None = None, trailer: bytes = b"/Root 1 0 R") -> bytes:
    usual = {1: CATALOG, 2: PAGES, 3: PAGE, 4: stream(CONTENT), 5: FONT}
    return pdf({**usual, **(changes or {})}, trailer)


def flated(data: bytes) -> bytes:
    return zlib.compress(data, 9)


def flated_copies(block: bytes, copies: int) -> bytes:
    """Return a zlib stream of ``block * copies`` with a checksum that is wrong, which PDFium does not mind."""
    return b"\x78\xda" + deflated_copies(block, copies) + b"\0\0\0\0"


def pdf_flate_bomb(attack: Attack) -> bytes:
    data = flated_copies(b" " * MEBIBYTE, attack.size(1024, 10_240))
    return one_page({4: stream(data, b"/Filter /FlateDecode")})


def pdf_flate_in_flate(attack: Attack) -> bytes:
    inner = flated_copies(b" " * MEBIBYTE, attack.size(2_000, 20_000))
    return one_page({4: stream(flated(inner), b"/Filter [/FlateDecode /FlateDecode]")})


def pdf_text_bomb(attack: Attack) -> bytes:
    line = b"BT /F1 12 Tf 72 700 Td (Vectors are normalized first, and compared afterwards.) Tj ET\n"
    data = flated_copies(line * 10_000, attack.size(30, 300))
    return one_page({4: stream(data, b"/Filter /FlateDecode")})


def pdf_forms_of_forms(attack: Attack) -> bytes:
    """Ten levels of forms, each drawing the next ten times."""
    levels, width = attack.size(9, 12), 10
    objects = {}
    for level in range(levels):
        last = level == levels - 1
        about = b"/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << /Font << /F1 5 0 R >>"
        about += b" >>" if last else b" /XObject << /X %d 0 R >> >>" % (7 + level)
        objects[6 + level] = stream(CONTENT if last else b"/X Do " * width, about)
    return one_page({4: stream(b"/X Do " * width), **objects})


def pdf_many_pages(attack: Attack) -> bytes:
    count = attack.size(20_000, 1_000_000)
    return one_page({2: b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b"3 0 R " * count, count)})


def pdf_deep_page_tree(attack: Attack) -> bytes:
    levels = attack.size(20_000, 200_000)
    objects = {10 + n: b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % (11 + n) for n in range(levels)}
    objects[10 + levels] = PAGE
    return one_page({2: b"<< /Type /Pages /Kids [10 0 R] /Count 1 >>", **objects})


def pdf_object_streams(attack: Attack) -> bytes:
    """Object streams that extend each other, in a file whose cross-references lie in a stream that refers to itself."""
    body = b"10 0 11 3 12 0 13 3"
    return one_page(
        {
            6: stream(body, b"/Type /ObjStm /N 2 /First 10 /Extends 7 0 R"),
            7: stream(body, b"/Type /ObjStm /N 2000000000 /First 10 /Extends 6 0 R"),
        },
        b"/Root 1 0 R /Prev 0 /XRefStm 9",
    )


# --- text, mail, notebooks


def mail(headers: str, body: str) -> bytes:
    return f"From: Ann <ann@example.org>\nSubject: Vectors\nMIME-Version: 1.0\n{headers}\n\n{body}\n".encode()


def nested_mail(depth: int) -> bytes:
    head = "".join(f'Content-Type: multipart/mixed; boundary="b{level}"\n\n--b{level}\n' for level in range(depth))
    return f"From: a@example.org\nSubject: Deep\nMIME-Version: 1.0\n{head}Content-Type: text/plain\n\nDeep.\n".encode()


def nested_messages(depth: int) -> bytes:
    return b"From: a@example.org\nSubject: Deep\nMIME-Version: 1.0\n" + b"Content-Type: message/rfc822\n\n" * depth


def attached_messages(depth: int) -> bytes:
    head = b"Content-Type: message/rfc822\nContent-Disposition: attachment; filename=a.eml\n\nSubject: Deeper\n"
    edges = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (level, level) + head for level in range(depth)
    )
    return b"From: a@example.org\nSubject: Deep\nMIME-Version: 1.0\n" + edges + b"\nText.\n"


def many_parts(count: int) -> bytes:
    part = b"--b\nContent-Type: text/html\n\n<p>x</p>\n"
    return b"From: a@example.org\nContent-Type: multipart/related; boundary=b\n\n" + part * count


def alternatives(html: str) -> bytes:
    body = f"--b\n\nText.\n--b\nContent-Type: text/html\n\n{html}\n--b--"
    return mail("Content-Type: multipart/alternative; boundary=b", body)


def calendar(events: int) -> bytes:
    return b"BEGIN:VCALENDAR\n" + b"BEGIN:VEVENT\nSUMMARY:Deep\n" * events


def notebook(cells: object) -> bytes:
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).encode()


def old_workbook(chain: str) -> bytes:
    """An OLE2 file whose sector chains run in circles, or whose header tells of absurd sizes."""
    sector = 512
    header = bytearray(sector)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    many = chain == "absurd"
    struct.pack_into("<HHHHH", header, 24, 0x3E, 3, 0xFFFE, 9, 6)
    struct.pack_into("<IIIIIIIII", header, 40, 0, 0xFFFFFFF0 if many else 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    for at in range(109):
        struct.pack_into("<I", header, 76 + 4 * at, 0 if at == 0 or many else 0xFFFFFFFF)
    fat = struct.pack("<128I", 0xFFFFFFFD, 2, 1, *([0xFFFFFFFF] * 125))
    entry = bytearray(128)
    name = "Root Entry\0".encode("utf-16-le")
    entry[: len(name)] = name
    struct.pack_into("<HBB", entry, 64, len(name), 5, 1)
    struct.pack_into("<III", entry, 68, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    struct.pack_into("<IQ", entry, 116, 1, 1 << 40)
    return bytes(header) + fat + bytes(entry) * 4 + bytes(sector)


def deep(opening: str, closing: str, depth: int, inside: str = "deep") -> str:
    return opening * depth + inside + closing * depth


PROSE = "Cosine similarity compares directions and ignores lengths. "
