"""Facts that a page states about itself in its head."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .markup import one_line

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

    from ..records import JSON

_XML_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_AUTHORS = ("author", "article:author", "article-author", "dc.creator", "dcterms.creator")
_DATES = ("article-published_time", "article:published_time", "date", "dcterms.date", "dc.date", "dcterms.created")
_DESCRIPTIONS = ("description", "og:description", "dc.description")


class About(NamedTuple):
    """Title and language of a page, and its metadata."""

    title: str | None = None
    language: str | None = None
    metadata: dict[str, JSON] = {}  # noqa: RUF012 - never changed


def about_page(root: Element | None) -> About:
    """Return what a page says about itself; its title falls back on its Open Graph card."""
    if root is None:
        return About()
    head = root.find("head")
    head = root if head is None else head
    tags = _tags(head)
    canonical = next(
        (link.get("href") for link in head.iter("link") if "canonical" in (link.get("rel") or "").lower()), ""
    )
    keywords = [one_line(keyword) for keyword in tags.get("keywords", "").split(",")]
    found: dict[str, JSON] = {
        "author": _first(tags, _AUTHORS),
        "date": _first(tags, _DATES),
        "description": _first(tags, _DESCRIPTIONS),
        "keywords": [keyword for keyword in keywords if keyword],
        "url": one_line(canonical or "") or tags.get("og:url"),
    }
    language = root.get("lang") or root.get("xml:lang") or root.get(_XML_LANGUAGE) or tags.get("content-language") or ""
    return About(
        _title(head) or tags.get("og:title") or None,
        one_line(language) or None,
        {name: value for name, value in found.items() if value},
    )


def _title(root: Element) -> str:
    for title in root.iter("title"):
        if not any(each.tag == "svg" for each in title.iterancestors("svg")):
            return one_line("".join(title.itertext()))
    return ""


def _tags(root: Element) -> dict[str, str]:
    """Return the first content of each name that a ``meta`` element has."""
    tags: dict[str, str] = {}
    for meta in root.iter("meta"):
        name = meta.get("name") or meta.get("property") or meta.get("http-equiv") or meta.get("itemprop") or ""
        if content := one_line(meta.get("content") or ""):
            tags.setdefault(name.strip().lower(), content)
    return tags


def _first(tags: dict[str, str], names: tuple[str, ...]) -> str | None:
    return next((tags[name] for name in names if tags.get(name)), None)
