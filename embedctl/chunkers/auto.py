"""Choose the outline by what the document is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..outline import Section, no_heading
from ..records import Markup
from .code import code_outline
from .headed import MARKUPS, headed_outline
from .markdown import markdown_outline
from .plain import delimited_outline, recursive_outline
from .rst import rst_outline

if TYPE_CHECKING:
    from ..outline import Outline
    from ..records import Document

_BY_MARKUP = {
    Markup.PLAIN.value: recursive_outline,
    Markup.MARKDOWN.value: markdown_outline,
    Markup.RST.value: rst_outline,
    Markup.CODE.value: code_outline,
    **dict.fromkeys(MARKUPS, headed_outline),
}
_DELIMITED = frozenset({"text/csv", "text/tab-separated-values"})
_BY_PAGE = frozenset(
    {
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.ms-excel",
        "application/vnd.ms-excel.sheet.binary.macroenabled.12",
        "application/vnd.ms-powerpoint",
        "application/vnd.oasis.opendocument.graphics",
        "application/vnd.oasis.opendocument.presentation",
        "application/vnd.oasis.opendocument.spreadsheet",
    }
)
"""A slide or a sheet is a unit of its own; a page of a PDF ends anywhere."""
_BY_OUTLINE = "application/pdf"
"""Its headings are those of its outline, which names few and long sections; a hit is to say which."""


def auto_outline(document: Document) -> Outline:
    """Return marked-up text and code by their structure, slides and sheets by page, everything else as running text."""
    if document.media_type in _BY_PAGE:
        return page_outline(document)
    outline = _structure(document)
    return replace(outline, join_sections=False) if document.media_type == _BY_OUTLINE else outline


def page_outline(document: Document) -> Outline:
    """Return pages as sections that never join, the document's own structure inside them; without pages, that alone."""
    pages = [Section(page, 1) for page in sorted(set(document.pages)) if page > document.body_start]
    outline = _structure(document)
    return outline.softened(pages, join_sections=False) if document.pages else outline


def none_outline(document: Document) -> Outline:
    """Return the document's own structure without sections and headings: cut only what is longer than a chunk."""
    return replace(_structure(document).softened(()), heading=no_heading, paths=frozenset({()}))


def _structure(document: Document) -> Outline:
    if document.media_type in _DELIMITED and document.markup == Markup.PLAIN.value:
        return delimited_outline(document)
    return _BY_MARKUP[document.markup](document)
