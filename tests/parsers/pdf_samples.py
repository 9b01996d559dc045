"""PDFs that tests draw: with reportlab, and object by object where that cannot."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from reportlab.pdfgen.canvas import Canvas

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SIZE = (600, 800)


def drawn(*pages: Callable[[Canvas], object]) -> bytes:
    """Return a PDF of pages of 600 x 800 points that these functions draw."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=SIZE, invariant=True)
    for draw in pages:
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def at(*texts: tuple[float, float, str], size: float = 12) -> Callable[[Canvas], None]:
    """Return a function that draws texts at their places."""

    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", size)
        for left, bottom, text in texts:
            canvas.drawString(left, bottom, text)

    return draw


def lines(texts: Sequence[str], left: float = 72, top: float = 700) -> Callable[[Canvas], None]:
    """Return a function that draws lines below each other."""
    return at(*((left, top - 15 * number, text) for number, text in enumerate(texts)))


def picture(texts: Sequence[str]) -> Callable[[Canvas], None]:
    """Return a function that draws a picture of lines over the whole page."""

    def draw(canvas: Canvas) -> None:
        from PIL import Image, ImageDraw, ImageFont
        from reportlab.lib.utils import ImageReader

        image = Image.new("L", (1200, 1600), 255)
        pen, font = ImageDraw.Draw(image), ImageFont.load_default(40)
        for number, text in enumerate(texts):
            pen.text((120, 150 + 70 * number), text, 0, font)
        canvas.drawImage(ImageReader(image), 0, 0, *SIZE)

    return draw


def raw(objects: Sequence[bytes]) -> bytes:
    """Return a PDF of these objects, of which the first is the catalog."""
    written, offsets = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        offsets.append(len(written))
        written += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    return b"%bxref\n0 %d\n0000000000 65535 f \n%btrailer <</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        written,
        size,
        table,
        size,
        len(written),
    )


def stream(content: bytes) -> bytes:
    """Return a stream object."""
    return b"<</Length %d>>stream\n%b\nendstream" % (len(content), content)


def raw_page(content: bytes, *more: bytes, page: bytes = b"", kids: bytes = b"3 0 R", font: bytes = b"") -> bytes:
    """Return a PDF of one page, ``content`` in Helvetica as ``/F``; objects from number 6 on are ``more``."""
    return raw(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[%b]/Count %d>>" % (kids, kids.count(b"R")),
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>%b>>" % page,
            stream(content),
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica%b>>" % font,
            *more,
        ]
    )


def form(fields: Sequence[dict[str, Any]]) -> bytes:
    """Return a page with text fields, each behind a label: ``label``, ``name``, ``value`` and reportlab's others."""

    def draw(canvas: Canvas) -> None:
        for number, field in enumerate(fields):
            bottom = 700 - 30 * number
            canvas.drawString(72, bottom, field["label"])
            kind = field.get("kind", "textfield")
            rest = {key: value for key, value in field.items() if key not in ("label", "kind")}
            getattr(canvas.acroForm, kind)(x=260, y=bottom - 5, **rest)

    return drawn(draw)
