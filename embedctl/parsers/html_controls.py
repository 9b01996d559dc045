"""Buttons, tabs and fields: labels of content stay, commands go."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .html_tree import LONG_LABEL, become, become_text, closest, drop, text_of

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

LABELS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "summary", "dt", "legend", "th", "caption", "figcaption"})
_OPENING = re.compile(r"accordion|collaps|toggle|expand|faq|question|tab|disclosure|summary|panel|title", re.IGNORECASE)


def label_tabs(described: list[Element]) -> None:
    """Put the label of each tab in front of its panel."""
    tabs = [each for each in described if each.get("role") == "tab"]
    panels = [each for each in described if each.get("role") == "tabpanel"]
    if not tabs:
        return
    named = {panel.get("id"): panel for panel in panels if panel.get("id")}
    labelled = {panel.get("aria-labelledby"): panel for panel in panels if panel.get("aria-labelledby")}
    for number, tab in enumerate(tabs):
        target = (tab.get("aria-controls") or tab.get("href") or tab.get("data-bs-target") or "").lstrip("#")
        panel = named.get(target)
        if panel is None:
            panel = labelled.get(tab.get("id"))
        if panel is None and len(tabs) == len(panels):
            panel = panels[number]
        if panel is None:
            become(tab, "p")
            continue
        label = panel.makeelement("p", {})
        bold = panel.makeelement("strong", {})
        bold.text = text_of(tab)
        label.append(bold)
        label.tail, panel.text = panel.text, None
        panel.insert(0, label)
        around = tab.getparent()
        drop(tab)
        if around is not None and around.tag == "li" and not text_of(around):
            drop(around)


def mend_button(button: Element) -> None:
    """Make a button its text where that is a heading, a label of what it opens or a sentence; else drop it."""
    text = text_of(button)
    parent = button.getparent()
    inside = closest(button, LABELS) is not None
    says = any(button.get(name) for name in ("aria-expanded", "aria-controls", "data-target", "data-bs-target"))
    says = says or bool(_OPENING.search(button.get("class") or ""))
    if inside or (text and (says or text.endswith("?") or len(text.split()) > LONG_LABEL)):
        become(button, "span" if inside else "p")
    elif parent is not None:
        drop(button)


def mend_field(field: Element) -> None:
    """Drop a field, but the alternative text of a picture to press and the box of a list of tasks."""
    kind = (field.get("type") or "").lower()
    if kind == "image" and field.get("alt"):
        become_text(field, field.get("alt") or "")
    elif kind != "checkbox" or closest(field, frozenset({"li"})) is None:
        drop(field)
