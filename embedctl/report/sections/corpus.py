"""The corpus: sources, outcomes of their files, and the settings of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...plural import counted
from ..blocks import Chart, Column, PageSection, Table, Variant
from ..drawing import bars, histogram

if TYPE_CHECKING:
    from ..data import Corpus

_AMOUNTS = tuple(Column(name, number=True) for name in ("documents", "chunks", "tokens"))
_STAGES = {"chunk": "cut", "embed": "embedded", "index": "indexed"}
_PROBLEMS = 200
"""Reasons that are listed."""


def corpus_section(corpus: Corpus, bins: int) -> PageSection:
    """Return the tables of the corpus, and how long its chunks are."""
    blocks = [_sources(corpus), _kinds(corpus), _problems(corpus), chunk_lengths(corpus, bins), _made_with(corpus)]
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
    table = Table(
        "Chunks by tokens",
        (Column("from", number=True), Column("to", number=True), Column("chunks", number=True)),
        tuple((f"{row['from']:,.0f}", f"{row['to']:,.0f}", f"{row['count']:,}") for row in rows),
        folded=True,
    )
    spec = bars(f"{title}: {summary}", "tokens of a chunk", ["chunks"], by_share=False)
    return Chart("chunk-lengths", title, summary, (Variant("", spec),), tuple(rows), table)


def _sentences(corpus: Corpus) -> tuple[str, ...]:
    failed = sum(row.failed for row in corpus.sources)
    skipped = sum(row.skipped for row in corpus.sources)
    outcome = f"{counted(failed, 'file')} failed, and {skipped:,} {'was' if skipped == 1 else 'were'} skipped."
    sentences = [outcome if failed or skipped else "No file failed, and none was skipped."]
    waiting = [f"{count:,} to be {_STAGES[stage]}" for stage, count in corpus.pending.items() if count]
    if waiting:
        sentences.append(f'Documents wait: {", ".join(waiting)}. "embedctl index --no-refresh" goes on with them.')
    return tuple(sentences)


def _sources(corpus: Corpus) -> Table:
    columns = (
        Column("source"),
        Column("folder"),
        *(Column(name, number=True) for name in ("files", "failed", "skipped")),
        *_AMOUNTS,
    )
    rows = [
        (row.name, row.root, *_numbers(row.files, row.failed, row.skipped, row.documents, row.chunks, row.tokens))
        for row in corpus.sources
    ]
    return Table("Sources", columns, tuple(rows))


def _kinds(corpus: Corpus) -> Table:
    rows = [(row.media_type, *_numbers(row.documents, row.chunks, row.tokens)) for row in corpus.kinds]
    return Table("Kinds of documents", (Column("media type"), *_AMOUNTS), tuple(rows))


def _problems(corpus: Corpus) -> Table | None:
    if not corpus.problems:
        return None
    columns = (Column("outcome"), Column("reason"), Column("files", number=True), Column("for example"))
    shown = corpus.problems[:_PROBLEMS]
    left = len(corpus.problems) - len(shown)
    caption = f"What was left out, and why{f' ({left:,} more reasons are not listed)' if left else ''}"
    return Table(caption, columns, tuple((row.outcome, row.reason, f"{row.files:,}", row.example) for row in shown))


def _made_with(corpus: Corpus) -> Table:
    index = corpus.index
    facts = (
        *corpus.settings,
        ("Index", f"generation {index.generation:,}, {counted(index.rows, 'chunk')}, {index.bytes / 1e6:,.1f} MB"),
        *((f"Arm {name}", clause) for name, clause in index.arms),
    )
    return Table("Index and model", (Column("what"), Column("value")), facts)


def _numbers(*counts: int) -> tuple[str, ...]:
    return tuple(f"{count:,}" for count in counts)
