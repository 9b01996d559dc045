"""The corpus: sources, outcomes of their files, and the settings of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...plural import counted
from ..blocks import Chart, PageSection, Table
from ..corpus import COUNTED
from ..vega import bars, histogram

if TYPE_CHECKING:
    from ..corpus import Corpus

_STAGES = {"chunk": "cut", "embed": "embedded", "index": "indexed"}
_PROBLEMS = 200
"""Reasons that are listed."""


def corpus_section(corpus: Corpus, bins: int) -> PageSection:
    """Return the tables of the corpus, and how long its chunks are."""
    blocks = [
        Table("Sources", ("source", "folder", "files", "failed", "skipped", *COUNTED), corpus.sources, range(2, 8)),
        Table("Kinds of documents", ("media type", *COUNTED), corpus.kinds, range(1, 4)),
        _problems(corpus),
        chunk_lengths(corpus, bins),
        Table("Index and model", ("what", "value"), corpus.facts),
    ]
    return PageSection("corpus", "Corpus", _sentences(corpus), tuple(block for block in blocks if block is not None))


def chunk_lengths(corpus: Corpus, bins: int) -> Chart | None:
    """Return the chart of the lengths of the chunks; ``None``: there are none."""
    tokens = corpus.tokens
    if not len(tokens):
        return None
    title = "Length of the chunks"
    low, middle, high = (round(value) for value in np.percentile(tokens, (5, 50, 95)).tolist())
    summary = (
        f"Half of the {len(tokens):,} chunks have {middle:,} tokens or fewer; nine of ten have {low:,} to {high:,}. "
        f"The longest has {tokens.max():,}."
    )
    rows = histogram({"chunks": tokens.astype(np.float64)}, bins)
    cells = [(f"{row['from']:,.0f}", f"{row['to']:,.0f}", row["count"]) for row in rows]
    table = Table("Chunks by tokens", ("from", "to", "chunks"), cells, range(3), folded=True)
    spec = bars(f"{title}: {summary}", "tokens of a chunk", ["chunks"], by_share=False)
    return Chart("chunk-lengths", title, summary, {"": spec}, rows, table)


def _sentences(corpus: Corpus) -> tuple[str, ...]:
    failed = sum(row.failed for row in corpus.sources)
    skipped = sum(row.skipped for row in corpus.sources)
    outcome = f"{counted(failed, 'file')} failed, and {skipped:,} {'was' if skipped == 1 else 'were'} skipped."
    sentences = [outcome if failed or skipped else "No file failed, and none was skipped."]
    if any(corpus.rows.values()):
        told = [f"{counted(count, 'row')} {kind}" for kind, count in corpus.rows.items() if count]
        sentences.append(f"Of the record files, {' and '.join(told)}.")
    waiting = [f"{count:,} to be {_STAGES[stage]}" for stage, count in corpus.pending.items() if count]
    if waiting:
        sentences.append(f'Documents wait: {", ".join(waiting)}. "embedctl index --no-refresh" goes on with them.')
    return tuple(sentences)


def _problems(corpus: Corpus) -> Table | None:
    if not corpus.problems:
        return None
    shown = corpus.problems[:_PROBLEMS]
    left = len(corpus.problems) - len(shown)
    caption = f"What was left out, and why{f' ({left:,} more reasons are not listed)' if left else ''}"
    return Table(caption, ("outcome", "reason", "inputs", "for example"), shown, {2})
