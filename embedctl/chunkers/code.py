"""Source code: definitions, then members, statements and lines; headings are the enclosing definitions.

Syntax trees are made in a child process: some texts take a grammar minutes, or gigabytes, or crash it. 50 KB of
``a<a<a<`` is 5 GB for Java's. A text that its grammar cannot bear is cut at its blank lines.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from ..config import SYNTAX_LIMITS
from ..errors import ParseError
from ..outline import BLOCK_FILL, LINE_FILL, Level, Outline, Scopes
from ..system.child_process import CrashedError
from ..system.pool import ChildPool
from ..system.wire import Task
from .blocks import with_newlines
from .grammars import GRAMMARS

if TYPE_CHECKING:
    from ..records import Document

LARGEST_TREE_CHARACTERS = 2_000_000
"""Longer files are generated or data: a tree would take gigabytes and say little."""

_LINE = re.compile(r"\n")
_PARAGRAPH = re.compile(r"\n(?:[ \t]*\n)+")
_MARGIN = re.compile(r"[^\s)\]}]")
_children = ChildPool("embedctl.chunkers.syntax:answer")
ended_afterwards = _children.ended_afterwards


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


def structure(text: str, start: int, language: str) -> tuple[list[Level], Scopes] | None:
    """Return levels and scopes of ``text[start:]``.

    ``None`` without a grammar, where most of it does not parse, and where parsing takes more than its limits allow.

    Raises:
        ResourceError: no child process could be started.
    """
    if language not in GRAMMARS:
        return None
    # A NUL looks like the end of the text to some grammars, which then begin again at every one.
    data = text[start:].replace("\0", " ").encode("utf-8", "replace")
    task = Task(b"%s %d\n%s" % (language.encode(), start, data), SYNTAX_LIMITS.seconds, SYNTAX_LIMITS.memory_bytes)
    try:
        (found,) = _children.ask(task)
        levels, scopes = json.loads(found)
        return [Level(*level) for level in levels], Scopes(scopes)
    except (CrashedError, ParseError, ValueError, TypeError):  # died, failed, found nothing, or answered nonsense
        return None


def _by_blank_lines(text: str, start: int) -> tuple[Level, Level]:
    """Return blocks that begin at the margin, then all others."""
    blocks = [match.end() for match in _PARAGRAPH.finditer(text, start)]
    outer = [block for block in blocks if _MARGIN.match(text, block)]
    return Level(outer, BLOCK_FILL, [*outer[1:], len(text)][: len(outer)]), Level(blocks, LINE_FILL)
