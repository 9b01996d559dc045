"""Markdown: sections by headings; code, tables and list items whole where they fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .markdown_blocks import scan_markdown

if TYPE_CHECKING:
    from ..outline import Outline
    from ..records import Document


def markdown_outline(document: Document) -> Outline:
    """Return the outline of Markdown text."""
    return scan_markdown(document.text, document.body_start).outline(document.text).with_pages(document.pages)


class MarkdownChunker:
    """A chunk begins at a heading, except where less than an eighth of a chunk was collected before it."""

    def outline(self, document: Document) -> Outline:
        """Return sections by heading, and blocks inside them."""
        return markdown_outline(document)
