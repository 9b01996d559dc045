"""Tables of contents of books."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from .epub_members import Members, local_name, named, read_xml
from .html_tree import text_of

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator

    from lxml.etree import _Element as Element

CONTENTS_TYPE = "application/x-dtbncx+xml"


class Place(NamedTuple):
    """An entry of the table of contents: a place in a chapter, and its title."""

    fragment: str
    title: str


def contents_of(
    archive: zipfile.ZipFile, members: Members, root: Element, items: dict[str, Element], folder: str
) -> dict[str, list[Place]]:
    """Return the entries of the tables of contents by the member that they lead to; the first that has one decides."""
    tables = [item for item in items.values() if "nav" in (item.get("properties") or "").split()]
    spine = next((each.get("toc") or "" for each in named(root, "spine")), "")
    tables += [item for item in items.values() if item.get("media-type") == CONTENTS_TYPE or item.get("id") == spine]
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
    for point in named(table, "navpoint"):
        label = next((each for each in point if local_name(each) == "navlabel"), None)
        content = next((each for each in point if local_name(each) == "content"), None)
        if label is not None and content is not None:
            yield content.get("src") or "", text_of(label)
    for nav in named(table, "nav"):
        kinds = [
            value for name, value in nav.attrib.items() if str(name).rpartition("}")[2] in ("type", "epub:type", "role")
        ]
        if not kinds or any("toc" in str(kind) for kind in kinds):
            for link in named(nav, "a"):
                yield link.get("href") or "", text_of(link)
