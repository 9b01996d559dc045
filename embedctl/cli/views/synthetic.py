"""What known-item queries say: named as synthetic above the figures, and each kind of them apart below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...plural import counted
from ..screen import one_line
from ..styled import StyledText
from .eval import render_evaluation

if TYPE_CHECKING:
    from ...evaluation.evaluation import Evaluation
    from ..screen import Screen

_TOLD = {
    "title": "title, held out of every chunk",
    "heading": "heading, held out of its section",
    "sentence": "sentence, held out of its chunk",
    "terms": "words of a sentence, held out",
}


def render_synthetic(evaluation: Evaluation, screen: Screen) -> str:
    """Return the evaluation, framed by what it is worth and by the kinds of its queries."""
    known = evaluation.known_items
    assert known is not None
    made = known.made
    told = (
        f"Synthetic: {len(made.queries):,} known-item {'query' if len(made.queries) == 1 else 'queries'} made from "
        f"{made.usable:,} of {counted(made.looked_at, 'document')} looked at ({made.documents:,} in the index), each "
        "to be found by what is left of it. They compare settings roughly, and do not say how good answers are."
    )
    head = list(StyledText(told).wrapped(screen.width))
    for line in head:
        line.stylize("bold", 0, len(line.plain))
    settings = [setting.name for setting in evaluation.settings]
    rows = [["", *(f"{one.kind} ({one.queries:,})" for one in known.kinds)]]
    rows += [[one_line(name), *(f"{one.means[name]:.3f}" for one in known.kinds)] for name in settings]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = [StyledText("  ".join([f"{row[0]:<{widths[0]}}", *map(str.rjust, row[1:], widths[1:])])) for row in rows]
    title = StyledText(f"{evaluation.metric} by kind of query", "bold")
    kinds = [StyledText(f"  {one.kind}: {_TOLD[one.kind]}", "dim") for one in known.kinds]
    return (
        screen.render([*head, StyledText()])
        + render_evaluation(evaluation, screen)
        + screen.render([StyledText(), title, *table, *kinds])
    )
