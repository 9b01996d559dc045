"""HTML to Markdown: the main text, without the parts that every page of a site repeats."""

from __future__ import annotations

import re
from typing import Any

from ..errors import ParseError
from ..records import JSON, Markup, ParsedDocument
from .decoding import decode, marked
from .markup import failing_as, first_heading, one_line, required, tidy

ENOUGH_CHARACTERS = 200
ENOUGH_SHARE = 0.25
"""Main text that is shorter than ``ENOUGH_CHARACTERS`` and than this share of everything is not the main text."""
HEAD_REACH = 262_144
DECLARATION_REACH = 4096

_NEVER = ("script", "style", "template", "svg", "iframe", "object", "button", "select", "textarea", "input")
_AROUND = ("nav", "aside", "footer", "[role=navigation]", "[role=search]", "[role=contentinfo]", "[role=banner]")

_HEAD_END = re.compile(r"</head\s*>|<body[\s>]", re.IGNORECASE)
_MAIN = re.compile(r"<main[\s>]", re.IGNORECASE)
_CHARSET = re.compile(rb"""<meta\b[^>]*?\bcharset\s*=\s*["']?\s*([\w.:+-]+)""", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"""\A\s*<\?xml\b[^>]*?\bencoding\s*=\s*["']([\w.:+-]+)""")
_TAG = re.compile(r"<(?:!doctype|!--|/?[a-z][a-z0-9]*(?:[\s/>]|$))", re.IGNORECASE)
_XHTML = re.compile(r"""<html\b[^>]*\bxmlns\s*=\s*["']http://www\.w3\.org/1999/xhtml""", re.IGNORECASE)
_DATES = ("article-published_time", "article:published_time", "date", "dcterms.date", "dc.date", "dcterms.created")


def parse(data: bytes, _path: str) -> ParsedDocument:
    """Return the page's main text; the title is that of the page, of its Open Graph card or its first heading.

    Raises:
        ParseError: this is not HTML, or its encoding cannot be determined.
        UnsupportedError: the page is empty or holds no text.
    """
    source, encoding = decode(data, declared_charset(data))
    if not _TAG.search(source):
        raise ParseError("not HTML: there are no tags in it")
    end = _HEAD_END.search(source, 0, HEAD_REACH)
    about = _convert(source[: end.start() if end else HEAD_REACH], metadata=True).metadata.document
    text = main_text(source)
    cards = about.open_graph or {}
    title = about.title or cards.get("title") or first_heading(text)
    media_type = "application/xhtml+xml" if _XHTML.search(source, 0, DECLARATION_REACH) else "text/html"
    return ParsedDocument(
        required(text, "no text in this page"),
        media_type,
        Markup.MARKDOWN,
        title=one_line(title or "") or None,
        language=one_line(about.language or "") or None,
        encoding=encoding,
        metadata=_metadata(about, cards),
    )


def declared_charset(data: bytes) -> str | None:
    """Return the encoding that a page without byte order mark names in its first bytes."""
    if marked(data):
        return None
    match = _XML_ENCODING.match(data) or _CHARSET.search(data, 0, DECLARATION_REACH)
    return match[1].decode("ascii", "replace") if match else None


def main_text(source: str) -> str:
    """Return the main text of a page, or all of it where too little would be left."""
    if begin := _MAIN.search(source):
        end = max(source.rfind("</main"), source.rfind("</MAIN"))
        main = _main_text(source[begin.start() : end], forms=False) if end > begin.end() else ""
        if len(main) >= ENOUGH_CHARACTERS:
            return main
    main = _main_text(source, forms=False)
    if len(main) >= ENOUGH_CHARACTERS:
        return main
    # ASP.NET and its like wrap the whole page in one form.
    with_forms = _main_text(source, forms=True)
    if len(with_forms) >= ENOUGH_CHARACTERS:
        return with_forms
    everything = to_markdown(source)
    return main if len(main) >= ENOUGH_SHARE * len(everything) else everything


def to_markdown(source: str) -> str:
    """Return all text of a page as Markdown, navigation, forms and the like included.

    Raises:
        ParseError: the converter cannot read it.
    """
    return tidy(_convert(source, exclude=_NEVER).content or "")


def _main_text(source: str, forms: bool) -> str:
    exclude = (*_NEVER, *_AROUND) if forms else (*_NEVER, *_AROUND, "form")
    # The library's own rule for <header> keeps an article's and drops the site's, which selectors cannot say.
    return tidy(_convert(source, exclude=exclude, navigation=False, forms=forms).content or "")


def _convert(
    source: str, exclude: tuple[str, ...] = (), *, navigation: bool = True, forms: bool = True, metadata: bool = False
) -> Any:
    import html_to_markdown as library

    options = library.ConversionOptions(
        heading_style="atx",
        bullets="-",
        autolinks=False,
        compact_tables=True,
        skip_images=True,
        extract_metadata=metadata,
        exclude_selectors=list(exclude),
        preprocessing=library.PreprocessingOptions(
            enabled=not (navigation and forms), remove_navigation=not navigation, remove_forms=not forms
        ),
    )
    with failing_as("HTML that cannot be converted"):
        result = library.convert(source, options)
    if any("depth" in warning.message for warning in result.warnings):
        raise ParseError("HTML nested too deep to read whole")
    return result


def _metadata(about: Any, cards: dict[str, str]) -> dict[str, JSON]:
    tags: dict[str, str] = {name.lower(): value for name, value in (about.meta_tags or {}).items()}
    found: dict[str, JSON] = {
        "author": about.author or tags.get("article-author") or tags.get("dc.creator"),
        "date": next((tags[name] for name in _DATES if tags.get(name)), None),
        "description": about.description or cards.get("description"),
        "keywords": [one_line(keyword) for keyword in about.keywords or ()],
        "url": about.canonical_url or cards.get("url"),
    }
    return {name: one_line(value) if isinstance(value, str) else value for name, value in found.items() if value}
