"""Jupyter notebooks to Markdown: cells in order, code fenced, text outputs kept shortly."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ..errors import ParseError
from ..records import Markup, ParsedDocument
from .bulk import without_encoded
from .decoding import decode_noted
from .html import to_markdown
from .markup import clean, first_heading, one_line, required

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOST_OUTPUT = 2_000
"""Characters kept of one output."""
CUT = "[output cut]"

_BACKTICKS = re.compile(r"`{3,}")
_NAME_ONLY = re.compile(r"<[\w.]+(?: object)?(?: at 0x[0-9a-fA-F]+)?>|<IPython\.core\.display\.[^>]*>")
"""A plain form that only names what is shown."""
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def parse(data: bytes, _path: str) -> ParsedDocument:
    """Return Markdown cells as they are, code and its text outputs in fences; the language is the kernel's.

    Raises:
        ParseError: this is not a notebook.
        UnsupportedError: the file or every cell is empty.
    """
    source, encoding, notes = decode_noted(data)
    try:
        notebook = json.loads(source)
    except (ValueError, RecursionError) as error:
        raise ParseError("damaged or not a notebook: it is not valid JSON") from error
    cells = _cells(notebook)
    language = _language(notebook, cells)
    text = clean("\n\n".join(without_encoded(block) for cell in cells for block in _blocks(cell, language))).strip()
    return ParsedDocument(
        required(text, "no text in this notebook"),
        "application/x-ipynb+json",
        Markup.MARKDOWN,
        title=first_heading(text),
        language=language or None,
        encoding=encoding,
        notes=(*notes, *_pictures(cells)),
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


def _pictures(cells: list[dict[str, Any]]) -> Iterator[str]:
    """Yield a note about outputs that are nothing but pictures."""
    outputs = [_dict(output) for cell in cells for output in _list(cell.get("outputs"))]
    pictures = [output for output in outputs if any(kind.startswith("image/") for kind in _dict(output.get("data")))]
    if silent := sum(not _shown(output) for output in pictures):
        yield f"{silent} of its {len(outputs)} outputs are pictures without text"


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
        yield from filter(None, map(_shown, map(_dict, _list(cell.get("outputs")))))
    elif kind == "heading":  # format 3
        level = cell.get("level")
        yield f"{'#' * (level if isinstance(level, int) and 1 <= level <= 6 else 1)} {source.strip()}"
    else:
        yield source


def _shown(output: dict[str, Any]) -> str:
    """Return an output as Markdown: plain text in a fence, or a richer form where that says nothing."""
    if output.get("output_type") in ("error", "pyerr"):
        return _fenced(_cut(f"{_text(output.get('ename'))}: {_text(output.get('evalue'))}"), "")
    data = _dict(output.get("data")) or {_OLD_NAMES.get(name, name): value for name, value in output.items()}
    plain = _ESCAPES.sub("", _text(output.get("text")) or _text(data.get("text/plain"))).strip("\n")
    if plain.strip() and not _NAME_ONLY.fullmatch(plain.strip()):
        return _fenced(_cut(plain), "")
    for kind, read in _RICHER.items():
        value = data.get(kind)
        source = json.dumps(value, ensure_ascii=False, indent=1) if isinstance(value, dict) else _text(value)
        if rich := read(without_encoded(source)).strip():
            return _cut(rich)
    return ""


def _cut(text: str) -> str:
    return text if len(text) <= MOST_OUTPUT else f"{text[:MOST_OUTPUT]}\n{CUT}"


def _html(source: str) -> str:
    return to_markdown(source) if source.strip() else ""


def _json(source: str) -> str:
    return _fenced(source, "json") if source.strip() else ""


_RICHER: dict[str, Callable[[str], str]] = {
    "text/markdown": str,
    "text/html": _html,
    "text/latex": str,
    "application/json": _json,
}
"""Forms of an output beside plain text, the best first, with what makes Markdown of them."""
_OLD_NAMES = {"html": "text/html", "latex": "text/latex", "markdown": "text/markdown"}
"""Of formats before 4."""


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
