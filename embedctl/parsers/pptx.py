"""PowerPoint presentations (OOXML) to Markdown, a page for every slide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..records import Markup, ParsedDocument
from .drawing import alternative_text, graphics, paragraph_text
from .markup import failing_as, join_pages, one_line, required, table, tidy
from .numerals import BULLET, letters, roman
from .ooxml import ALTERNATE, CHOICE, DRAWING, FALLBACK, OFFICE, RELATION_ID, Package, local

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KIND = "PowerPoint presentation"
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
MOST_LEVELS = 9

_SLIDE = f"{{{OFFICE}/presentationml/2006/main}}"
_SHAPES = {f"{_SLIDE}{name}" for name in ("sp", "graphicFrame", "pic", "cxnSp")}
_TITLES = ("title", "ctrTitle")
_EACH_SLIDE = ("ftr", "hdr", "dt")
_NUMBERS: dict[str, Callable[[int], str]] = {
    "arabic": str,
    "alphaLc": letters,
    "alphaUc": lambda number: letters(number).upper(),
    "romanLc": roman,
    "romanUc": lambda number: roman(number).upper(),
}
_AROUND = {"Period": "{}.", "ParenR": "{})", "ParenBoth": "({})", "Plain": "{}"}


def parse(data: bytes, _path: str) -> ParsedDocument:
    """Return each slide as ``## title``, bullets and tables, then its notes; ``pages`` are the slides.

    Raises:
        ParseError: the file is damaged, protected or no presentation.
        UnsupportedError: it holds no text.
    """
    package = Package(data, KIND)
    with failing_as(f"damaged or no {KIND}"):
        part, root = package.main("ppt", "presentation")
        presentation = _Presentation(package, part)
        found = list(_slides(package, part, root))
        slides = [presentation.slide(name, slide) for name, slide in found]
        metadata, title = package.properties()
        notes = package.notes(part, *(name for name, _ in found))
    text, offsets = join_pages([tidy("\n\n".join(filter(None, blocks))) for _, blocks in slides])
    return ParsedDocument(
        required(text, "no text in this presentation"),
        MEDIA_TYPE,
        Markup.MARKDOWN,
        # python-pptx's own template is called that.
        title=title if title and title != "PowerPoint Presentation" else next(filter(None, dict(slides)), None),
        pages=offsets,
        metadata=metadata,
        notes=notes,
    )


def _slides(package: Package, part: str, root: Any) -> Iterator[tuple[str, Any]]:
    relations = package.relations(part)
    for reference in root.iter(f"{_SLIDE}sldId"):
        relation = relations.get(reference.get(RELATION_ID) or "")
        slide = package.xml(relation.target) if relation else None
        if relation and slide is not None:
            yield relation.target, slide


class _Presentation:
    """What the slides of a presentation share."""

    def __init__(self, package: Package, part: str) -> None:
        self._package = package
        self._repeated: set[str] = set()
        """Footers and the like that an earlier slide had."""
        self._authors = {
            each.get("id") or "": each.get("name") or ""
            for kind in ("commentAuthors", "authors")
            for _, root in package.related(part, kind)
            for each in root.iterchildren("*")
        }

    def slide(self, part: str, root: Any) -> tuple[str, list[str]]:
        """Return the title of a slide and its blocks."""
        shapes = [shape for tree in root.iter(f"{_SLIDE}spTree") for shape in _shapes(tree)]
        titled = next((shape for shape in shapes if _placeholder(shape) in _TITLES and _text(shape)), None)
        title = "" if titled is None else _text(titled)
        blocks = [f"## {title}"] if title else []
        for shape in shapes:
            if shape is not titled:
                blocks += self._shape(shape, part)
        for name, notes in self._package.related(part, "notesSlide"):
            bodies = [s for tree in notes.iter(f"{_SLIDE}spTree") for s in _shapes(tree) if _placeholder(s) == "body"]
            text = tidy("\n".join(line for body in bodies for _, _, line in _paragraphs(body)))
            blocks += [f"Notes: {text}"] if text else []
            blocks += [block for body in bodies for block in graphics(body, self._package, name)]
        blocks += self._comments(part)
        return title, blocks

    def _shape(self, shape: Any, part: str) -> Iterator[str]:
        kind = _placeholder(shape)
        yield _description(shape)
        if kind == "sldNum":
            return
        if kind in _EACH_SLIDE:
            text = _text(shape)
            if text not in self._repeated:
                self._repeated.add(text)
                yield text
            return
        for grid in shape.iter(f"{DRAWING}tbl"):
            yield table(_rows(grid))
        yield from graphics(shape, self._package, part)
        if shape.find(f"{_SLIDE}txBody") is not None:
            yield "\n".join(_lines(shape, bulleted=kind is not None))

    def _comments(self, part: str) -> Iterator[str]:
        for _, root in self._package.related(part, "comments"):
            for comment in root.iter("*"):
                if local(comment) not in ("cm", "reply"):
                    continue
                body = next((child for child in comment if local(child) in ("text", "txBody")), None)
                if body is None:
                    continue
                text = one_line(body.text or "") if local(body) == "text" else one_line(_joined(body))
                author = one_line(self._authors.get(comment.get("authorId") or "", ""))
                if text:
                    yield f"Comment{f' by {author}' if author else ''}: {text}"


def _shapes(tree: Any) -> Iterator[Any]:
    """Yield shapes in the order of the file, which is that of drawing and mostly that of reading."""
    for element in tree:
        if element.tag in _SHAPES:
            yield element
        elif element.tag == ALTERNATE:
            alternatives = (list(_shapes(each)) for each in element if each.tag in (CHOICE, FALLBACK))
            yield from next(filter(None, alternatives), [])
        elif element.tag == f"{_SLIDE}grpSp":
            yield from _shapes(element)


def _placeholder(shape: Any) -> str | None:
    """Return the type of a placeholder; ``None``: it is a shape of its own."""
    holder = shape.find(f"*/{_SLIDE}nvPr/{_SLIDE}ph")
    return None if holder is None else str(holder.get("type", "obj"))


def _description(shape: Any) -> str:
    return alternative_text(shape.find(f"*/{_SLIDE}cNvPr"))


def _text(shape: Any) -> str:
    return one_line(_joined(shape))


def _joined(container: Any) -> str:
    return "\n".join(paragraph_text(each) for each in container.iter(f"{DRAWING}p"))


def _rows(grid: Any) -> Iterator[list[str]]:
    for row in grid.iterchildren(f"{DRAWING}tr"):
        yield [
            " ".join(paragraph_text(each) for each in cell.iter(f"{DRAWING}p"))
            for cell in row.iterchildren(f"{DRAWING}tc")
        ]


def _lines(shape: Any, *, bulleted: bool) -> Iterator[str]:
    """Yield bullets for the body's paragraphs, plain lines for those of free text boxes, numbers wherever they are."""
    for level, label, line in _paragraphs(shape):
        if label is None:
            yield line
        elif label == BULLET:
            yield f"{'  ' * level}- {line}" if bulleted else line
        else:
            yield f"{'  ' * level}{label} {line}"


