"""The package of a book: which of its files are chapters, in which order, and what its table of contents calls them.

Books are made by many hands. A reference that leads nowhere costs what it names, and no more.
"""

from __future__ import annotations

import html
import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import normalize
from urllib.parse import unquote

from ..errors import ParseError, UnsupportedError
from .archives import read_member
from .decoding import decode
from .html_tree import text_of

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator

    from lxml.etree import _Element as Element

KIND = "EPUB book"

_CONTAINER = "META-INF/container.xml"
_PAGE_TYPES = {"application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document"}
_PAGE_TYPES |= {"application/xml", "text/xml", "image/svg+xml"}
_PAGE_ENDINGS = (".xhtml", ".html", ".htm", ".xht")
_CONTENTS_TYPE = "application/x-dtbncx+xml"
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z][A-Za-z0-9]*);")
_BARE = re.compile(r"&(?!#?\w+;)")
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[>]*(?:\[(?:[^\]\"']|\"[^\"]*\"|'[^']*')*\]\s*)?>", re.IGNORECASE)
_ENCODING = re.compile(r"^\s*<\?xml[^>]*\?>")
_DIGITS = re.compile(r"(\d+)")


class Place(NamedTuple):
    """An entry of the table of contents: a place in a chapter, and its title."""

    fragment: str
    title: str


@dataclass(frozen=True, slots=True)
class Package:
    """A book's chapters as names of members, in reading order."""

    chapters: list[str]
    metadata: list[Element] = field(default_factory=list)
    places: dict[str, list[Place]] = field(default_factory=dict)
    lacks: list[tuple[str, str]] = field(default_factory=list)
    """Chapters that are not there, each with the reason."""
    notes: list[str] = field(default_factory=list)


class Members:
    """Names in the archive, found as books spell them: encoded, in another case, or relative to another folder."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self._known = set(names)
        self._folded: dict[str, str] = {}
        for name in names:
            self._folded.setdefault(_folded(name), name)

    def find(self, reference: str, folder: str = "") -> str | None:
        """Return the member that a reference in a file of ``folder`` means."""
        plain = reference.strip().partition("#")[0]
        for target in (plain, unquote(plain), html.unescape(unquote(plain))):
            path = posixpath.normpath(posixpath.join(folder, target.replace("\\", "/"))).lstrip("/")
            while path.startswith("../"):
                path = path[3:]
            for each in (path, posixpath.normpath(target).lstrip("/")):
                if each in self._known:
                    return each
                if found := self._folded.get(_folded(each)):
                    return found
        return None


def open_package(archive: zipfile.ZipFile) -> Package:
    """Return the package of a book, as far as it can be found.

    Raises:
        ParseError: there are no pages in the archive.
    """
    members = Members([name for name in archive.namelist() if not name.endswith("/")])
    name, notes = _package_name(archive, members)
    root = read_xml(archive, name) if name else None
    if root is None or name is None:
        return _by_names(
            members, [*notes, "its list of chapters cannot be read: they stand in the order of their names"]
        )
    folder = posixpath.dirname(name)
    items = {(item.get("id") or "").strip(): item for item in _named(root, "item")}
    contents = _contents(archive, members, root, items, folder)
    chapters: list[str] = []
    lacks: list[tuple[str, str]] = []
    references = [(reference.get("idref") or "").strip() for reference in _named(root, "itemref")]
    for identifier in dict.fromkeys(references):
        item = _readable_item(items, identifier)
        if item is None:
            if identifier not in items:
                lacks.append((identifier or "a chapter", "its list of files does not have it"))
        elif "nav" not in (item.get("properties") or "").split():
            reference = item.get("href") or ""
            if found := members.find(reference, folder):
                chapters.append(found)
            else:
                lacks.append((unquote(reference) or identifier, "it is not in the file"))
    if not chapters and not lacks:
        pages = (members.find(item.get("href") or "", folder) for item in items.values() if _is_page(item))
        chapters = [page for page in pages if page]
        notes = [*notes, "it does not say in which order its chapters stand"] if chapters else notes
    if not chapters and not lacks:
        return _by_names(members, [*notes, "it names no chapters: they stand in the order of their names"])
    metadata = [each for group in _named(root, "metadata") for each in group.iter() if isinstance(each.tag, str)]
    return Package(list(dict.fromkeys(chapters)), metadata, contents, lacks, notes)


def local_name(element: Element) -> str:
    """Return the name of an element without its name space or prefix, in lower case."""
    tag = element.tag
    return tag.rpartition("}")[2].rpartition(":")[2].lower() if isinstance(tag, str) else ""


def read_xml(archive: zipfile.ZipFile, name: str) -> Element | None:
    """Return the root of an XML member as far as it can be read; entities that it declares are left out.

    ``None``: the member is damaged or holds no element.
    """
    from lxml import etree

    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        source = decode(read_member(archive, name, KIND), "utf-8").text
        source = _BARE.sub("&amp;", source)
        source = _ENTITY.sub(_character, _DOCTYPE.sub("", _ENCODING.sub("", source), count=1))
        root: Element | None = etree.fromstring(source.encode(), parser)
    except (ParseError, UnsupportedError, etree.XMLSyntaxError, ValueError):
        return None
    return root


def _character(match: re.Match[str]) -> str:
    text = html.unescape(match[0])
    return "" if text == match[0] else html.escape(text)


def _package_name(archive: zipfile.ZipFile, members: Members) -> tuple[str | None, list[str]]:
    """Return the name of the package document, and a note where the file does not name it."""
    container = members.find(_CONTAINER)
    root = read_xml(archive, container) if container else None
    for rootfile in _named(root, "rootfile") if root is not None else ():
        if found := members.find(rootfile.get("full-path") or ""):
            return found, []
    packages = [name for name in members.names if name.lower().endswith(".opf")]
    if not packages:
        return None, []
    return min(packages, key=lambda name: (name.count("/"), name)), [f"{_CONTAINER} is missing or names no package"]


def _named(root: Element, name: str) -> Iterator[Element]:
    return (each for each in root.iter() if local_name(each) == name)


def _readable_item(items: dict[str, Element], identifier: str) -> Element | None:
    """Return the item that a reader of pages takes: this one, or one that stands in its place."""
    for _ in range(len(items)):
        item = items.get(identifier)
        if item is None or _is_page(item):
            return item
        identifier = (item.get("fallback") or "").strip()
    return None


def _is_page(item: Element) -> bool:
    kind = (item.get("media-type") or "").strip().lower().partition(";")[0]
    ending = (item.get("href") or "").partition("#")[0].lower().endswith(_PAGE_ENDINGS)
    return kind in _PAGE_TYPES or (ending and kind != _CONTENTS_TYPE)


def _by_names(members: Members, notes: list[str]) -> Package:
    pages = [name for name in members.names if name.lower().endswith(_PAGE_ENDINGS)]
    if not pages:
        raise ParseError(f"damaged {KIND}: it has no pages")
    pages.sort(key=lambda name: [int(each) if each.isdigit() else each for each in _DIGITS.split(name.lower())])
    return Package(pages, notes=notes)


def _folded(name: str) -> str:
    return normalize("NFC", name).casefold()


def _contents(
    archive: zipfile.ZipFile, members: Members, root: Element, items: dict[str, Element], folder: str
) -> dict[str, list[Place]]:
    """Return the entries of the tables of contents by the member that they lead to; the first that has one decides."""
    tables = [item for item in items.values() if "nav" in (item.get("properties") or "").split()]
    spine = next((each.get("toc") or "" for each in _named(root, "spine")), "")
    tables += [item for item in items.values() if item.get("media-type") == _CONTENTS_TYPE or item.get("id") == spine]
    for item in tables:
        name = members.find(item.get("href") or "", folder)
        table = read_xml(archive, name) if name else None
        places: dict[str, list[Place]] = {}
        for reference, title in _entries(table) if table is not None else ():
            if title and (found := members.find(reference, posixpath.dirname(name or ""))):
                places.setdefault(found, []).append(Place(unquote(reference.partition("#")[2]), title))
        if places:
            return places
    return {}


def _entries(table: Element) -> Iterator[tuple[str, str]]:
    """Yield reference and title of each entry of an NCX file or of a page with a table of contents."""
    for point in _named(table, "navpoint"):
        label = next((each for each in point if local_name(each) == "navlabel"), None)
        content = next((each for each in point if local_name(each) == "content"), None)
        if label is not None and content is not None:
            yield content.get("src") or "", text_of(label)
    for nav in _named(table, "nav"):
        kinds = [
            value for name, value in nav.attrib.items() if str(name).rpartition("}")[2] in ("type", "epub:type", "role")
        ]
        if not kinds or any("toc" in str(kind) for kind in kinds):
            for link in _named(nav, "a"):
                yield link.get("href") or "", text_of(link)
