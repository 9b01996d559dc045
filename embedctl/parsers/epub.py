"""EPUB books: their chapters, in the order of the spine, as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ParseError, UnsupportedError
from ..records import JSON, Markup, ParsedDocument
from .archives import open_archive, read_member
from .decoding import decode, is_binary, marked
from .epub_members import KIND, local_name
from .epub_package import Package, open_package
from .html import declared_charset, tree_to_markdown
from .html_tree import become, page_tree, text_of
from .markup import first_heading, one_line, required

if TYPE_CHECKING:
    import zipfile

    from lxml.etree import _Element as Element

    from .epub_contents import Place

MEDIA_TYPE = "application/epub+zip"
NAMED = 3
"""Chapters that a note names."""

_FIELDS = {
    "creator": "author",
    "publisher": "publisher",
    "date": "date",
    "description": "description",
    "identifier": "identifier",
}
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS = frozenset({"p", "div", "li", "section", "blockquote", "td", "dt", "dd", "body", "article", "center"})


def parse(data: bytes, _path: str) -> ParsedDocument:
    """Return the chapters of the spine, a blank line between them; its table of contents is left out.

    A chapter that lacks headings gets those that the table of contents has for it. Chapters that are missing or damaged
    are noted.

    Raises:
        ParseError: the file is damaged, protected or no book, or none of its chapters can be read.
        UnsupportedError: it holds no text.
    """
    with open_archive(data, KIND) as archive:
        package = open_package(archive)
        texts, lacks = [], list(package.lacks)
        for name in package.chapters:
            try:
                texts.append(_chapter(archive, name, package.places.get(name, [])))
            except ParseError as error:
                lacks.append((name, error.message))
    if lacks and not texts:
        raise ParseError(f"damaged {KIND}: none of its chapters can be read: {': '.join(lacks[0])}")
    text = "\n\n".join(text for text in texts if text)
    return ParsedDocument(
        required(text, "no text in this book"),
        MEDIA_TYPE,
        Markup.MARKDOWN,
        title=next(iter(_all(package, "title")), None) or first_heading(text),
        language=next(iter(_all(package, "language")), None),
        metadata=_metadata(package),
        notes=(*package.notes, *_note(lacks, len(texts))),
    )


def _note(lacks: list[tuple[str, str]], read: int) -> list[str]:
    if not lacks:
        return []
    named = "; ".join(f"{name}: {reason}" for name, reason in lacks[:NAMED])
    more = "; ..." if len(lacks) > NAMED else ""
    return [f"{len(lacks)} of {len(lacks) + read} chapters cannot be read ({named}{more})"]


def _chapter(archive: zipfile.ZipFile, name: str, places: list[Place]) -> str:
    data = read_member(archive, name, KIND)
    if is_binary(data) and not marked(data):
        raise ParseError("it is not text, or protected against copying")
    declared = declared_charset(data)
    try:
        source = decode(data, declared).text
    except UnsupportedError:  # an empty page, such as a cover
        return ""
    root = page_tree(source)
    if root is None:
        return ""
    if next(root.iter(*_HEADINGS), None) is None:
        for place in places:
            _entitle(root, place)
    return tree_to_markdown(root)


def _entitle(root: Element, place: Place) -> None:
    """Put the title that the table of contents has for a place there, or make it a heading where it stands already."""
    body = next(root.iter("body"), root)
    target = body
    if place.fragment:
        found = root.xpath("descendant::*[@id=$place or @name=$place]", place=place.fragment)
        if not found:
            return
        target = found[0]
    while target is not body and target.tag not in _BLOCKS and target.getparent() is not None:
        target = target.getparent()
    for block in (target, *target.iter("p", "div")):
        if text_of(block).casefold() == place.title.casefold():
            become(block, "h2" if place.fragment else "h1")
            return
        if text_of(block) and block.tag == "p":
            break
    heading = root.makeelement("h2" if place.fragment else "h1", {})
    heading.text = place.title
    parent = target.getparent()
    if target is body or parent is None:
        heading.tail, target.text = target.text, None
        target.insert(0, heading)
    else:
        parent.insert(parent.index(target), heading)


def _all(package: Package, name: str) -> list[str]:
    values = (one_line(text_of(each)) for each in package.metadata if local_name(each) == name)
    return [value for value in values if value]


def _metadata(package: Package) -> dict[str, JSON]:
    metadata: dict[str, JSON] = {}
    for name, key in _FIELDS.items():
        if values := _all(package, name):
            metadata[key] = ", ".join(values) if name == "creator" else values[0]
    if subjects := _all(package, "subject"):
        metadata["keywords"] = list(subjects)
    return metadata
