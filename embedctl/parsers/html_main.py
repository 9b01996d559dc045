"""The main part of a page: what every page of a site repeats goes, and what only looks like it stays."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from .html_tree import closest, drop, is_in, link_share, text_of, tokens

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

LONGEST_NOTICE = 2_000
"""Characters of a cookie note or of an advertisement; what is longer is an article about such."""
LONGEST_BAR = 400
SHORTEST_PROSE = 40
MOSTLY_LINKS = 0.5
LONGEST_FORM = 400
FIRST_LINKS = 20

_SECTIONS = frozenset(
    {"article", "aside", "nav", "section", "blockquote", "details", "fieldset", "figure", "td", "main"}
)
_CONTENT = frozenset({"article", "main", "section", "figure", "details", "blockquote"})
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
_FOOTNOTES = re.compile(r"(?:.*[-_])?(?:foot|end)notes?(?:[-_].*)?|references|bibliography|citations?")
_KINDS = "banner|bar|notice|note|popup|pop-up|modal|message|law|overlay|dialog|warning|alert|hint|box|disclaimer"
_COOKIES = re.compile(
    rf"(?:.*[-_])?(?:cookies?|gdpr|ccpa|consent)(?:[-_]?(?:consent|policy|info|{_KINDS}))?(?:[-_](?:{_KINDS}|container"
    r"|wrapper|root))*|onetrust.*|cc-(?:window|banner)|cky-.*|cybotcookiebot.*|didomi.*|qc-cmp.*"
)
_SHARING = re.compile(
    r"(?:.*[-_])?(?:share|sharing|social)(?:[-_]?(?:bar|buttons?|links?|icons?|this|tools|box|list|media|menu|nav|widget|post"
    r"|follow|share|sharing|container|wrapper))*|addtoany.*|a2a_kit.*|sharedaddy|addthis.*|jp-relatedposts"
)
_NAVIGATION = re.compile(
    r"(?:.*[-_])?(?:breadcrumbs?|pagination|pager|nav|navbar|navigation|menu|sidebar|toc|table-of-contents|contents"
    r"|related(?:[-_](?:posts|articles|links|pages|content))?|prev-?next|edit-(?:this-)?page|back-to-top|tags|site-header"
    r"|site-footer|masthead|header|footer)(?:[-_].*)?"
)
_NOTICES = re.compile(
    r"(?:.*[-_])?(?:newsletter|subscribe|subscription|advert|advertisement|ads?|adsbygoogle|promo|sponsor|sponsored"
    r"|paywall)(?:[-_](?:signup|form|box|banner|slot|unit|container|wrapper))*"
)
_SIDES = re.compile(r"sidebar|widget-area")
_SKIP = re.compile(r"(?:.*[-_])?skip(?:[-_]?(?:to|nav|link|main|content).*)?")
_AGREE = re.compile(
    r"\b(?:accept|agree|allow|consent|got it|reject|decline|ok|okay|akzeptieren|zustimmen|ablehnen|accepter|aceptar"
    r"|accetta|akkoord)\b",
    re.IGNORECASE,
)
_COOKIE_WORD = re.compile(r"cookie", re.IGNORECASE)
_RIGHTS = re.compile(r"©|\(c\) (?:19|20)\d\d|\bcopyright\b|all rights reserved", re.IGNORECASE)
_RULED = ("nav", "aside", "footer", "header", "form", "dialog")
_BOXES = ("div", "section", "ul", "ol", "p", "aside", "header", "footer", "form", "table", "details")


def keep_main(root: Element, source: str, described: list[Element]) -> None:
    """Remove what surrounds the main part of a page, and keep a heading, prose and footnotes that stand beside it.

    ``source`` is the page as it was written; ``described`` are its elements with a role.
    """
    if "ookie" in source:
        _drop_cookie_notes(root)
    roles = [each for each in described if each.get("role")]
    for element in roles:
        _judge(element, _ROLES.get((element.get("role") or "").lower(), ""), root)
    for element in [*root.iter(*_RULED)]:
        _judge(element, str(element.tag), root)
    for element in [*root.iter(*_BOXES)]:
        name, own = element.get("class"), element.get("id")
        if (name or own) and _named_furniture(f"{name} {own}") and _is_repeated(element) and is_in(element, root):
            drop(element)
    for link in [*islice(root.iter("a"), FIRST_LINKS)]:
        if _is_skip_link(link):
            drop(link)
    _drop_beside([*root.iter("main"), *(each for each in roles if each.get("role") == "main" and is_in(each, root))])


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
    if any(_NAVIGATION.fullmatch(name) or _NOTICES.fullmatch(name) for name in names) or role == "complementary":
        return True
    if closest(element, _CONTENT) is None and not _in_main_role(element):
        return True
    return link_share(element, text) > MOSTLY_LINKS or next(element.iter("nav", "form"), None) is not None


def _is_page_footer(element: Element) -> bool:
    role = (element.get("role") or "").lower()
    if role.startswith("doc-") or any(_FOOTNOTES.fullmatch(name) for name in _names(element)):
        return False
    if any(_FOOTNOTES.fullmatch(name) for each in element.iter("section", "div", "ol") for name in _names(each)):
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
        return not _is_prose(element)
    return _has_other_heading(element)


def _is_search_or_controls(element: Element) -> bool:
    if next(element.iter("h1", "h2", "article", "main", "pre"), None) is not None:
        return False
    return sum(len(text_of(each)) for each in element.iter("p", "li", "td")) < LONGEST_FORM


def _always(element: Element) -> bool:
    return len(text_of(element)) < LONGEST_NOTICE


_RULES = {
    "nav": _is_navigation,
    "aside": _is_side_note,
    "footer": _is_page_footer,
    "header": _is_page_header,
    "form": _is_search_or_controls,
    "search": _always,
    "dialog": _always,
}


def _is_repeated(element: Element) -> bool:
    """Return whether the names of a box say that it is a cookie note, a bar of links or the like, and it looks so."""
    names = _names(element)
    if next(element.iter("main", "article", "h1"), None) is not None:
        return False
    if element.get("role") == "tablist" or any(each.get("role") == "tab" for each in element.iter("a", "button", "li")):
        return False
    text = text_of(element)
    in_content = closest(element, frozenset({"main", "article"})) is not None
    for name in names:
        if _COOKIES.fullmatch(name) and not in_content and len(text) < LONGEST_NOTICE:
            return True
        if (
            _SHARING.fullmatch(name)
            and len(text) < LONGEST_BAR
            and (_has_controls(element) or len(text) < 2 * len(name))
        ):
            return True
        if _NAVIGATION.fullmatch(name) and link_share(element, text) > MOSTLY_LINKS:
            return True
        if _NOTICES.fullmatch(name) and len(text) < LONGEST_BAR:
            return True
        if _SKIP.fullmatch(name) and len(text) < LONGEST_BAR / 4:
            return True
        if _SIDES.fullmatch(name) and not in_content and closest(element, _CONTENT) is None:
            return True
    return False


@lru_cache(maxsize=4096)
def _named_furniture(names: str) -> bool:
    return any(
        kind.fullmatch(name)
        for name in names.lower().split()
        for kind in (_COOKIES, _SHARING, _NAVIGATION, _NOTICES, _SKIP, _SIDES)
    )


def _names(element: Element) -> list[str]:
    own = (element.get("id") or "").lower()
    return [*tokens(element), own] if own and element.tag != "section" else tokens(element)


def _has_controls(element: Element) -> bool:
    return next(element.iter("a", "button", "svg", "img"), None) is not None


def _is_skip_link(link: Element) -> bool:
    if any(_SKIP.fullmatch(each) for each in tokens(link)):
        return True
    return (link.get("href") or "").startswith("#") and text_of(link).lower().startswith(("skip to ", "jump to "))


def _drop_cookie_notes(body: Element) -> None:
    """Drop boxes that speak of cookies and have a button to agree with."""
    for button in [*body.iter("button", "a", "input")]:
        words = text_of(button) or button.get("value") or ""
        if len(words) > LONGEST_BAR / 8 or not _AGREE.search(words) or not is_in(button, body):
            continue
        for box in button.iterancestors("div", "section", "aside", "footer", "form", "dialog", "p"):
            text = text_of(box)
            if len(text) > LONGEST_NOTICE or next(box.iter("main", "article", "h1"), None) is not None:
                break
            if _COOKIE_WORD.search(text):
                drop(box)
                break


def _in_main_role(element: Element) -> bool:
    return any(each.get("role") == "main" for each in element.iterancestors())


def _has_other_heading(element: Element) -> bool:
    root = element.getroottree().getroot()
    inside = set(element.iter("h1"))
    return any(each not in inside for each in root.iter("h1"))


def _is_prose(element: Element) -> bool:
    text = text_of(element)
    if len(text) < LONGEST_NOTICE and _COOKIE_WORD.search(text):
        return False
    if element.tag != "p" and next(element.iter("p", "pre", "table", "blockquote", "dl", "h1"), None) is None:
        return False
    return len(text) * (1 - link_share(element, text)) >= SHORTEST_PROSE


def _drop_beside(mains: list[Element]) -> None:
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
            if not _belongs(child, lacks_heading) and not (headed and child.tag == "p"):
                drop(child)
            headed = headed or child.tag in ("h1", "h2")


def _belongs(beside: Element, lacks_heading: bool) -> bool:
    if beside.tag in ("h1", "h2") or (lacks_heading and next(beside.iter("h1"), None) is not None):
        return True
    if any(
        _FOOTNOTES.fullmatch(name) for each in beside.iter("section", "div", "ol", "aside") for name in _names(each)
    ):
        return True
    return _is_prose(beside)
