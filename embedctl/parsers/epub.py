"""EPUB books: their chapters, in the order of the spine, as Markdown."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING
from urllib.parse import unquote

from ..errors import ParseError, UnsupportedError
from ..records import JSON, Markup, ParsedDocument
from .archives import open_archive, read_member
from .decoding import decode, is_binary, marked
from .html import declared_charset, to_markdown
from .markup import failing_as, first_heading, one_line, required

if TYPE_CHECKING:
    import zipfile
    from xml.etree.ElementTree import Element

KIND = "EPUB book"
MEDIA_TYPE = "application/epub+zip"

_CONTAINER = "META-INF/container.xml"
_DUBLIN_CORE = "{http://purl.org/dc/elements/1.1/}"
_FIELDS = {
    "creator": "author",
    "publisher": "publisher",
    "date": "date",
    "description": "description",
    "identifier": "identifier",
}
_PAGE_TYPES = {"application/xhtml+xml", "text/html", "application/x-dtbook+xml"}


def parse(data: bytes, _path: str) -> ParsedDocument:
    """Return the chapters of the spine, a blank line between them; its table of contents is left out.

    Raises:
        ParseError: the file is damaged, protected or no book.
        UnsupportedError: it holds no text.
    """
    with open_archive(data, KIND) as archive:
        package, names = _package(archive)
        chapters = [_chapter(archive, name) for name in dict.fromkeys(names)]
    text = "\n\n".join(chapter for chapter in chapters if chapter)
    return ParsedDocument(
        required(text, "no text in this book"),
        MEDIA_TYPE,
        Markup.MARKDOWN,
        title=_first(package, "title") or first_heading(text),
        language=_first(package, "language"),
        metadata=_metadata(package),
    )


def _chapter(archive: zipfile.ZipFile, name: str) -> str:
    data = read_member(archive, name, KIND)
    if is_binary(data) and not marked(data):
        raise ParseError(f"damaged {KIND}: {name} is not text")
    try:
        return to_markdown(decode(data, declared_charset(data)).text)
    except UnsupportedError:  # an empty page, such as a cover
        return ""
    except ParseError as error:
        raise ParseError(f"damaged {KIND}: {name}: {error.message}") from error


def _package(archive: zipfile.ZipFile) -> tuple[Element, list[str]]:
    """Return the package document, and the names of the chapters' members in reading order."""
    rootfile = _xml(archive, _CONTAINER).find(".//{*}rootfile")
    name = rootfile.get("full-path") if rootfile is not None else None
    if not name:
        raise ParseError(f"damaged {KIND}: {_CONTAINER} names no package")
    root = _xml(archive, name)
    items = {item.get("id"): item for item in root.iterfind(".//{*}manifest/{*}item")}
    chapters = []
    for reference in root.iterfind(".//{*}spine/{*}itemref"):
        item = items.get(reference.get("idref"))
        if item is None or item.get("media-type") not in _PAGE_TYPES or "nav" in (item.get("properties") or "").split():
            continue
        target = unquote((item.get("href") or "").partition("#")[0])
        chapters.append(posixpath.normpath(posixpath.join(posixpath.dirname(name), target)))
    if not chapters:
        raise ParseError(f"damaged {KIND}: its spine names no chapters")
    return root, chapters


def _xml(archive: zipfile.ZipFile, name: str) -> Element:
    from defusedxml import ElementTree

    data = read_member(archive, name, KIND)
    with failing_as(f"damaged {KIND}: {name} is not readable XML"):
        root: Element = ElementTree.fromstring(data)
    return root


def _first(root: Element, name: str) -> str | None:
    return next(iter(_all(root, name)), None)


def _all(root: Element, name: str) -> list[str]:
    values = (one_line("".join(element.itertext())) for element in root.iter(f"{_DUBLIN_CORE}{name}"))
    return [value for value in values if value]


def _metadata(root: Element) -> dict[str, JSON]:
    metadata: dict[str, JSON] = {}
    for name, key in _FIELDS.items():
        if values := _all(root, name):
            metadata[key] = ", ".join(values) if name == "creator" else values[0]
    if subjects := _all(root, "subject"):
        metadata["keywords"] = list(subjects)
    return metadata
