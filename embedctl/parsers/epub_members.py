"""The files in a book, found as books spell them, and read as far as they can be read."""

from __future__ import annotations

import html
import posixpath
import re
from typing import TYPE_CHECKING
from unicodedata import normalize
from urllib.parse import unquote

from ..errors import ParseError, UnsupportedError
from .archives import read_member
from .decoding import decode

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator

    from lxml.etree import _Element as Element

KIND = "EPUB book"
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z][A-Za-z0-9]*);")
_BARE = re.compile(r"&(?!#?\w+;)")
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[>]*(?:\[(?:[^\]\"']|\"[^\"]*\"|'[^']*')*\]\s*)?>", re.IGNORECASE)
_ENCODING = re.compile(r"^\s*<\?xml[^>]*\?>")


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


def named(root: Element, name: str) -> Iterator[Element]:
    """Return the elements that have a name, whatever its name space."""
    return (each for each in root.iter() if local_name(each) == name)


def _folded(name: str) -> str:
    return normalize("NFC", name).casefold()
