"""Parts of pages that people see and a converter would lose become plain elements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .html_controls import label_tabs, mend_button, mend_field
from .html_layout import is_layout, set_apart, unwrap_table
from .html_pictures import describe_drawings, describe_images, keep_lazy_images
from .html_signs import join_ruby, keep_formulas, mark_references, raise_figure
from .html_tree import HEADINGS, LONG_LABEL, become, become_text, by_name, drop, is_in, of_own_making, text_of, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lxml.etree import _Element as Element

_MENDED = (
    *("template", "noscript", "button", "input", "svg", "img", "area", "iframe", "video", "audio", "summary"),
    *("a", "sup", "abbr", "ruby", "table", "label", "span"),
)
_INVISIBLE = ("script", "style", "head", "select", "textarea", "datalist", "noframes", "link")
_QUIET = frozenset({"span", "i", "a", "em", "b", "svg", "small", "sup"})


def show_visible(root: Element) -> None:
    """Remove what no page shows, or only as a choice; formulas become text."""
    found = by_name(root, "math", *_INVISIBLE)
    keep_formulas(found["math"], found["script"])
    for element in (element for name in _INVISIBLE for element in found[name] if element.tag == name):
        drop(element)


def mend(root: Element, described: list[Element]) -> None:
    """Make what a converter would lose plain elements, in their places.

    ``described`` are the elements with a role or a label for readers who listen.
    """
    found = by_name(root, *_MENDED)
    for template in found["template"]:
        if template.get("shadowrootmode"):
            become(template, "div")
        else:
            drop(template)
    _quiet(described)
    keep_lazy_images(root, found["noscript"])
    label_tabs([each for each in described if each.get("role") in ("tab", "tabpanel") and is_in(each, root)])
    for button in found["button"]:
        if is_in(button, root):
            mend_button(button)
    for field in found["input"]:
        mend_field(field)
    describe_drawings(root, found["svg"])
    describe_images([*found["img"], *found["area"]])
    for frame in (*found["iframe"], *found["video"], *found["audio"]):
        become_text(frame, frame.get("title") or frame.get("aria-label") or "", "p")
    _label(each for each in described if each.get("aria-label") and is_in(each, root))
    mark_references(found["a"])
    for raised in found["sup"]:
        raise_figure(raised)
    for short in found["abbr"]:
        if short.get("title") and short.get("title") != text_of(short):
            short.tail = f" ({short.get('title')}){short.tail or ''}"
    for ruby in found["ruby"]:
        join_ruby(ruby)
    for summary in found["summary"]:
        if next(summary.iter(*HEADINGS), None) is not None:
            become(summary, "div")
    for table in [table for table in found["table"] if is_layout(table)]:
        unwrap_table(table)
    set_apart([*found["a"], *found["label"], *found["span"], *of_own_making(root)])


def _quiet(described: list[Element]) -> None:
    """Drop small parts that are hidden from readers who listen: symbols, and formulas that stand there twice."""
    for element in described:
        if element.get("aria-hidden") == "true" and element.tag in _QUIET:
            text = text_of(element)
            if element.tag == "svg" or "katex-html" in tokens(element) or len(text) < LONG_LABEL:
                drop(element)


def _label(labelled: Iterable[Element]) -> None:
    """Give elements without text the label that they have for readers who listen."""
    for element in labelled:
        if not text_of(element) and element.tag not in ("nav", "input", "hr", "ul", "ol", "table", "tr", "td", "br"):
            if element.tag == "a" and (element.get("href") or "#").startswith("#"):
                continue
            element.text = element.get("aria-label")
