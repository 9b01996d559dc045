"""Where a hit, chunk or document is, in one short string."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..screen import harmless, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence


class Place(NamedTuple):
    """``path:12-20``, ``report.pdf p.3``, ``corpus.jsonl [184]``, in two pieces to be coloured."""

    path: str
    detail: str


def place(path: str, record: int | None, page: int | None, start_line: int, end_line: int) -> Place:
    """Return where something is: the record, page or lines that a person would look for."""
    if record is not None:
        return Place(one_line(path), f" [{record}]")
    if page is not None:
        return Place(one_line(path), f" p.{page}")
    return Place(one_line(path), f":{start_line}" if start_line == end_line else f":{start_line}-{end_line}")


def heading_path(heading: Sequence[str], title: str | None) -> str:
    """Return the headings, outermost first, or the title where there are none."""
    return harmless(" > ".join(" ".join(name.split()) for name in heading) or " ".join((title or "").split()))
