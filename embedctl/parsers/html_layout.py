"""Tables that only lay out a page, and what a page sets apart by style alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .html_tree import HEADINGS, become, closest, tokens

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_BADGES = ("tag", "badge", "label", "chip", "pill", "btn")
_TABLE_PARTS = ("tbody", "thead", "tfoot", "tr", "td", "th", "caption")
_BLOCKS = ("table", "pre", *HEADINGS)
_TABLE = frozenset({"table"})


def is_layout(table: Element) -> bool:
    """Return whether a table holds parts that no cell of data has."""
    if (table.get("role") or "").lower() in ("presentation", "none"):
        return True
    parts = [each for each in table.iter("tr") if closest(each, _TABLE) is table]
    if next((each for each in table.iter(*_BLOCKS) if each is not table), None) is not None:
        return True
    return len(parts) == 1 and next(table.iter("th", "thead"), None) is None and table.find(".//p") is not None


def unwrap_table(table: Element) -> None:
    """Make each cell of a table a block of its own."""
    for each in [*table.iter(*_TABLE_PARTS)]:
        if closest(each, _TABLE) is table:
            become(each, "div")
    become(table, "section")


def set_apart(found: list[Element]) -> None:
    """Keep apart what a page sets apart by style alone: links, labels, badges, and elements of its own making."""
    for element in found:
        if element.tail:
            continue
        follows = element.getnext()
        if follows is None or follows.tag != element.tag:
            continue
        if element.tag != "span" or any(each in _BADGES for each in tokens(element)):
            element.tail = " "
