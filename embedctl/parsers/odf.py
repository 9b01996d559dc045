"""OpenDocument (.odt, .ods, .odp, .odg, their templates and flat files) to Markdown; slides and sheets are pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ParseError, UnsupportedError
from ..records import JSON, Markup, ParsedDocument
from .archives import open_archive, read_member
from .markup import failing_as, first_heading, join_pages, one_line, required, tidy
from .numerals import is_page_number
from .odf_lists import DRAW, META, OFFICE, PRESENTATION, STYLE, TABLE, list_styles
from .odf_rows import PlainRow, without_rows
from .odf_text import DUBLIN_CORE, Reader
from .ooxml import element_tree, local

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

KIND = "OpenDocument file"
MEDIA_TYPES = {
    "text": "application/vnd.oasis.opendocument.text",
    "spreadsheet": "application/vnd.oasis.opendocument.spreadsheet",
    "presentation": "application/vnd.oasis.opendocument.presentation",
    "drawing": "application/vnd.oasis.opendocument.graphics",
}

_READ = {"content.xml", "styles.xml", "meta.xml", "manifest.xml"}
_PROPERTIES = {
    f"{META}initial-creator": "author",
    f"{DUBLIN_CORE}creator": "author",
    f"{DUBLIN_CORE}subject": "subject",
    f"{DUBLIN_CORE}description": "description",
    f"{META}creation-date": "created",
    f"{DUBLIN_CORE}date": "modified",
}


def parse(data: bytes, _path: str) -> ParsedDocument:
    """Return a text as headings, lists and tables, notes at the end; slides and sheets as ``## name`` and content.

    Raises:
        ParseError: the file is damaged, protected or no OpenDocument.
        UnsupportedError: it holds no text.
    """
    if not data:
        raise UnsupportedError("empty file")
    if not data.startswith(b"PK"):
        return _document([_root(data)], lambda _: None)
    with open_archive(data, KIND) as archive:
        names = [name for name in archive.namelist() if name.rpartition("/")[2] in _READ]
        members = {name: read_member(archive, name, KIND) for name in names}
    if b"encryption-data" in members.get("META-INF/manifest.xml", b""):
        raise ParseError(f"password-protected {KIND}")
    content, lifted = without_rows(members.get("content.xml", b""))
    parts = [_root(each) for each in (content, members.get("styles.xml"), members.get("meta.xml"))]
    return _document(parts, lambda name: _root(members.get(f"{name.strip('/')}/content.xml")), lifted)


def _root(data: bytes | None) -> Any:
    """Return the root element of a part; ``None``: there is no such part."""
    if not data:
        return None
    with failing_as(f"damaged or no {KIND}"):
        return element_tree(data)


def _document(
    parts: list[Any], objects: Callable[[str], Any], lifted: Sequence[Sequence[PlainRow]] = ()
) -> ParsedDocument:
    """Return the document of its parts: one where the file is flat, else content, styles and properties."""
    roots = [root for root in parts if root is not None]
    body = next(
        (child for root in roots for each in root.iter(f"{OFFICE}body") for child in each.iterchildren("*")), None
    )
    if body is None or local(body) not in MEDIA_TYPES:
        raise ParseError(f"damaged or no {KIND}")
    kind = local(body)
    pages: tuple[int, ...] = ()
    with failing_as(f"damaged {KIND}"):
        styles = {name: each for root in reversed(roots) for name, each in list_styles(root).items()}
        reader = Reader(styles, objects, lifted)
        if kind == "text":
            text = tidy("\n\n".join(filter(None, _text(reader, body, roots))))
        else:
            name = {"spreadsheet": _sheets, "presentation": _slides, "drawing": _slides}[kind]
            text, pages = join_pages([tidy("\n\n".join(filter(None, page))) for page in name(reader, body)])
        metadata, title = _properties(roots)
    return ParsedDocument(
        required(text, "no text in this document"),
        MEDIA_TYPES[kind],
        Markup.MARKDOWN,
        title=title or (first_heading(text) if kind == "text" else None),
        pages=pages,
        metadata=metadata,
    )


def _text(reader: Reader, body: Any, roots: list[Any]) -> Iterator[str]:
    margins = {
        kind: dict.fromkeys(
            block
            for root in roots
            for margin in root.iter(f"{STYLE}{kind}")
            if margin.get(f"{STYLE}display") != "false"
            for block in reader.blocks(margin)
            if not is_page_number(block)
        )
        for kind in ("header", "footer")
    }
    yield from margins["header"]
    yield from reader.blocks(body)
    yield from reader.notes
    yield from margins["footer"]


def _slides(reader: Reader, body: Any) -> Iterator[list[str]]:
    unseen = {each.get(f"{PRESENTATION}name"): each.text for each in body.iterchildren(f"{PRESENTATION}footer-decl")}
    for page in body.iterchildren(f"{DRAW}page"):
        footer = one_line(unseen.pop(page.get(f"{PRESENTATION}use-footer-name"), "") or "")
        titles = [each for each in page.iter(f"{DRAW}frame") if each.get(f"{PRESENTATION}class") == "title"]
        title = next(filter(None, (one_line(" ".join(reader.blocks(each))) for each in titles)), "")
        for each in titles:
            each.getparent().remove(each)
        notes = list(page.iterchildren(f"{PRESENTATION}notes"))
        for note in notes:
            page.remove(note)
        spoken = "\n".join(filter(None, (block for note in notes for block in reader.blocks(note))))
        blocks = [f"## {title}"] if title else []
        yield [*blocks, *reader.blocks(page), f"Notes: {spoken}" if spoken else "", footer]


def _sheets(reader: Reader, body: Any) -> Iterator[list[str]]:
    for sheet in body.iterchildren(f"{TABLE}table"):
        if blocks := [block for block in reader.sheet(sheet) if block]:
            yield [f"## {one_line(sheet.get(f'{TABLE}name') or '')}", *blocks]


def _properties(roots: list[Any]) -> tuple[dict[str, JSON], str]:
    metadata: dict[str, JSON] = {}
    keywords: list[JSON] = []
    title = ""
    for root in roots:
        for meta in root.iter(f"{OFFICE}meta"):
            for child in meta.iterchildren("*"):
                value = one_line(child.text or "")
                if value and child.tag == f"{DUBLIN_CORE}title":
                    title = title or value
                elif value and child.tag == f"{META}keyword":
                    keywords.append(value)
                elif value and (key := _PROPERTIES.get(child.tag)):
                    metadata.setdefault(key, value)
    if keywords:
        metadata["keywords"] = ", ".join(map(str, keywords))
    return metadata, title
