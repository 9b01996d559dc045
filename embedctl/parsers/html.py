"""HTML to Markdown: the main text, without the parts that every page of a site repeats."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from ..errors import ParseError
from ..records import Markup, ParsedDocument
from .decoding import decode, marked
from .html_about import about_page
from .html_code import mend_code
from .html_main import keep_main
from .html_mend import mend, show_visible
from .html_tree import page_tree, text_of, with_attributes
from .markup import failing_as, first_heading, required, tidy

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

ENOUGH_CHARACTERS = 200
ENOUGH_SHARE = 0.25
"""Main text that is shorter than ``ENOUGH_CHARACTERS`` and than this share of everything is not the main text."""
DECLARATION_REACH = 4096
_DESCRIBING = ("role", "aria-hidden", "aria-label")

_CHARSET = re.compile(rb"""<meta\b[^>]*?\bcharset\s*=\s*["']?\s*([\w.:+-]+)""", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"""\A\s*<\?xml\b[^>]*?\bencoding\s*=\s*["']([\w.:+-]+)""")
_TAG = re.compile(r"<(?:!doctype|!--|/?[a-z][a-z0-9]*(?:[\s/>]|$))", re.IGNORECASE)
_XHTML = re.compile(r"""<html\b[^>]*\bxmlns\s*=\s*["']http://www\.w3\.org/1999/xhtml""", re.IGNORECASE)


def parse(data: bytes, _path: str) -> ParsedDocument:
    """Return the page's main text; the title is that of the page, of its Open Graph card or its first heading.

    A file without a single tag, such as a template that only names others, is plain text.

    Raises:
        ParseError: the encoding cannot be determined, or elements are nested too deep.
        UnsupportedError: the page is empty or holds no text.
    """
    source, encoding = decode(data, declared_charset(data))
    if not _TAG.search(source):
        return ParsedDocument(source, "text/html", Markup.PLAIN, encoding=encoding)
    root = page_tree(source)
    about = about_page(root)
    text = _main_text(root, source)
    media_type = "application/xhtml+xml" if _XHTML.search(source, 0, DECLARATION_REACH) else "text/html"
    return ParsedDocument(
        required(text, "no text in this page"),
        media_type,
        Markup.MARKDOWN,
        title=about.title or first_heading(text),
        language=about.language,
        encoding=encoding,
        metadata=about.metadata,
    )


def declared_charset(data: bytes) -> str | None:
    """Return the encoding that a page without byte order mark names in its first bytes."""
    if marked(data):
        return None
    match = _XML_ENCODING.match(data) or _CHARSET.search(data, 0, DECLARATION_REACH)
    return match[1].decode("ascii", "replace") if match else None


def to_markdown(source: str) -> str:
    """Return all text of a page as Markdown, navigation, footers and the like included.

    Raises:
        ParseError: the converter cannot read it.
    """
    root = page_tree(source)
    return "" if root is None else tree_to_markdown(root)


def _main_text(root: Element | None, source: str) -> str:
    if root is None:
        return ""
    show_visible(root)
    described = with_attributes(root, *_DESCRIBING)
    keep_main(root, source, described)
    main = _to_markdown(root, described)
    if len(main) >= ENOUGH_CHARACTERS:
        return main
    everything = page_tree(source)
    if everything is None:
        return main
    show_visible(everything)
    return main if len(main) >= ENOUGH_SHARE * len(text_of(everything)) else tree_to_markdown(everything)


def tree_to_markdown(root: Element) -> str:
    """Return all text below the root of a page as Markdown; the tree is changed on the way.

    Raises:
        ParseError: the converter cannot read it.
    """
    show_visible(root)
    return _to_markdown(root, with_attributes(root, *_DESCRIBING))


def _to_markdown(root: Element, described: list[Element]) -> str:
    import html_to_markdown as library
    from lxml import etree

    blocks = mend_code(root)
    mend(root, described)
    etree.strip_attributes(root, "class", "id", "style", "rel", "target", "hidden", "title")
    for code, language in blocks:
        if language:
            code.set("class", f"language-{language}")
    with failing_as("HTML that cannot be converted"):
        result = library.convert(etree.tostring(root, encoding="unicode", method="html"), _options())
    if any("depth" in warning.message for warning in result.warnings):
        raise ParseError("HTML nested too deep to read whole")
    return tidy(result.content or "")


@cache
def _options() -> Any:
    """Return the converter's options, made once: it looks up those that are given by name for every page."""
    import html_to_markdown as library

    return library.ConversionOptions(
        heading_style=library.HeadingStyle.ATX,
        bullets="-",
        autolinks=False,
        compact_tables=True,
        skip_images=True,
        extract_metadata=False,
        preprocessing=library.PreprocessingOptions(enabled=False, preset=library.PreprocessingPreset.STANDARD),
        list_indent_type=library.ListIndentType.SPACES,
        highlight_style=library.HighlightStyle.DOUBLE_EQUAL,
        whitespace_mode=library.WhitespaceMode.NORMALIZED,
        newline_style=library.NewlineStyle.SPACES,
        code_block_style=library.CodeBlockStyle.BACKTICKS,
        url_escape_style=library.UrlEscapeStyle.ANGLE,
        link_style=library.LinkStyle.INLINE,
        output_format=library.OutputFormat.MARKDOWN,
    )
