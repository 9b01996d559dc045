"""The arms of a store as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...plural import counted
from ..styled import StyledText

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...stages.arms import ArmListing
    from ..screen import Screen

_HEADER = ("arm", "kind", "default", "chunks", "model")


def render_arms(arms: Sequence[ArmListing], screen: Screen) -> str:
    """Return a line for each arm: name, kind, whether queries ask it by default, chunks that it has, and its model."""
    rows = [(arm.name, arm.kind, "yes" if arm.default else "no", _rows(arm), _model(arm)) for arm in arms]
    widths = [max(map(len, column)) for column in zip(_HEADER, *rows, strict=True)]
    lines = [
        StyledText("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
        for row in (_HEADER, *rows)
    ]
    lines[0].stylize("bold", 0, len(lines[0].plain))
    return screen.render(lines)


def _rows(arm: ArmListing) -> str:
    return "not built" if arm.rows is None else f"{arm.rows:,}"


def _model(arm: ArmListing) -> str:
    waiting = f" ({counted(arm.waiting, 'document')} to embed)" if arm.waiting else ""
    return f"{arm.model or '-'}{waiting}"
