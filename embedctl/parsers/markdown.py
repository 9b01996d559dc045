"""Markdown, kept verbatim; its front matter becomes metadata."""

from __future__ import annotations

from ..records import Markup, ParsedDocument
from .decoding import decode
from .frontmatter import front_matter
from .markup import first_heading, one_line


def parse(data: bytes, _path: str) -> ParsedDocument:
    """Return the text as it is; the title is that of the front matter, else the first level-1 heading."""
    text, encoding = decode(data)
    metadata, body_start = front_matter(text)
    declared = metadata.get("title")
    title = one_line(declared) if isinstance(declared, str) else None
    language = metadata.get("lang")
    return ParsedDocument(
        text,
        "text/markdown",
        Markup.MARKDOWN,
        title=title or first_heading(text, body_start),
        language=language if isinstance(language, str) else None,
        encoding=encoding,
        body_start=body_start,
        metadata=metadata,
    )
