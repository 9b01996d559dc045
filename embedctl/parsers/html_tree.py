"""The tree of a page: tags in scripts, comments and CDATA are no tags of it, and nothing behind its end is lost."""

from __future__ import annotations

import html
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from ..errors import ParseError

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_TAG_PREFIX = re.compile(r"""\bxmlns:([\w-]+)\s*=\s*["']http://www\.w3\.org/1999/xhtml["']""")
_DECLARATIONS = re.compile(r"<!DOCTYPE\b[^<>\[]*\[(?:[^\]\"']|\"[^\"]*\"|'[^']*')*\]\s*>", re.IGNORECASE)
_RAW = {"<!--": "-->", "<script": "</script", "<style": "</style"}
_CDATA = re.compile(r"<!\[CDATA\[|<!--|<script\b|<style\b", re.IGNORECASE)
_CDATA_MARKS = ("<![CDATA[", "]]>")
_END = re.compile(r"</(?:body|html)\s*>", re.IGNORECASE)
_HEAD_REACH = 16_384
_TAIL = 4_096


def page_tree(source: str) -> Element | None:
    """Return the root of a page without comments and instructions, or ``None`` where nothing is in it.

    Raises:
        ParseError: its elements are nested too deep to be read whole.
    """
    from lxml import etree

    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(_readable(source).encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError as error:
        if "mpty" in str(error):
            return None
        raise ParseError("HTML that cannot be read") from error
    last = parser.error_log.last_error
    if last is not None and "depth" in last.message:
        raise ParseError("HTML nested too deep to read whole")
    return root


def _readable(source: str) -> str:
    """Return a page without end tags at which the parser stops, code of servers, and declarations of entities."""
    ends = [place for name in ("</body", "</html") if (place := source.find(name)) >= 0]
    if ends or "</BODY" in source[-_TAIL:]:
        source = _without_ends(source, min(ends, default=0))
    if "?>" in source:
        source = without(source, "<?", "?>")
    if "%>" in source:
        source = without(source, "<%", "%>")
    if "<![CDATA[" in source:
        source = _with_cdata_as_text(source)
    head = source[:_HEAD_REACH]
    if "[" in head and (declared := _DECLARATIONS.search(head)):
        source = source[: declared.start()] + source[declared.end() :]
    if "xmlns:" in head and (prefix := _TAG_PREFIX.search(head)):
        source = re.sub(rf"(</?){re.escape(prefix[1])}:", r"\1", source)
    return source


def _without_ends(source: str, first: int) -> str:
    """Return ``source`` without the end tags of the page, at which the parser stops, where text follows them."""
    if len(source) - first < _TAIL:
        return source[:first] + _END.sub("", source[first:])
    for name in ("body", "html", "BODY", "HTML"):
        source = source.replace(f"</{name}>", "")
    return source


def without(source: str, begin: str, end: str) -> str:
    """Return ``source`` without what stands between the marks; a mark that is never closed stays."""
    pieces, position = [], 0
    while (start := source.find(begin, position)) >= 0 and (stop := source.find(end, start)) >= 0:
        pieces.append(source[position:start])
        position = stop + len(end)
    return "".join([*pieces, source[position:]])


def _with_cdata_as_text(source: str) -> str:
    """Return ``source`` with its CDATA sections as escaped text, but for those in scripts, styles and comments."""
    pieces, position = [], 0
    while match := _CDATA.search(source, position):
        mark = match[0].lower()
        begin, close = match.end(), _RAW.get(mark, _CDATA_MARKS[1])
        end = source.find(close, begin)
        if end < 0:
            break
        if mark in _RAW:
            pieces.append(source[position : end + len(close)])
        else:
            pieces += source[position : match.start()], html.escape(source[begin:end])
        position = end + len(close)
    return "".join([*pieces, source[position:]])


def text_of(element: Element) -> str:
    """Return the text in an element, white space as single spaces."""
    return " ".join(("".join(element.itertext()) if len(element) else element.text or "").split())


def link_share(element: Element, text: str) -> float:
    """Return the share of an element's text that stands in links and buttons."""
    if not text:
        return 1.0
    return sum(len(text_of(each)) for each in element.iter("a", "button")) / len(text)


def drop(element: Element) -> None:
    """Remove an element, and keep the text behind it."""
    parent = element.getparent()
    if parent is None:
        return
    if element.tail:
        before = element.getprevious()
        if before is None:
            parent.text = (parent.text or "") + element.tail
        else:
            before.tail = (before.tail or "") + element.tail
    element.tail = None
    parent.remove(element)


def become_text(element: Element, text: str, tag: str = "span") -> None:
    """Turn an element into one that holds nothing but ``text``."""
    tail = element.tail
    element.clear()
    element.tag, element.text, element.tail = tag, text, tail


def become(element: Element, tag: str) -> None:
    """Turn an element into another one without attributes, around the same content."""
    element.tag = tag
    element.attrib.clear()


def tokens(element: Element) -> list[str]:
    """Return the classes of an element, in lower case."""
    return (element.get("class") or "").lower().split()


def closest(element: Element, names: frozenset[str]) -> Element | None:
    """Return the nearest element around this one that has one of these names."""
    return next((each for each in element.iterancestors() if each.tag in names), None)


def is_in(element: Element, root: Element) -> bool:
    """Return whether an element was not removed together with one around it."""
    top: Any = element
    while (parent := top.getparent()) is not None:
        if parent is root:
            return True
        top = parent
    return top is root


def by_name(root: Element, *names: str) -> dict[str, list[Element]]:
    """Return the elements of these names, each list in the order of the page."""
    found: dict[str, list[Element]] = {name: [] for name in names}
    for element in root.iter(*names):
        found[element.tag].append(element)
    return found


def with_attributes(root: Element, *names: str) -> list[Element]:
    """Return the elements below ``root`` that have one of these attributes."""
    found: list[Element] = _having(names)(root)
    return found


def of_own_making(root: Element) -> list[Element]:
    """Return the elements below ``root`` that HTML does not know, such as ``my-tab``."""
    found: list[Element] = _custom()(root)
    return found


@cache
def _custom() -> Any:
    from lxml import etree

    return etree.XPath("descendant::*[contains(name(), '-')]")


@cache
def _having(names: tuple[str, ...]) -> Any:
    from lxml import etree

    return etree.XPath(f"descendant::*[{' or '.join(f'@{name}' for name in names)}]")
