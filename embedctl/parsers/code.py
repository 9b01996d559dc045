"""Source code and configuration files, kept verbatim."""

from __future__ import annotations

from pathlib import PurePosixPath

from ..records import Markup, ParsedDocument
from . import languages
from .bulk import without_encoded
from .decoding import decode_noted


def parse(data: bytes, path: str) -> ParsedDocument:
    """Return the text as it is; the language comes from the name, else the ending, else the shebang."""
    text, encoding, notes = decode_noted(data)
    text = without_encoded(text)
    name = PurePosixPath(path).name.lower()
    language = (
        languages.BY_NAME.get(name)
        or languages.BY_ENDING.get(PurePosixPath(name).suffix)
        or languages.BY_NAME.get(name.partition(".")[0])  # Dockerfile.dev
        or languages.by_shebang(text[: text.find("\n") + 1] or text[:256])
    )
    return ParsedDocument(
        text,
        language.media_type if language else "text/plain",
        Markup.CODE,
        language=language.name if language else None,
        encoding=encoding,
        notes=notes,
    )
