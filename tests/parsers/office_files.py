"""Office files from pieces of their XML, and those of before 2007 from their records, as no library writes them."""

from __future__ import annotations

import io
import struct
import zipfile

OFFICE = "http://schemas.openxmlformats.org"
RELATIONS = f"{OFFICE}/officeDocument/2006/relationships"
NAMESPACES = " ".join(
    f'xmlns:{name}="{uri}"'
    for name, uri in {
        "w": f"{OFFICE}/wordprocessingml/2006/main",
        "s": f"{OFFICE}/spreadsheetml/2006/main",
        "p": f"{OFFICE}/presentationml/2006/main",
        "a": f"{OFFICE}/drawingml/2006/main",
        "c": f"{OFFICE}/drawingml/2006/chart",
        "m": f"{OFFICE}/officeDocument/2006/math",
        "r": RELATIONS,
        "mc": f"{OFFICE}/markup-compatibility/2006",
        "wp": f"{OFFICE}/drawingml/2006/wordprocessingDrawing",
        "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
        "v": "urn:schemas-microsoft-com:vml",
        "dgm": f"{OFFICE}/drawingml/2006/diagram",
        "xdr": f"{OFFICE}/drawingml/2006/spreadsheetDrawing",
        "tc": "http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments",
    }.items()
)
OPEN = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{path}:1.0"'
    for name, path in {
        "office": "office", "text": "text", "table": "table", "draw": "drawing", "style": "style",
        "presentation": "presentation", "chart": "chart", "meta": "meta", "svg": "svg-compatible",
    }.items()
) + ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xlink="http://www.w3.org/1999/xlink"'  # fmt: skip


