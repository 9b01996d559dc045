"""Packages of Office Open XML: their parts, the relations between them, and what they say of themselves.

Strict files have other namespaces for the same things; parts are read as if they had the usual ones. A relation that
leads nowhere is left out: what hangs on it is missing, and nothing else.
"""

from __future__ import annotations

import datetime
import posixpath
import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from ..errors import ParseError
from ..plural import counted
from .archives import open_archive, read_member
from .markup import failing_as, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..records import JSON

OFFICE = "http://schemas.openxmlformats.org"
DRAWING = f"{{{OFFICE}/drawingml/2006/main}}"
RELATION_ID = f"{{{OFFICE}/officeDocument/2006/relationships}}id"
CHOICE, FALLBACK = (f"{{{OFFICE}/markup-compatibility/2006}}{name}" for name in ("Choice", "Fallback"))
ALTERNATE = f"{{{OFFICE}/markup-compatibility/2006}}AlternateContent"

_EMBEDDED = ("package", "oleObject")
_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/(\w+)")
_TRANSITIONAL = rb"http://schemas.openxmlformats.org/\1/2006/\2"
_DUBLIN_CORE = "{http://purl.org/dc/elements/1.1/}"
_TERMS = "{http://purl.org/dc/terms/}"
_CORE = f"{{{OFFICE}/package/2006/metadata/core-properties}}"
_PROPERTIES = {
    f"{_DUBLIN_CORE}creator": "author",
    f"{_DUBLIN_CORE}subject": "subject",
    f"{_CORE}keywords": "keywords",
    f"{_CORE}category": "category",
    f"{_DUBLIN_CORE}description": "description",
    f"{_TERMS}created": "created",
    f"{_TERMS}modified": "modified",
}


class Relation(NamedTuple):
    """What one part has to do with another."""

    kind: str
    """Last word of its type, as in ``styles``."""
    target: str
    """Name of the other part."""


class Package:
    """The parts of a file by their names, without the leading slash; upper and lower case are one."""

    def __init__(self, data: bytes, kind: str) -> None:
        """Open a file; ``kind`` names the format in messages.

        Raises:
            ParseError: it is damaged, protected, or unsafe to unpack.
        """
        self.kind = kind
        self._archive = open_archive(data, kind)
        self._names = {name.replace("\\", "/").lstrip("/").lower(): name for name in self._archive.namelist()}
        self._relations: dict[str, dict[str, Relation]] = {}
        self._unread: set[str] = set()

    def data(self, part: str) -> bytes | None:
        """Return the bytes of a part; ``None``: there is no such part.

        Raises:
            ParseError: it is damaged.
        """
        name = self._names.get(part.lower())
        return None if name is None else read_member(self._archive, name, self.kind)

    def xml(self, part: str) -> Any:
        """Return the root element of a part; ``None``: there is no such part, or it is damaged, which is noted."""
        try:
            return self._tree(part)
        except ParseError:
            self._unread.add(f"its part {part[:100]} is damaged and not read")
            return None

    def notes(self, *parts: str) -> tuple[str, ...]:
        """Return notes about what was damaged, and about files that stand inside these parts and are not read."""
        inside = [each for part in parts for each in self.relations(part).values() if each.kind in _EMBEDDED]
        count = len({each.target for each in inside})
        objects = [f"{counted(count, 'embedded file')} not read"] if count else []
        return (*objects, *sorted(self._unread))

    def _tree(self, part: str) -> Any:
        data = self.data(part)
        if data is None:
            return None
        with failing_as(f"damaged {self.kind}: {part[:100]} is not readable XML"):
            return element_tree(transitional(data))

    def main(self, folder: str, root: str) -> tuple[str, Any]:
        """Return name and root element of the part that a reader opens first, which lies in ``folder``.

        Raises:
            ParseError: there is none, or its root element is not called ``root``.
        """
        named = [each.target for each in self.relations("").values() if each.kind == "officeDocument"]
        part = next((name for name in (*named, f"{folder}/{root}.xml") if name.lower() in self._names), None)
        tree = self._tree(part) if part else None
        if part is None or tree is None or local(tree) != root:
            raise ParseError(f"damaged or no {self.kind}")
        return part, tree

    def relations(self, part: str) -> dict[str, Relation]:
        """Return the relations of a part by their ids, those that lead out of the file or nowhere left out."""
        if part not in self._relations:
            folder, name = posixpath.split(part)
            root = self.xml(posixpath.join(folder, "_rels", f"{name}.rels"))
            self._relations[part] = {} if root is None else dict(self._existing(root, folder))
        return self._relations[part]

    def related(self, part: str, kind: str) -> Iterator[tuple[str, Any]]:
        """Yield name and root element of the parts to which ``part`` has a relation of this kind."""
        for relation in self.relations(part).values():
            if relation.kind == kind and (root := self.xml(relation.target)) is not None:
                yield relation.target, root

    def first(self, part: str, kind: str) -> tuple[str, Any]:
        """Return name and root element of the first such part; an empty name and ``None``: there is none."""
        return next(self.related(part, kind), ("", None))

    def properties(self) -> tuple[dict[str, JSON], str]:
        """Return the properties that Office files have in common, dates in ISO 8601, and the title."""
        _, root = self.first("", "core-properties")
        if root is None:
            return {}, ""
        found = {child.tag: one_line(child.text or "") for child in root.iterchildren("*")}
        metadata: dict[str, JSON] = {
            key: _date(found[tag]) if tag.startswith(_TERMS) else found[tag]
            for tag, key in _PROPERTIES.items()
            if found.get(tag)
        }
        return metadata, found.get(f"{_DUBLIN_CORE}title", "")

    def _existing(self, root: Any, folder: str) -> Iterator[tuple[str, Relation]]:
        for each in root.iterchildren("*"):
            target = unquote((each.get("Target") or "").partition("#")[0])
            if not target or each.get("TargetMode") == "External":
                continue
            name = posixpath.normpath(posixpath.join("/" + folder, target)).lstrip("/")
            if name.lower() in self._names:
                kind = (each.get("Type") or "").rpartition("/")[2]
                yield each.get("Id") or "", Relation(kind, name)


def element_tree(data: bytes) -> Any:
    """Return the root element of an XML file; entities are not expanded and nothing is fetched.

    Raises:
        lxml.etree.XMLSyntaxError: it is not XML, or nested deeper than 256 levels.
    """
    from lxml import etree

    return etree.fromstring(data, xml_parser())


def xml_parser() -> Any:
    """Return a parser for files that are not to be trusted."""
    from lxml import etree

    return etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)


def transitional(data: bytes) -> bytes:
    """Return XML with the usual namespaces for those of Strict Open XML."""
    return _STRICT.sub(_TRANSITIONAL, data) if b"purl.oclc.org/ooxml" in data else data


def local(element: Any) -> str:
    """Return the name of an element without its namespace."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def is_on(element: Any, attribute: str) -> bool:
    """Return whether a switch is set: an element that is there, unless its attribute says no."""
    return element is not None and element.get(attribute, "1") not in ("0", "false", "off", "none")


def _date(text: str) -> str:
    """Return a date in ISO 8601; those without a zone are in UTC by the format's definition."""
    try:
        date = datetime.datetime.fromisoformat(text)
    except ValueError:
        return text
    return (date if date.tzinfo else date.replace(tzinfo=datetime.UTC)).isoformat()
