"""The place of a hit, chunk or document; a document or chunk, with its place and line numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...plural import counted
from ..screen import harmless, one_line
from ..styled import StyledText

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...query.lookup import Shown
    from ..screen import Screen


def place(path: str, record: int | None, page: int | None, start_line: int, end_line: int) -> StyledText:
    """Return where something is, as a person would look for it.

    ``path:12-20``, ``report.pdf p.3`` or ``corpus.jsonl [184]``.
    """
    if record is not None:
        detail = f" [{record}]"
    elif page is not None:
        detail = f" p.{page}"
    else:
        detail = f":{start_line}" if start_line == end_line else f":{start_line}-{end_line}"
    return StyledText(one_line(path), "magenta").append(detail, "green")


def heading_path(heading: Sequence[str], title: str | None) -> str:
    """Return the headings, outermost first, or the title where there are none."""
    return harmless(" > ".join(" ".join(name.split()) for name in heading) or " ".join((title or "").split()))


def render_plain(shown: Shown, screen: Screen) -> str:
    """Return the text alone: as it is, but harmless on a terminal."""
    text: str = shown.fields["text"]
    text += "" if text.endswith("\n") else "\n"
    return harmless(text) if screen.terminal else text


def render_shown(shown: Shown, screen: Screen) -> str:
    """Return place, heading and id, a blank line, and the text with the document's line numbers."""
    fields = shown.fields
    lines = fields["text"].rstrip("\n").split("\n")
    first = fields.get("start_line", 1)
    last = fields.get("end_line", len(lines))
    header = place(fields["path"], fields["record"], fields.get("page"), first, last)
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
