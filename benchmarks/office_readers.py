"""Compare the text of Office files with that of other libraries: ``python benchmarks/office_readers.py FOLDER``.

Prints each file of the folder that lacks a word which the other reader has. Needs docx2txt and striprtf beside the
packages of the extra ``dev``.
"""

from __future__ import annotations

import io
import re
import sys
import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embedctl.errors import ParseError
from embedctl.parsers import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WORD = re.compile(r"\w+")


def word(data: bytes) -> str:
    """Return the text of a Word document by docx2txt."""
    import docx2txt

    return str(docx2txt.process(io.BytesIO(data)))


def slides(data: bytes) -> str:
    """Return the text of a presentation by python-pptx."""
    from pptx import Presentation

    return "\n".join(
        text.replace("\v", " ") for slide in Presentation(io.BytesIO(data)).slides for text in shape_texts(slide.shapes)
    )


def shape_texts(shapes: Any) -> Iterator[str]:
    """Yield the texts of shapes and groups."""
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from shape_texts(shape.shapes)
        elif getattr(shape, "has_table", False):
            yield from (cell.text for row in shape.table.rows for cell in row.cells)
        elif shape.has_text_frame:
            yield shape.text_frame.text


def workbook(data: bytes) -> str:
    """Return the texts of a workbook's cells by openpyxl."""
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    cells = (cell.value for sheet in book.worksheets for row in sheet.iter_rows() for cell in row)
    return "\n".join(value for value in cells if isinstance(value, str))


def rtf(data: bytes) -> str:
    """Return the text of an RTF file by striprtf."""
    from striprtf.striprtf import rtf_to_text

    return str(rtf_to_text(data.decode("latin-1"), errors="replace"))


def open_document(data: bytes) -> str:
    """Return every text of an OpenDocument's content."""
    from lxml import etree

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return " ".join(etree.fromstring(archive.read("content.xml")).itertext())


READERS: dict[str, Callable[[bytes], str]] = {
    **dict.fromkeys((".docx", ".docm", ".dotx"), word),
    **dict.fromkeys((".pptx", ".pptm", ".ppsx"), slides),
    **dict.fromkeys((".xlsx", ".xlsm", ".xltx"), workbook),
    **dict.fromkeys((".odt", ".ods", ".odp"), open_document),
    ".rtf": rtf,
}


def words(text: str) -> set[str]:
    """Return the words of a text."""
    return set(WORD.findall(text.lower()))


def main(folder: str) -> None:
    """Print each file of a folder that lacks a word."""
    warnings.simplefilter("ignore")
    compared = lacking = 0
    for path in sorted(Path(folder).rglob("*")):
        if path.suffix.lower() not in READERS or not path.is_file():
            continue
        data = path.read_bytes()
        try:
            other = words(READERS[path.suffix.lower()](data))
        except Exception:  # noqa: BLE001 - the other reader cannot read it
            continue
        try:
            own = words(parse(data, path.name).text)
        except ParseError as error:
            own = set()
            print(path.name, error.message)
        compared += 1
        if missing := other - own:
            lacking += 1
            print(path.name, f"lacks {len(missing)} of {len(other)}:", *sorted(missing)[:12])
    print(f"{compared} files, {lacking} lack a word")


if __name__ == "__main__":
    main(*sys.argv[1:])
