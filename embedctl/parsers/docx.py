"""Word documents (OOXML) to Markdown: headings, lists and tables in the order of the body."""

from __future__ import annotations

import datetime
import io
import re
from typing import TYPE_CHECKING, Any

from ..records import JSON, Markup, ParsedDocument
from .archives import open_archive
from .markup import failing_as, first_heading, one_line, required, table, tidy

if TYPE_CHECKING:
    from collections.abc import Iterator

KIND = "Word document"
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MOST_STYLES = 16
"""Longest ancestry of a style that is followed."""

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HEADING = re.compile(r"heading ([1-9])$", re.IGNORECASE)
_BLANK = {f"{_WORD}tab": "\t", f"{_WORD}br": "\n", f"{_WORD}cr": "\n", f"{_WORD}noBreakHyphen": "-"}
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_CORE = "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties"
_TEXT = {f"{_WORD}t", *_BLANK}
_HIDDEN = {f"{_WORD}del", f"{_WORD}moveFrom", f"{_WORD}tabs", _FALLBACK}  # tab stops are no tabs
_PROPERTIES = {
    "author": "author",
    "subject": "subject",
    "keywords": "keywords",
    "category": "category",
    "comments": "description",
    "created": "created",
    "modified": "modified",
}


def parse(data: bytes, _path: str) -> ParsedDocument:
    """Return headings as ``#``, list items as ``-``, tables as Markdown tables and footnotes at the end.

    Raises:
        ParseError: the file is damaged, protected or no Word document.
        UnsupportedError: it holds no text.
    """
    open_archive(data, KIND).close()
    with failing_as(f"damaged or no {KIND}"):
        import docx

        document = docx.Document(io.BytesIO(data))
        text = tidy("\n\n".join(_blocks(document)))
        metadata, title = core_properties(document)
    return ParsedDocument(
        required(text, "no text in this document"),
        MEDIA_TYPE,
        Markup.MARKDOWN,
        title=title or first_heading(text),
        metadata=metadata,
    )


def core_properties(document: Any) -> tuple[dict[str, JSON], str]:
    """Return the properties that Office files have in common, dates in ISO 8601, and the title."""
    metadata: dict[str, JSON] = {}
    # For a file that has none, the libraries make some up, with the present time.
    try:
        document.part.package.part_related_by(_CORE)
    except KeyError:
        return metadata, ""
    properties = document.core_properties
    for name, key in _PROPERTIES.items():
        value = getattr(properties, name, None)
        if isinstance(value, datetime.datetime):  # naive ones are in UTC by the format's definition
            value = (value if value.tzinfo else value.replace(tzinfo=datetime.UTC)).isoformat()
        if value and (line := one_line(value)):
            metadata[key] = line
    return metadata, one_line(properties.title or "")


def _blocks(document: Any) -> Iterator[str]:
    headings = _heading_levels(document)
    items: list[str] = []
    for element in _body(document.element.body):
        if element.tag == f"{_WORD}tbl":
            block = table(_rows(element))
        elif (depth := _list_depth(element, headings)) is not None:
            if line := one_line(_text(element)):
                items.append("  " * depth + "- " + line)
            continue
        else:
            block = _text(element).strip()
            level = headings.get(_style(element), 0)
            block = f"{'#' * min(level, 6)} {one_line(block)}" if level and block else block
        if items:
            yield "\n".join(items)
            items = []
        yield block
    yield "\n".join(items)
    yield from _footnotes(document)


def _body(container: Any) -> Iterator[Any]:
    """Yield paragraphs and tables, those inside content controls and the like too, in document order."""
    for element in container:
        if element.tag in (f"{_WORD}p", f"{_WORD}tbl"):
            yield element
        elif element.tag not in (f"{_WORD}sectPr", _FALLBACK, f"{_WORD}del", f"{_WORD}moveFrom"):
            yield from _body(element)


def _text(paragraph: Any) -> str:
    """Return the text as it reads with all tracked changes accepted, hyperlinks and fields included."""
    parts: list[str] = []
    within = [iter(paragraph)]  # no recursion, and no look at the ancestors of every word
    while within:
        for element in within[-1]:
            if element.tag in _TEXT:
                parts.append(_BLANK.get(element.tag) or element.text or "")
            if element.tag not in _HIDDEN:
                within.append(iter(element))
                break
        else:
            within.pop()
    return "".join(parts)


def _rows(element: Any) -> Iterator[list[str]]:
    for row in element.iterchildren(f"{_WORD}tr"):
        yield [" ".join(_text(each) for each in cell.iter(f"{_WORD}p")) for cell in row.iterchildren(f"{_WORD}tc")]


def _style(paragraph: Any) -> str | None:
    properties = paragraph.pPr
    style = None if properties is None else properties.pStyle
    return None if style is None else style.val


def _heading_levels(document: Any) -> dict[str | None, int]:
    """Return the level of each style that is or descends from a heading; for list styles minus their depth, from 1."""
    levels: dict[str | None, int] = {}
    for style in document.styles:
        ancestor = style
        for _ in range(MOST_STYLES):
            if ancestor is None:
                break
            name = ancestor.name or ""
            if match := _HEADING.match(name):
                levels[style.style_id] = int(match[1])
            elif name == "Title":
                levels[style.style_id] = 1
            elif name.startswith("List ") and "Continue" not in name:
                levels[style.style_id] = -max(1, int(name[-1]) if name[-1].isdigit() else 1)
            else:
                ancestor = getattr(ancestor, "base_style", None)
                continue
            break
    return levels


def _list_depth(paragraph: Any, levels: dict[str | None, int]) -> int | None:
    """Return how deep a list item is nested from 0, or ``None`` for other paragraphs."""
    level = levels.get(_style(paragraph), 0)
    if level > 0:  # numbered headings are headings
        return None
    properties = paragraph.pPr
    numbering = None if properties is None else properties.numPr
    if numbering is not None:
        number = numbering.numId
        if number is not None and number.val == 0:  # switched off
            return None
        return int(numbering.ilvl.val) if numbering.ilvl is not None else 0
    return -level - 1 if level < 0 else None


def _footnotes(document: Any) -> Iterator[str]:
    from docx.oxml import parse_xml

    for relation in document.part.rels.values():
        if not relation.is_external and relation.reltype.endswith(("/footnotes", "/endnotes")):
            for note in parse_xml(relation.target_part.blob):
                if f"{_WORD}type" not in note.attrib and (line := one_line(_text(note))):
                    yield line
