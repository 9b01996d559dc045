"""Syntax trees in a child process: some texts take a grammar minutes, or gigabytes, or crash it.

50 KB of ``a<a<a<`` is 5 GB for Java's. A text that its grammar cannot bear is cut at its blank lines.
"""

from __future__ import annotations

import json
from dataclasses import astuple

from ..config import SYNTAX_LIMITS
from ..errors import ParseError
from ..outline import Level, Scopes
from ..system.child_process import CrashedError
from ..system.pool import ChildPool
from ..system.wire import Task
from .grammars import has_grammar
from .syntax import parse

_children = ChildPool(f"{__name__}:answer")
ended_afterwards = _children.ended_afterwards


def structure(text: str, start: int, language: str) -> tuple[list[Level], Scopes] | None:
    """Return levels and scopes of ``text[start:]``.

    ``None`` without a grammar, where most of it does not parse, and where parsing takes more than its limits allow.

    Raises:
        ResourceError: no child process could be started.
    """
    if not has_grammar(language):
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


def answer(request: bytes) -> bytes:
    """Return, in the child, the structure of one text as JSON."""
    head, _, data = request.partition(b"\n")
    language, start = head.split()
    found = parse(data, int(start), language.decode())
    if found is None:
        return b"null"
    levels, scopes = found
    return json.dumps(([astuple(level) for level in levels], scopes.depths)).encode()
