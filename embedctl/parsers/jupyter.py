"""Jupyter notebooks to Markdown: cells in order, code fenced, text outputs kept shortly."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ..errors import ParseError
from ..records import Markup, ParsedDocument
from .decoding import decode
from .markup import clean, first_heading, one_line, required

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_OUTPUT = 2_000
"""Characters kept of one output."""
CUT = "[output cut]"

_BACKTICKS = re.compile(r"`{3,}")
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def parse(data: bytes, _path: str) -> ParsedDocument:
    """Return Markdown cells as they are, code and its text outputs in fences; the language is the kernel's.

    Raises:
        ParseError: this is not a notebook.
        UnsupportedError: the file or every cell is empty.
    """
    source, encoding = decode(data)
    try:
        notebook = json.loads(source)
    except (ValueError, RecursionError) as error:
        raise ParseError("damaged or not a notebook: it is not valid JSON") from error
    cells = _cells(notebook)
    language = _language(notebook, cells)
    text = clean("\n\n".join(block for cell in cells for block in _blocks(cell, language))).strip()
    return ParsedDocument(
        required(text, "no text in this notebook"),
        "application/x-ipynb+json",
        Markup.MARKDOWN,
        title=first_heading(text),
        language=language or None,
        encoding=encoding,
    )


def _cells(notebook: Any) -> list[dict[str, Any]]:
    cells = None
    if isinstance(notebook, dict):
        cells = notebook.get("cells")
        sheets = notebook.get("worksheets")
        if cells is None and isinstance(sheets, list):  # format 3
            cells = [cell for sheet in sheets if isinstance(sheet, dict) for cell in _list(sheet.get("cells"))]
    if not isinstance(cells, list):
        raise ParseError("not a notebook: it has no cells")
    return [cell for cell in cells if isinstance(cell, dict)]


def _language(notebook: dict[str, Any], cells: list[dict[str, Any]]) -> str:
    metadata = _dict(notebook.get("metadata"))
    named = [
        _dict(metadata.get("language_info")).get("name"),
        _dict(metadata.get("kernelspec")).get("language"),
        *(cell.get("language") for cell in cells),
    ]
    return next((one_line(name).lower() for name in named if isinstance(name, str) and name.strip()), "")


def _blocks(cell: dict[str, Any], language: str) -> Iterator[str]:
    kind = cell.get("cell_type")
    source = _text(cell.get("source", cell.get("input")))
    if not source.strip() and kind != "code":
        return
    if kind == "code":
        if source.strip():
            yield _fenced(source, language)
        for output in _list(cell.get("outputs")):
            if shown := _output(_dict(output)):
                yield _fenced(shown, "")
    elif kind == "heading":  # format 3
        level = cell.get("level")
        yield f"{'#' * (level if isinstance(level, int) and 1 <= level <= 6 else 1)} {source.strip()}"
    else:
        yield source


def _output(output: dict[str, Any]) -> str:
    if output.get("output_type") == "error" or output.get("output_type") == "pyerr":
        text = f"{_text(output.get('ename'))}: {_text(output.get('evalue'))}"
    else:
        text = _text(output.get("text")) or _text(_dict(output.get("data")).get("text/plain"))
    text = _ESCAPES.sub("", text).strip("\n")
    return text if len(text) <= MOST_OUTPUT else f"{text[:MOST_OUTPUT]}\n{CUT}"


def _fenced(source: str, language: str) -> str:
    longest = max((len(run) for run in _BACKTICKS.findall(source)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{source.rstrip()}\n{fence}"


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "".join(each for each in value if isinstance(each, str))
    return value if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
