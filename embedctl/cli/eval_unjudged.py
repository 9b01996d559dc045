"""``eval --synthetic`` and ``eval --ann``: what can be measured without judgements."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .output import emit, emit_json, json_text, new_text_file, note

if TYPE_CHECKING:
    from pathlib import Path

    from ..api import Store
    from ..evaluation.synthetic.queries import SyntheticSet
    from .eval_options import KeptOptions
    from .unjudged_options import UnjudgedOptions


def eval_ann(store: Store, queries: Path | None, unjudged: UnjudgedOptions, kept: KeptOptions) -> int:
    """Measure the dense plans, print what was found, and keep it where that was asked for."""
    from .screen import Screen
    from .views.ann import render_ann

    report = store.measure_ann(unjudged.ann_config(), queries=queries)
    if kept.json:
        emit_json(report.to_json())
    else:
        emit(render_ann(report, Screen(sys.stdout)))
    if kept.save is not None:
        with new_text_file(kept.save) as write:
            write(json_text(report.to_json(), indent=1))
    return 0


def save_queries(made: SyntheticSet, folder: Path) -> None:
    """Write queries and judgements to a folder."""
    from ..evaluation.synthetic.queries import JUDGEMENTS, QUERIES, judgement_lines, query_lines

    queries, judgements = folder / QUERIES, folder / JUDGEMENTS
    folder.mkdir(parents=True, exist_ok=True)
    for path, lines in ((queries, query_lines(made)), (judgements, judgement_lines(made))):
        with new_text_file(path) as write:
            for line in lines:
                write(line)
    note(
        f'embedctl: Wrote {len(made.queries):,} synthetic queries to "{queries}", judgements to "{judgements}". As '
        "they are they find their own words: rewrite them as you would ask before you measure with them."
    )
