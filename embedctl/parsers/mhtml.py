"""Web pages saved with all that belongs to them (MHTML): the page's main text, and that of the frames in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import ParseError, UnsupportedError
from . import html
from .mail_headers import iso_date
from .mail_words import in_charset
from .markup import failing_as
from .mime import Part, parameters, read_part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..records import JSON, ParsedDocument

DEEPEST = 20
MOST_FRAMES = 50
_PAGES = frozenset(("text/html", "application/xhtml+xml"))
_URLS = ("snapshot-content-location", "content-location")


def parse(data: bytes, path: str) -> ParsedDocument:
    """Return the main text of the saved page, then that of its frames; images and styles are left out.

    Raises:
        ParseError: it is not a page that was saved so.
        UnsupportedError: it is empty, or there is no text in the page.
    """
    if not data.strip():
        raise UnsupportedError("empty file")
    whole = read_part(data, 0, len(data))
    if "content-type" not in whole.headers:
        raise ParseError("not a saved web page: it has no headers")
    with failing_as("damaged web archive"):
        pages = [part for part in _leaves(whole, 0) if part.content_type in _PAGES]
        if not pages:
            raise UnsupportedError("no page in this web archive")
        begin = parameters(whole.headers["content-type"]).get("start")
        root = next((part for part in pages if begin and part.headers.get("content-id") == begin), pages[0])
        page = _page(root, path)
    frames = [part for part in pages if part is not root]
    texts = [page.text, *(text for part in frames[:MOST_FRAMES] if (text := _frame_text(part, path)))]
    notes = [f"frames after the first {MOST_FRAMES} are not read"] if len(frames) > MOST_FRAMES else []
    metadata: dict[str, JSON] = dict(page.metadata)
    if url := next((part.header(name) for part in (whole, root) for name in _URLS if part.header(name)), None):
        metadata.setdefault("url", url)
    if saved := iso_date(whole.header("date")):
        metadata["saved"] = saved
    return replace(
        page,
        text="\n\n".join(texts),
        media_type="multipart/related",
        title=page.title or whole.header("subject") or None,
        metadata=metadata,
        notes=(*page.notes, *notes),
    )


def _leaves(part: Part, depth: int) -> Iterator[Part]:
    if part.content_type.startswith("multipart/") and depth < DEEPEST:
        for each in part.parts():
            yield from _leaves(each, depth + 1)
    else:
        yield part


def _page(part: Part, path: str) -> ParsedDocument:
    data = part.payload()
    return html.parse(
        in_charset(data, part.charset or html.declared_charset(data)).text.encode("utf-8", "replace"), path
    )


def _frame_text(part: Part, path: str) -> str:
    try:
        return _page(part, path).text
    except ParseError:  # a frame without text, or one that is no page
        return ""