def zipped(members: dict[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content, zipfile.ZIP_STORED if name == "mimetype" else None)
    return buffer.getvalue()


def relations(*targets: tuple[str, str]) -> str:
    """Relations r1, r2 ... of kinds to targets."""
    each = "".join(
        f'<Relationship Id="r{number}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{OFFICE}/package/2006/relationships">{each}</Relationships>'


def word(body: str, **parts: str | bytes) -> bytes:
    """A document of this body, and parts beside it, each called as its kind of relation: ``comments="..."``."""
    targets = [(kind, f"{kind}.xml") for kind in parts]
    members: dict[str, str | bytes] = {
        "_rels/.rels": relations(("officeDocument", "word/document.xml")),
        "word/document.xml": f"<w:document {NAMESPACES}><w:body>{body}</w:body></w:document>",
        "word/_rels/document.xml.rels": relations(*targets),
    }
    for kind, part in parts.items():
        members[f"word/{kind}.xml"] = part.replace("<w:", "<w:", 1) if isinstance(part, str) else part
    return zipped(members)


def part(name: str, content: str, attributes: str = "") -> str:
    """The root element of a part."""
    return f"<{name} {NAMESPACES} {attributes}>{content}</{name}>"


def paragraph(text: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{run(text)}</w:p>"


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def slides(*trees: str, **parts: str) -> bytes:
    """A presentation of these shape trees; parts hang on the first slide."""
    names = [f"slides/slide{number}.xml" for number in range(1, len(trees) + 1)]
    listed = "".join(f'<p:sldId r:id="r{number}"/>' for number in range(1, len(trees) + 1))
    members: dict[str, str | bytes] = {
        "_rels/.rels": relations(("officeDocument", "ppt/presentation.xml")),
        "ppt/presentation.xml": part("p:presentation", f"<p:sldIdLst>{listed}</p:sldIdLst>"),
        "ppt/_rels/presentation.xml.rels": relations(*(("slide", name) for name in names)),
        "ppt/slides/_rels/slide1.xml.rels": relations(*((kind, f"../{kind}.xml") for kind in parts)),
    }
    members |= {f"ppt/{kind}.xml": content for kind, content in parts.items()}
    for name, tree in zip(names, trees, strict=True):
        members[f"ppt/{name}"] = part("p:sld", f"<p:cSld><p:spTree>{tree}</p:spTree></p:cSld>")
    return zipped(members)


def shape(text: str, placeholder: str = "", name: str = "1") -> str:
    """A shape of these ``a:p``."""
    holder = f'<p:ph type="{placeholder}"/>' if placeholder else ""
    about = f'<p:nvSpPr><p:cNvPr id="{name}" name="Shape"/><p:nvPr>{holder}</p:nvPr></p:nvSpPr>'
    return f"<p:sp>{about}<p:txBody>{text}</p:txBody></p:sp>"


def line(text: str, properties: str = "") -> str:
    return f"<a:p>{properties}<a:r><a:t>{text}</a:t></a:r></a:p>"


def sheets(data: str, *, styles: str = "", root: str = "", **parts: str) -> bytes:
    """A workbook of one sheet, ``data`` being its rows; parts hang on the sheet."""
    return zipped(
        {
            "_rels/.rels": relations(("officeDocument", "xl/workbook.xml")),
            "xl/workbook.xml": part("s:workbook", f'{root}<s:sheets><s:sheet name="Stock" r:id="r1"/></s:sheets>'),
            "xl/_rels/workbook.xml.rels": relations(("worksheet", "sheet.xml"), ("styles", "styles.xml")),
            "xl/sheet.xml": part("s:worksheet", f"<s:sheetData>{data}</s:sheetData>"),
            "xl/styles.xml": part("s:styleSheet", styles),
            "xl/_rels/sheet.xml.rels": relations(*((kind, f"{kind}.xml") for kind in parts)),
            **{f"xl/{kind}.xml": content for kind, content in parts.items()},
        }
    )


def open_document(
    kind: str, body: str, *, automatic: str = "", styles: str = "", meta: str = "", **objects: str
) -> bytes:
    """An OpenDocument file of a kind: ``text``, ``spreadsheet``, ``presentation``."""
    content = f"<office:automatic-styles>{automatic}</office:automatic-styles>"
    content += f"<office:body><office:{kind}>{body}</office:{kind}></office:body>"
    return zipped(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "META-INF/manifest.xml": '<manifest xmlns="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
            "content.xml": f"<office:document-content {OPEN}>{content}</office:document-content>",
            "styles.xml": f"<office:document-styles {OPEN}>{styles}</office:document-styles>",
            "meta.xml": f"<office:document-meta {OPEN}><office:meta>{meta}</office:meta></office:document-meta>",
            **{f"{name}/content.xml": each for name, each in objects.items()},
        }
    )


def compound(streams: dict[str, bytes]) -> bytes:
    """A Compound File of these streams."""
    size = 512
    data = b""
    starts, sizes = [], []
    for stream in streams.values():
        stream = stream.ljust(4096, b"\0")  # shorter ones would lie in another stream
        stream += bytes(-len(stream) % size)
        starts.append(2 + len(data) // size)
        sizes.append(len(stream))
        data += stream
    table = [0xFFFFFFFD, 0xFFFFFFFE]
    for start, length in zip(starts, sizes, strict=True):
        table += [*range(start + 1, start + length // size), 0xFFFFFFFE]
    entries = [_entry("Root Entry", 5, 1 if streams else 0xFFFFFFFF, 0xFFFFFFFE, 0)]
    for number, (name, start, length) in enumerate(zip(streams, starts, sizes, strict=True), 1):
        following = number + 1 if number < len(streams) else 0xFFFFFFFF
        entries.append(_entry(name, 2, 0xFFFFFFFF, start, length, following))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<9I", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<109I", 0, *[0xFFFFFFFF] * 108)
    numbers = struct.pack(f"<{len(table)}I", *table).ljust(size, b"\xff")
    return header + numbers + b"".join(entries).ljust(size, b"\0") + data


def _entry(name: str, kind: int, child: int, start: int, length: int, following: int = 0xFFFFFFFF) -> bytes:
    spelled = (name + "\0").encode("utf-16-le")
    about = struct.pack("<HBBIII", len(spelled), kind, 1, 0xFFFFFFFF, following, child)
    return spelled.ljust(64, b"\0") + about + bytes(36) + struct.pack("<IQ", start, length)


def old_workbook(named: dict[str, list[list[object]]]) -> bytes:
    """An .xls file of these sheets."""
    bodies = [_biff_sheet(rows) for rows in named.values()]
    sizes = [4 + 8 + len(name) for name in named]
    place = 20 + sum(sizes) + 4
    globals_ = _record(0x0809, struct.pack("<HHHHII", 0x0600, 5, 0, 0, 0, 0))
    for name, body in zip(named, bodies, strict=True):
        globals_ += _record(0x0085, struct.pack("<IBBBB", place, 0, 0, len(name), 0) + name.encode("latin-1"))
        place += len(body)
    return compound({"Workbook": globals_ + _record(0x000A, b"") + b"".join(bodies)})


def _biff_sheet(rows: list[list[object]]) -> bytes:
    body = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x10, 0, 0, 0, 0))
    for row, values in enumerate(rows):
        for column, value in enumerate(values):
            place = struct.pack("<HHH", row, column, 0)
            if isinstance(value, int | float):
                body += _record(0x0203, place + struct.pack("<d", value))
            else:
                text = str(value).encode("utf-16-le")
                body += _record(0x0204, place + struct.pack("<HB", len(text) // 2, 1) + text)
    return body + _record(0x000A, b"")


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data
