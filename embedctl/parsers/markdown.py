"""Markdown, kept verbatim; its front matter becomes metadata, and a part of the text where it has words in it."""

from __future__ import annotations

from ..records import Markup, ParsedDocument
from .bulk import without_encoded
from .decoding import decode_noted
from .frontmatter import front_matter
from .markup import first_heading, one_line


def parse(data: bytes, _path: str) -> ParsedDocument:
    """Return the text as it is; the title is that of the front matter, else the first level-1 heading.

    Encoded bytes, such as pictures in data URIs, are left out; lines stay what they are.
    """
    text, encoding, notes = decode_noted(data)
    text = without_encoded(text)
    front = front_matter(text)
    declared = front.settings.get("title")
    written = isinstance(declared, str | int | float) and not isinstance(declared, bool)
    language = front.settings.get("lang")
    return ParsedDocument(
        text,
        "text/markdown",
        Markup.MARKDOWN,
        title=(one_line(str(declared)) if written else None) or first_heading(text, front.body_start),
        language=language if isinstance(language, str) else None,
        encoding=encoding,
        body_start=front.chunks_start,
        metadata=front.settings,
        notes=(*notes, *front.notes),
    )
