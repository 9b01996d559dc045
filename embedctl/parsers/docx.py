"""Word documents (OOXML) to Markdown: headings, lists and tables in the order of the body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ParseError
from ..records import Markup, ParsedDocument
from .drawing import graphics
from .kinds import HEAD_BYTES, PARSERS, parser_for
from .markup import failing_as, first_heading, one_line, required, table, tidy
from .numerals import BULLET, Items, is_page_number
from .ooxml import ALTERNATE, CHOICE, FALLBACK, RELATION_ID, Package, is_on
from .word_numbering import Numbering
from .word_styles import MOST_LEVELS, VALUE, WORD, Styles, number_of
from .word_text import Runs, Story

if TYPE_CHECKING:
    from collections.abc import Iterator

KIND = "Word document"
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

_PARAGRAPH, _TABLE, _ROW, _CELL, _CHUNK = (f"{WORD}{name}" for name in ("p", "tbl", "tr", "tc", "altChunk"))
_UNREAD = {f"{WORD}{name}" for name in ("sectPr", "del", "moveFrom", "sdtPr", "sdtEndPr", "tblPr", "tblGrid", "trPr")}
_CHUNK_PARSERS = {"html", "text", "rtf", "mhtml"}
"""Parsers of files inside a document; none that reads packages, which could hold themselves."""


def parse(data: bytes, _path: str) -> ParsedDocument:
    """Return headings as ``#``, list items as ``-`` or by their numbers, tables as Markdown tables, notes at the end.

    Raises:
        ParseError: the file is damaged, protected or no Word document.
        UnsupportedError: it holds no text.
    """
    package = Package(data, KIND)
    with failing_as(f"damaged or no {KIND}"):
        part, root = package.main("word", "document")
        text = tidy("\n\n".join(filter(None, _Document(package, part).read(root))))
        metadata, title = package.properties()
        notes = package.notes(part)
    return ParsedDocument(
        required(text, "no text in this document"),
        MEDIA_TYPE,
        Markup.MARKDOWN,
        title=title or first_heading(text),
        metadata=metadata,
        notes=notes,
    )


class _Document:
    """A document and what its parts share: styles, numbers, comments."""

    def __init__(self, package: Package, part: str) -> None:
        self._package = package
        self._part = part
        self._styles = Styles(package.first(part, "styles")[1])
        self._numbering = Numbering.of(package.first(part, "numbering")[1])
        self._comments: dict[str, str] = {}
        self._story = self._story_of(part)

    def read(self, root: Any) -> Iterator[str]:
        """Yield the blocks of page headers, body, notes, page footers."""
        for name, comments in self._package.related(self._part, "comments"):
            for comment in comments.iterchildren(f"{WORD}comment"):
                author, body = comment.get(f"{WORD}author"), " ".join(self._within(name, comment))
                if body:
                    by = f" by {one_line(author)}" if author else ""
                    self._comments[comment.get(f"{WORD}id") or ""] = f"Comment{by}: {one_line(body)}"
        yield from self._margins(root, "header")
        for body in root.iterchildren(f"{WORD}body"):
            yield from self._blocks(body)
        for kind in ("footnotes", "endnotes"):
            for name, notes in self._package.related(self._part, kind):
                for note in notes:
                    if f"{WORD}type" not in note.attrib:
                        yield from self._within(name, note)
        yield from self._comments.values()  # of places that are no longer there
        yield from self._margins(root, "footer")

    def _story_of(self, part: str) -> Story:
        return Story(self._blocks, lambda element: graphics(element, self._package, part), self._comments)

    def _within(self, part: str, container: Any) -> list[str]:
        """Return the blocks of another part than the body, whose relations are its own."""
        story, self._story = self._story, self._story_of(part)
        try:
            return [block for block in self._blocks(container) if block]
        finally:
            self._story = story

    def _margins(self, root: Any, kind: str) -> Iterator[str]:
        """Yield the headers or footers that pages show, each once."""
        _, settings = self._package.first(self._part, "settings")
        two_sided = settings is not None and is_on(settings.find(f"{WORD}evenAndOddHeaders"), VALUE)
        relations = self._package.relations(self._part)
        unseen = set()
        for section in root.iter(f"{WORD}sectPr"):
            shown = {"default", *(["even"] if two_sided else [])}
            shown |= {"first"} if is_on(section.find(f"{WORD}titlePg"), VALUE) else set()
            for reference in section.iterchildren(f"{WORD}{kind}Reference"):
                if reference.get(f"{WORD}type", "default") not in shown:
                    unseen.add(reference.get(RELATION_ID))
        blocks = [
            block
            for identifier, relation in relations.items()
            if relation.kind == kind
            and identifier not in unseen
            and (part := self._package.xml(relation.target)) is not None
            for block in self._within(relation.target, part)
        ]
        yield from (block for block in dict.fromkeys(blocks) if not is_page_number(block))

    def _blocks(self, container: Any) -> Iterator[str]:
        items = Items()
        for element in _members(container, (_PARAGRAPH, _TABLE, _CHUNK)):
            if element.tag == _PARAGRAPH:
                runs = Runs(self._story, element)
                block = self._paragraph(element, runs, items)
                beside = runs.beside
            elif element.tag == _TABLE:
                block, beside = self._table(element)
            else:
                block, beside = self._chunk(element), []
            if items.lines and (block or beside):
                yield items.take()
            yield block
            yield from beside
        yield items.take()

    def _paragraph(self, element: Any, runs: Runs, items: Items) -> str:
        """Return a heading or a paragraph; add an item to the list that is being written."""
        heading, label, depth = self._about(element)
        text = runs.text.strip()
        if not text:
            return ""
        if heading:
            number = "" if label in (None, BULLET) else f"{label} "
            return f"{'#' * min(heading, 6)} {number}{one_line(text)}"
        if label is None:
            return items.take() + "\n\n" + text if items.lines else text
        if label:
            items.add(depth, label, one_line(text))
            return ""
        return text

    def _about(self, paragraph: Any) -> tuple[int, str | None, int]:
        """Return the level of a heading, or 0; the number, ``None`` outside of lists; and its depth from 0."""
        properties = paragraph.find(f"{WORD}pPr")
        name = None
        numbering = None
        if properties is not None:
            styled = properties.find(f"{WORD}pStyle")
            name = None if styled is None else styled.get(VALUE)
            numbering = properties.find(f"{WORD}numPr")
        style = self._styles.of(name)
        heading = style.heading
        if not heading and properties is not None:
            outline = number_of(properties, "outlineLvl", MOST_LEVELS)
            heading = outline + 1 if outline is not None and 0 <= outline < MOST_LEVELS else 0
        identifier = number_of(numbering, "numId", style.list_id)
        if identifier == 0:  # switched off
            return heading, None, 0
        level = number_of(numbering, "ilvl", style.level)
        if identifier is not None:
            level = self._numbering.level_of_style(identifier, name) if level is None else level
            label = self._numbering.label(identifier, max(0, min(level, MOST_LEVELS - 1)))
            # "List Bullet 2" is a list of its own, and looks like the second level of one.
            return heading, label, style.depth if numbering is None and style.depth is not None else level
        if style.depth is not None:
            return heading, BULLET, style.depth
        return heading, None, 0

    def _table(self, element: Any) -> tuple[str, list[str]]:
        """Return a table, and what floats beside the text of its cells; a lone cell is a frame around its blocks."""
        rows = [row for row in _members(element, (_ROW,)) if row.find(f"{WORD}trPr/{WORD}del") is None]
        cells = [list(_members(row, (_CELL,))) for row in rows]
        if len(rows) == 1 and len(cells[0]) == 1:
            return "\n\n".join(filter(None, self._blocks(cells[0][0]))), []
        beside: list[str] = []
        return table(self._row(row, each, beside) for row, each in zip(rows, cells, strict=True)), beside

    def _row(self, row: Any, cells: list[Any], beside: list[str]) -> list[str]:
        """Return the texts of a row, each in its own column: what spans several is followed by empty cells."""
        found = [""] * min(number_of(row.find(f"{WORD}trPr"), "gridBefore", 0) or 0, 100)
        for cell in cells:
            found.append(" ".join(self._cell(cell, beside)))
            found += [""] * (min(number_of(cell.find(f"{WORD}tcPr"), "gridSpan", 1) or 1, 100) - 1)
        return found

    def _cell(self, cell: Any, beside: list[str]) -> Iterator[str]:
        for element in _members(cell, (_PARAGRAPH, _TABLE)):
            if element.tag == _TABLE:
                for row in _members(element, (_ROW,)):
                    yield " ".join(self._row(row, list(_members(row, (_CELL,))), beside))
                continue
            runs = Runs(self._story, element)
            beside += runs.beside
            _, label, _ = self._about(element)
            yield runs.text if label in (None, BULLET) else f"{label} {runs.text}"

    def _chunk(self, element: Any) -> str:
        """Return the text of a file that stands inside the document."""
        relation = self._package.relations(self._part).get(element.get(RELATION_ID) or "")
        data = self._package.data(relation.target) if relation else None
        if not relation or not data:
            return ""
        try:
            kind = parser_for(relation.target, data[:HEAD_BYTES])
            text: str = PARSERS.load(kind)(data, relation.target).text if kind in _CHUNK_PARSERS else ""
        except ParseError:  # its own kind of file may not be read, and costs only itself
            return ""
        return text


def _members(container: Any, tags: tuple[str, ...]) -> Iterator[Any]:
    """Yield the elements of these names, those inside content controls and the like too, in document order."""
    for element in container:
        if element.tag in tags:
            yield element
        elif element.tag == ALTERNATE:
            alternatives = (list(_members(each, tags)) for each in element if each.tag in (CHOICE, FALLBACK))
            yield from next(filter(None, alternatives), [])
        elif element.tag not in _UNREAD:
            yield from _members(element, tags)
