"""Source code: definitions, then members, statements and lines; headings are the enclosing definitions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..outline import BLOCK_FILL, LINE_FILL, Level, Outline
from .blocks import with_newlines
from .syntax_process import structure

if TYPE_CHECKING:
    from ..records import Document

LARGEST_TREE_CHARACTERS = 2_000_000
"""Longer files are generated or data: a tree would take gigabytes and say little."""

_LINE = re.compile(r"\n")
_PARAGRAPH = re.compile(r"\n(?:[ \t]*\n)+")
_MARGIN = re.compile(r"[^\s)\]}]")


def code_outline(document: Document) -> Outline:
    """Return definitions and statements from the syntax tree, or blank lines and indentation where there is none."""
    text, start = with_newlines(document.text), document.body_start
    syntax = None
    if document.language and len(text) - start <= LARGEST_TREE_CHARACTERS:
        syntax = structure(text, start, document.language)
    starts = [start, *(match.end() for match in _LINE.finditer(text, start))]
    lines = Level(starts, LINE_FILL, [*starts[1:], len(text)])
    outer, blocks = _by_blank_lines(text, start)
    if syntax is not None:
        levels, scopes = syntax
        return Outline((*levels, blocks, lines), heading=scopes.heading, paths=scopes.paths(), prose=False)
    return Outline((outer, blocks, lines), prose=False)


def _by_blank_lines(text: str, start: int) -> tuple[Level, Level]:
    """Return blocks that begin at the margin, then all others."""
    blocks = [match.end() for match in _PARAGRAPH.finditer(text, start)]
    outer = [block for block in blocks if _MARGIN.match(text, block)]
    return Level(outer, BLOCK_FILL, [*outer[1:], len(text)][: len(outer)]), Level(blocks, LINE_FILL)