def _paragraphs(shape: Any) -> Iterator[tuple[int, str | None, str]]:
    """Yield level, number and text of each paragraph; the number is ``-`` for a bullet, ``None`` for none."""
    counters: dict[int, int] = {}
    for paragraph in shape.iter(f"{DRAWING}p"):
        line = one_line(paragraph_text(paragraph))
        if not line:
            continue
        properties = paragraph.find(f"{DRAWING}pPr")
        place = "0" if properties is None else properties.get("lvl") or "0"
        level = min(int(place), MOST_LEVELS) if place.isdecimal() else 0
        for deeper in [each for each in counters if each > level]:
            del counters[deeper]
        numbered = None if properties is None else properties.find(f"{DRAWING}buAutoNum")
        if numbered is not None:
            start = numbered.get("startAt") or "1"
            counters[level] = counters.get(level, (int(start) if start.isdecimal() else 1) - 1) + 1
            yield level, _number(counters[level], numbered.get("type") or ""), line
            continue
        counters.pop(level, None)
        none = properties is not None and properties.find(f"{DRAWING}buNone") is not None
        yield level, None if none else BULLET, line


def _number(number: int, kind: str) -> str:
    """Return a number as ``arabicPeriod``, ``alphaLcParenR`` and the like write it."""
    write = next((write for name, write in _NUMBERS.items() if kind.startswith(name)), str)
    around = next((around for name, around in _AROUND.items() if kind.endswith(name)), "{}.")
    return around.format(write(number))
