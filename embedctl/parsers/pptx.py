"""PowerPoint presentations (OOXML) to Markdown, a page for every slide."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from ..records import Markup, ParsedDocument
from .archives import open_archive
from .docx import core_properties
from .markup import failing_as, join_pages, one_line, required, table, tidy

if TYPE_CHECKING:
    from collections.abc import Iterator

KIND = "PowerPoint presentation"
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
MOST_NESTED = 32
"""Groups inside groups deeper than this are not drawings that people made."""


def parse(data: bytes, _path: str) -> ParsedDocument:
    """Return each slide as ``## title``, bullets and tables, then its notes; ``pages`` are the slides.

    Raises:
        ParseError: the file is damaged, protected or no presentation.
        UnsupportedError: it holds no text.
    """
    open_archive(data, KIND).close()
    with failing_as(f"damaged or no {KIND}"):
        import pptx

        presentation = pptx.Presentation(io.BytesIO(data))
        slides = [tidy("\n\n".join(_blocks(slide))) for slide in presentation.slides]
        first_title = next((title for slide in presentation.slides if (title := _title(slide))), None)
        metadata, title = core_properties(presentation)
    text, offsets = join_pages(slides)
    return ParsedDocument(
        required(text, "no text in this presentation"),
        MEDIA_TYPE,
        Markup.MARKDOWN,
        # python-pptx's own template is called that.
        title=title if title and title != "PowerPoint Presentation" else first_title,
        pages=offsets,
        metadata=metadata,
    )


def _title(slide: Any) -> str | None:
    shape = slide.shapes.title
    return one_line(shape.text_frame.text) or None if shape is not None else None


def _blocks(slide: Any) -> Iterator[str]:
    title = _title(slide)
    if title:
        yield f"## {title}"
    title_id = slide.shapes.title.shape_id if slide.shapes.title is not None else None
    for shape in _shapes(slide.shapes):
        if shape.shape_id == title_id:
            continue
        if getattr(shape, "has_table", False):
            yield table([[cell.text for cell in row.cells] for row in shape.table.rows])
        elif shape.has_text_frame:
            yield "\n".join(_lines(shape))
    if slide.has_notes_slide:
        frame = slide.notes_slide.notes_text_frame
        if frame is not None and (notes := tidy(frame.text)):
            yield f"Notes: {notes}"


def _shapes(shapes: Any, depth: int = 0) -> Iterator[Any]:
    """Yield shapes in the order of the file, which is that of drawing and mostly that of reading."""
    for shape in shapes:
        if hasattr(shape, "shapes"):
            if depth < MOST_NESTED:
                yield from _shapes(shape.shapes, depth + 1)
        else:
            yield shape


def _lines(shape: Any) -> Iterator[str]:
    """Yield bullets for the body's paragraphs, plain lines for those of free text boxes."""
    bulleted = shape.is_placeholder
    for paragraph in shape.text_frame.paragraphs:
        if line := one_line(paragraph.text):
            yield f"{'  ' * paragraph.level}- {line}" if bulleted else line
