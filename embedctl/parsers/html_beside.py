"""Parts beside the main part of a page that belong to it: a heading, prose, footnotes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .html_furniture import COOKIE_WORD, FOOTNOTES, LONGEST_NOTICE, names_of
from .html_tree import become_text, drop, link_share, text_of

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

SHORTEST_PROSE = 40


def is_prose(element: Element) -> bool:
    """Return whether a part is text to read, and neither a list of links nor a note about cookies."""
    text = text_of(element)
    if len(text) < LONGEST_NOTICE and COOKIE_WORD.search(text):
        return False
    if element.tag != "p" and next(element.iter("p", "pre", "table", "blockquote", "dl", "h1"), None) is None:
        return False
    return len(text) * (1 - link_share(element, text)) >= SHORTEST_PROSE


def drop_beside(mains: list[Element]) -> None:
    """Drop what stands beside the main parts, but headings that they lack, prose and footnotes."""
    mains = [main for main in mains if not any(each in mains for each in main.iterancestors())]
    if not mains:
        return
    lacks_heading = all(next(main.iter("h1"), None) is None for main in mains)
    around = {each for main in mains for each in main.iterancestors()}
    for parent in around:
        headed = False
        for child in list(parent):
            if child in around or child in mains:
                continue
            heading = next(child.iter("h1"), None) if lacks_heading else None
            if heading is not None and next(child.iter("p"), None) is None:
                become_text(child, text_of(heading), "h1")
            if not _belongs(child, lacks_heading) and not (headed and child.tag == "p"):
                drop(child)
            headed = headed or child.tag in ("h1", "h2")


def _belongs(beside: Element, lacks_heading: bool) -> bool:
    if beside.tag in ("h1", "h2") or (lacks_heading and next(beside.iter("h1"), None) is not None):
        return True
    if any(
        FOOTNOTES.fullmatch(name) for each in beside.iter("section", "div", "ol", "aside") for name in names_of(each)
    ):
        return True
    return is_prose(beside)
