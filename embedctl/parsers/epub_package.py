"""The package of a book: which of its files are chapters, in which order, and what its table of contents calls them.

Books are made by many hands. A reference that leads nowhere costs what it names, and no more.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from ..errors import ParseError
from .epub_contents import CONTENTS_TYPE, Place, contents_of
from .epub_members import KIND, Members, named, read_xml

if TYPE_CHECKING:
    import zipfile

    from lxml.etree import _Element as Element

_CONTAINER = "META-INF/container.xml"
_PAGE_TYPES = {"application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document"}
_PAGE_TYPES |= {"application/xml", "text/xml", "image/svg+xml"}
_PAGE_ENDINGS = (".xhtml", ".html", ".htm", ".xht")
_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Package:
    """A book's chapters as names of members, in reading order."""

    chapters: list[str]
    metadata: list[Element] = field(default_factory=list)
    places: dict[str, list[Place]] = field(default_factory=dict)
    lacks: list[tuple[str, str]] = field(default_factory=list)
    """Chapters that are not there, each with the reason."""
    notes: list[str] = field(default_factory=list)


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
    items = {(item.get("id") or "").strip(): item for item in named(root, "item")}
    contents = contents_of(archive, members, root, items, folder)
    chapters: list[str] = []
    lacks: list[tuple[str, str]] = []
    references = [(reference.get("idref") or "").strip() for reference in named(root, "itemref")]
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
    metadata = [each for group in named(root, "metadata") for each in group.iter() if isinstance(each.tag, str)]
    return Package(list(dict.fromkeys(chapters)), metadata, contents, lacks, notes)


def _package_name(archive: zipfile.ZipFile, members: Members) -> tuple[str | None, list[str]]:
    """Return the name of the package document, and a note where the file does not name it."""
    container = members.find(_CONTAINER)
    root = read_xml(archive, container) if container else None
    for rootfile in named(root, "rootfile") if root is not None else ():
        if found := members.find(rootfile.get("full-path") or ""):
            return found, []
    packages = [name for name in members.names if name.lower().endswith(".opf")]
    if not packages:
        return None, []
    return min(packages, key=lambda name: (name.count("/"), name)), [f"{_CONTAINER} is missing or names no package"]


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
    return kind in _PAGE_TYPES or (ending and kind != CONTENTS_TYPE)


def _by_names(members: Members, notes: list[str]) -> Package:
    pages = [name for name in members.names if name.lower().endswith(_PAGE_ENDINGS)]
    if not pages:
        raise ParseError(f"damaged {KIND}: it has no pages")
    pages.sort(key=lambda name: [int(each) if each.isdigit() else each for each in _DIGITS.split(name.lower())])
    return Package(pages, notes=notes)
