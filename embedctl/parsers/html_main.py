"""The main part of a page: what every page of a site repeats goes, and what only looks like it stays."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from .html_beside import drop_beside, is_prose
from .html_furniture import (
    CONTENT,
    FIRST_LINKS,
    FOOTNOTES,
    LONGEST_BAR,
    LONGEST_NOTICE,
    MOSTLY_LINKS,
    NAVIGATION,
    NOTICES,
    drop_cookie_notes,
    is_repeated,
    is_skip_link,
    named_furniture,
    names_of,
)
from .html_tree import closest, drop, is_in, link_share, text_of, tokens

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

LONGEST_FORM = 400
_SECTIONS = frozenset(
    {"article", "aside", "nav", "section", "blockquote", "details", "fieldset", "figure", "td", "main"}
)
_WHOLE = frozenset({"body", "html", "main", "article"})
_ROLES = {
    "navigation": "nav",
    "search": "search",
    "contentinfo": "footer",
    "banner": "header",
    "complementary": "aside",
    "dialog": "dialog",
    "alertdialog": "dialog",
}
_REMARK = re.compile(
    r"(?:.*[-_])?(?:admonition|note|notes|warning|tip|hint|caution|important|danger|info|callout|alert|example|attention"
    r"|footnotes?|endnotes?|pull-?quote|topic|definition|remark|error|success)(?:[-_].*)?"
)
_RIGHTS = re.compile(r"©|\(c\) (?:19|20)\d\d|\bcopyright\b|all rights reserved", re.IGNORECASE)
_RULED = ("nav", "aside", "footer", "header", "form", "dialog")
_BOXES = ("div", "section", "ul", "ol", "p", "aside", "header", "footer", "form", "table", "details")


def keep_main(root: Element, source: str, described: list[Element]) -> None:
    """Remove what surrounds the main part of a page, and keep a heading, prose and footnotes that stand beside it.

    ``source`` is the page as it was written; ``described`` are its elements with a role.
    """
    if "ookie" in source:
        drop_cookie_notes(root)
    roles = [each for each in described if each.get("role")]
    for element in roles:
        _judge(element, _ROLES.get((element.get("role") or "").lower(), ""), root)
    for element in [*root.iter(*_RULED)]:
        _judge(element, str(element.tag), root)
    for element in [*root.iter(*_BOXES)]:
        name, own = element.get("class"), element.get("id")
        if (name or own) and named_furniture(f"{name} {own}") and is_repeated(element) and is_in(element, root):
            drop(element)
    for link in [*islice(root.iter("a"), FIRST_LINKS)]:
        if is_skip_link(link):
            drop(link)
    drop_beside([*root.iter("main"), *(each for each in roles if each.get("role") == "main" and is_in(each, root))])


def _judge(element: Element, kind: str, body: Element) -> None:
    """Drop an element where it is furniture of its kind; unwrapped content is never taken for it."""
    rule = _RULES.get(kind)
    if rule is None or element.tag in _WHOLE or not is_in(element, body):
        return
    if kind != "aside" and any(True for _ in element.iter("main", "article")):
        return
    if rule(element):
        drop(element)


def _is_navigation(element: Element) -> bool:
    return sum(len(text_of(each)) for each in element.iter("p")) < LONGEST_BAR


def _is_side_note(element: Element) -> bool:
    role = (element.get("role") or "").lower()
    if role.startswith("doc-") or role in ("note", "alert") or element.get("type") or element.get("epub:type"):
        return False
    names = tokens(element)
    text = text_of(element)
    if any(_REMARK.fullmatch(name) for name in names) and "contents" not in names:
        return link_share(element, text) > 1 - MOSTLY_LINKS / 5
    if any(NAVIGATION.fullmatch(name) or NOTICES.fullmatch(name) for name in names) or role == "complementary":
        return True
    if closest(element, CONTENT) is None and not _in_main_role(element):
        return True
    return link_share(element, text) > MOSTLY_LINKS or next(element.iter("nav", "form"), None) is not None


def _is_page_footer(element: Element) -> bool:
    role = (element.get("role") or "").lower()
    if role.startswith("doc-") or any(FOOTNOTES.fullmatch(name) for name in names_of(element)):
        return False
    if any(FOOTNOTES.fullmatch(name) for each in element.iter("section", "div", "ol") for name in names_of(each)):
        return False
    around = closest(element, _SECTIONS)
    if around is None and not _in_main_role(element):
        return True
    if around is not None and around.tag in ("blockquote", "figure"):
        return False
    text = text_of(element)
    return link_share(element, text) > MOSTLY_LINKS or bool(_RIGHTS.search(text))


def _is_page_header(element: Element) -> bool:
    if closest(element, _SECTIONS) is not None or _in_main_role(element):
        return False
    if next(element.iter("h1"), None) is None:
        return not is_prose(element)
    return _has_other_heading(element)


def _is_search_or_controls(element: Element) -> bool:
    if next(element.iter("h1", "h2", "article", "main", "pre"), None) is not None:
        return False
    return sum(len(text_of(each)) for each in element.iter("p", "li", "td")) < LONGEST_FORM


def _always(element: Element) -> bool:
    return len(text_of(element)) < LONGEST_NOTICE


def _in_main_role(element: Element) -> bool:
    return any(each.get("role") == "main" for each in element.iterancestors())


def _has_other_heading(element: Element) -> bool:
    root = element.getroottree().getroot()
    inside = set(element.iter("h1"))
    return any(each not in inside for each in root.iter("h1"))


_RULES = {
    "nav": _is_navigation,
    "aside": _is_side_note,
    "footer": _is_page_footer,
    "header": _is_page_header,
    "form": _is_search_or_controls,
    "search": _always,
    "dialog": _always,
}
