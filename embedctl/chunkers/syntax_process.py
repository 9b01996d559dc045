"""Syntax trees in a child process: some texts take a grammar minutes, or gigabytes, or crash it.

50 KB of ``a<a<a<`` is 5 GB for Java's. A text that its grammar cannot bear is cut by its blank lines.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from ..config import SYNTAX_LIMITS
from ..errors import ParseError
from ..system.child_process import Child, CrashedError
from .grammars import has_grammar
from .outline import Level, Scopes
from .syntax import Syntax, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

_child = Child(f"{__name__}:answer", SYNTAX_LIMITS)
_lock = Lock()


def structure(text: str, start: int, language: str) -> Syntax | None:
    """Return the structure of ``text[start:]``.

    ``None`` without a grammar, where most of it does not parse, and where parsing takes more than it may.

    Raises:
        ResourceError: there can be no child process.
    """
    if not has_grammar(language):
        return None
    # A NUL looks like the end of the text to some grammars, which then begin again at every one.
    data = text[start:].replace("\0", " ").encode("utf-8", "replace")
    with _lock:
        try:
            (found,) = _child.ask(b"%s %d\n%s" % (language.encode(), start, data))
        except (CrashedError, ParseError):
            return None
    return _syntax(found)


@contextmanager
def ended_afterwards() -> Iterator[None]:
    """End the process when the body ends: nothing stays behind."""
    try:
        yield
    finally:
        _child.close()


def answer(request: bytes) -> Iterator[bytes]:
    """Yield, in the child, the one answer to a request."""
    head, _, data = request.partition(b"\n")
    language, start = head.split()
    syntax = parse(data, int(start), language.decode())
    if syntax is None:
        yield b"null"
        return
    scopes = syntax.scopes
    levels = [(level.starts, level.fill, level.ends) for level in syntax.levels]
    yield json.dumps({"levels": levels, "scopes": [scopes.starts, scopes.ends, scopes.labels]}).encode()


def _syntax(answer: bytes) -> Syntax | None:
    found = json.loads(answer)
    if found is None:
        return None
    starts, ends, labels = map(tuple, found["scopes"])
    return Syntax(tuple(Level(*level) for level in found["levels"]), Scopes(starts, ends, labels))
