"""Choosing the outline by what the document is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..outline import Section
from ..records import Markup
from .code import code_outline
from .markdown import markdown_outline
from .plain import plain_outline
from .rst import rst_outline

if TYPE_CHECKING:
    from ..outline import Outline
    from ..records import Document

_BY_MARKUP = {
    Markup.PLAIN.value: plain_outline,
    Markup.MARKDOWN.value: markdown_outline,
    Markup.RST.value: rst_outline,
    Markup.CODE.value: code_outline,
}
_BY_PAGE = frozenset(
    {
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.ms-excel",
        "application/vnd.oasis.opendocument.spreadsheet",
    }
)
"""A slide or a sheet is a unit of its own; a page of a PDF ends anywhere."""


def structure_of(document: Document) -> Outline:
    """Return the outline that the document's markup calls for."""
    return _BY_MARKUP[document.markup](document)


def page_outline(document: Document) -> Outline:
    """Return pages as sections that never join, with the document's own structure inside them."""
    pages = [Section(page, 1) for page in sorted(set(document.pages)) if page > document.body_start]
    outline = structure_of(document)
    return outline.softened(pages, join_sections=False) if document.pages else outline


class AutoChunker:
    """Markdown, reST and code by their structure, slides and sheets by page, everything else as running text."""

    def outline(self, document: Document) -> Outline:
        """Return the outline for the document's media type and markup."""
        return page_outline(document) if document.media_type in _BY_PAGE else structure_of(document)
