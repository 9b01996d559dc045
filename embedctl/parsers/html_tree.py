"""The tree of a page: tags in scripts, comments and CDATA are no tags of it, and nothing behind its end is lost."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from ..errors import ParseError
from .html_source import readable_source

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
LONG_LABEL = 3
"""Words from which the text of a button is more than a command."""


def page_tree(source: str) -> Element | None:
    """Return the root of a page without comments and instructions, or ``None`` where nothing is in it.

    Raises:
        ParseError: its elements are nested too deep to be read whole.
    """
    from lxml import etree

    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(readable_source(source).encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError as error:
        if "mpty" in str(error):
            return None
        raise ParseError("HTML that cannot be read") from error
    last = parser.error_log.last_error
    if last is not None and "depth" in last.message:
        raise ParseError("HTML nested too deep to read whole")
    return root


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
