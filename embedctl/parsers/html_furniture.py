"""Boxes that every page of a site repeats, known by their names and their looks: notices, bars, menus."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from .html_tree import closest, drop, is_in, link_share, text_of, tokens

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

LONGEST_NOTICE = 2_000
"""Characters of a cookie note or of an advertisement; what is longer is an article about such."""
LONGEST_BAR = 400
MOSTLY_LINKS = 0.5
FIRST_LINKS = 20
CONTENT = frozenset({"article", "main", "section", "figure", "details", "blockquote"})
FOOTNOTES = re.compile(r"(?:.*[-_])?(?:foot|end)notes?(?:[-_].*)?|references|bibliography|citations?")
_KINDS = "banner|bar|notice|note|popup|pop-up|modal|message|law|overlay|dialog|warning|alert|hint|box|disclaimer"
_COOKIES = re.compile(
    rf"(?:.*[-_])?(?:cookies?|gdpr|ccpa|consent)(?:[-_]?(?:consent|policy|info|{_KINDS}))?(?:[-_](?:{_KINDS}|container"
    r"|wrapper|root))*|onetrust.*|cc-(?:window|banner)|cky-.*|cybotcookiebot.*|didomi.*|qc-cmp.*"
)
_SHARING = re.compile(
    r"(?:.*[-_])?(?:share|sharing|social)(?:[-_]?(?:bar|buttons?|links?|icons?|this|tools|box|list|media|menu|nav|widget|post"
    r"|follow|share|sharing|container|wrapper))*|addtoany.*|a2a_kit.*|sharedaddy|addthis.*|jp-relatedposts"
)
NAVIGATION = re.compile(
    r"(?:.*[-_])?(?:breadcrumbs?|pagination|pager|nav|navbar|navigation|menu|sidebar|toc|table-of-contents|contents"
    r"|related(?:[-_](?:posts|articles|links|pages|content))?|prev-?next|edit-(?:this-)?page|back-to-top|tags|site-header"
    r"|site-footer|masthead|header|footer)(?:[-_].*)?"
)
NOTICES = re.compile(
    r"(?:.*[-_])?(?:newsletter|subscribe|subscription|advert|advertisement|ads?|adsbygoogle|promo|popup"
    r"|overlay|modal|shortcuts|sponsor|sponsored|paywall)(?:[-_](?:signup|form|box|banner|slot|unit|container|wrapper))*"
)
_SIDES = re.compile(r"sidebar|widget-area")
_SKIP = re.compile(r"(?:.*[-_])?skip(?:[-_]?(?:to|nav|link|main|content).*)?")
_AGREE = re.compile(
    r"\b(?:accept|agree|allow|consent|got it|reject|decline|ok|okay|akzeptieren|zustimmen|ablehnen|accepter|aceptar"
    r"|accetta|akkoord)\b",
    re.IGNORECASE,
)
COOKIE_WORD = re.compile(r"cookie", re.IGNORECASE)


def is_repeated(element: Element) -> bool:
    """Return whether the names of a box say that it is a cookie note, a bar of links or the like, and it looks so."""
    names = names_of(element)
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
        if NAVIGATION.fullmatch(name) and link_share(element, text) > MOSTLY_LINKS:
            return True
        if NOTICES.fullmatch(name) and len(text) < LONGEST_BAR:
            return True
        if _SKIP.fullmatch(name) and len(text) < LONGEST_BAR / 4:
            return True
        if _SIDES.fullmatch(name) and not in_content and closest(element, CONTENT) is None:
            return True
    return False


@lru_cache(maxsize=4096)
def named_furniture(names: str) -> bool:
    """Return whether one of the names, with spaces between them, is one that furniture has."""
    return any(
        kind.fullmatch(name)
        for name in names.lower().split()
        for kind in (_COOKIES, _SHARING, NAVIGATION, NOTICES, _SKIP, _SIDES)
    )


def names_of(element: Element) -> list[str]:
    """Return the classes of an element and its id, which in a section is only its heading."""
    own = (element.get("id") or "").lower()
    return [*tokens(element), own] if own and element.tag != "section" else tokens(element)


def _has_controls(element: Element) -> bool:
    return next(element.iter("a", "button", "svg", "img"), None) is not None


def is_skip_link(link: Element) -> bool:
    """Return whether a link leads past the navigation."""
    if any(_SKIP.fullmatch(each) for each in tokens(link)):
        return True
    return (link.get("href") or "").startswith("#") and text_of(link).lower().startswith(("skip to ", "jump to "))


def drop_cookie_notes(body: Element) -> None:
    """Drop boxes that speak of cookies and have a button to agree with."""
    for button in [*body.iter("button", "a", "input")]:
        words = text_of(button) or button.get("value") or ""
        if len(words) > LONGEST_BAR / 8 or not _AGREE.search(words) or not is_in(button, body):
            continue
        for box in button.iterancestors("div", "section", "aside", "footer", "form", "dialog", "p"):
            text = text_of(box)
            if len(text) > LONGEST_NOTICE or next(box.iter("main", "article", "h1"), None) is not None:
                break
            if COOKIE_WORD.search(text):
                drop(box)
                break
