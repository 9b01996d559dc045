"""Alternative texts of pictures, and the words in drawings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .html_controls import LABELS
from .html_tree import LONG_LABEL, become_text, closest, drop, is_in, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element as Element

_INLINE = frozenset({"a", "button", "span", "li", "label", "summary", *LABELS})
_FILE_NAME = re.compile(r"[\w%.-]+\.(?:png|jpe?g|gif|svg|webp|avif|bmp)", re.IGNORECASE)


def keep_lazy_images(body: Element, found: list[Element]) -> None:
    """Keep of what is shown without scripts the pictures that are nowhere else described."""
    for element in found:
        known = {each.get("alt") for each in body.iter("img") if closest(each, frozenset({"noscript"})) is None}
        images = [each for each in element.iter("img") if each.get("alt") and each.get("alt") not in known]
        become_text(element, " ".join(each.get("alt") or "" for each in images))


def describe_drawings(root: Element, found: list[Element]) -> None:
    """Make drawings their words: titles, descriptions and texts."""
    for svg in found:
        if not is_in(svg, root):
            continue
        words = list(_svg_words(svg))
        parent = svg.getparent()
        drawn = next(svg.iter("text", "foreignobject", "foreignObject"), None) is not None
        if not drawn and parent is not None and parent.tag in _INLINE and text_of(parent) != text_of(svg):
            words = []
        elif not words and svg.get("aria-label"):
            words = [svg.get("aria-label") or ""]
        become_text(svg, "\n".join(words), "span" if parent is not None and parent.tag in _INLINE else "p")


def _svg_words(svg: Element) -> Iterator[str]:
    for element in svg.iter("title", "desc", "text", "foreignobject", "foreignObject"):
        inner = element.iter("tspan", "div", "p", "br", "li")
        for each in inner:
            if each.tag != "tspan" or each.get("x") or each.get("y") or each.get("dy"):
                each.text = " " + (each.text or "")
        if text := text_of(element):
            yield text


def describe_images(found: list[Element]) -> None:
    """Make pictures their alternative texts, unless the same words stand beside them."""
    for image in found:
        alt = " ".join((image.get("alt") or image.get("aria-label") or image.get("title") or "").split())
        figure = closest(image, frozenset({"figure"}))
        caption = next(figure.iter("figcaption"), None) if figure is not None else None
        parent = image.getparent()
        said = [text_of(each) for each in (caption, parent) if each is not None]
        if not alt or alt in said or _FILE_NAME.fullmatch(alt):
            drop(image)
        else:
            is_symbol = len(alt) <= LONG_LABEL
            become_text(image, alt if is_symbol else f" {alt} ", "p" if image.tag == "area" else "span")
