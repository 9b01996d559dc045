"""A document or chunk, with its place and line numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from ...plural import counted
from ..screen import harmless, is_terminal
from ..styled import StyledText
from .place import heading_path, place

if TYPE_CHECKING:
    from ...query.lookup import Shown
    from ..screen import Screen


def render_plain(shown: Shown, stream: TextIO) -> str:
    """Return the text alone: as it is, but harmless on a terminal."""
    text: str = shown.fields["text"]
    text += "" if text.endswith("\n") else "\n"
    return harmless(text) if is_terminal(stream) else text


def render_shown(shown: Shown, screen: Screen) -> str:
    """Return place, heading and id, a blank line, and the text with the document's line numbers."""
    fields = shown.fields
    lines = fields["text"].rstrip("\n").split("\n")
    first = fields.get("start_line", 1)
    last = fields.get("end_line", len(lines))
    where = place(fields["path"], fields["record"], fields.get("page"), first, last)
    header = StyledText().append(where.path, "magenta").append(where.detail, "green")
    heading = heading_path(fields.get("heading", ()), fields["title"])
    if heading:
        header.append("  ").append(heading, "bold")
    facts = [f"{shown.kind} {harmless(shown.id)}", fields["media_type"]]
    if shown.kind == "chunk":
        facts += [f"lines {first}-{last}", counted(fields["tokens"], "token")]
    else:
        facts += [counted(len(lines), "line"), counted(len(fields["chunks"]), "chunk")]
    rows = [header, StyledText(" · ".join(facts), "dim"), StyledText("")]
    digits = len(str(first + len(lines) - 1))
    for number, line in enumerate(lines, start=first):
        rows.append(StyledText().append(f"{number:>{digits}}  ", "dim").append(harmless(line)))
    return screen.render(rows)
