"""Health of the vectors and texts, as ``embedctl inspect`` measures it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...plural import counted
from ..blocks import Chart, Datum, PageSection, Table
from ..vega import COLOURS, HEIGHT, bars, base, quantity, uneven_bars

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...inspection.inspection import ChunkName, Histogram, Inspection, NearPair, Topic
    from ...inspection.inspection import Figure as Finding

_VERDICTS = {"good": "good", "look": "worth a look", "bad": "bad", None: "not judged"}
_HALF, _MOST = 0.5, 0.9
_WORDS = 90
"""Characters of a chunk that are shown."""
_LEAST_BARS = 2
_EVEN = 0.01
_SHOWN_ELSEWHERE = {("lengths", "tokens")}


def health_section(found: Inspection) -> PageSection:
    """Return verdicts and advice, every figure with its definition, distributions and examples."""
    first, *rest = (table for table in _tables(found) if table.rows)
    charts = [_spectrum(found), *(_histogram(topic, one) for topic in found.topics for one in topic.histograms)]
    sentence = (
        f"{counted(found.vectors_sampled, 'vector')} and {counted(found.texts_sampled, 'text')} of "
        f"{counted(found.chunks, 'chunk')} were looked at; neighbours are the {found.neighbours} nearest by cosine."
    )
    return PageSection(
        "health", "Embedding health", (sentence,), (first, *(chart for chart in charts if chart is not None), *rest)
    )


def _tables(found: Inspection) -> Iterator[Table]:
    """Yield the verdicts, every figure, and tables of examples, some of them empty."""
    verdicts = [(topic.name, _VERDICTS[topic.verdict], topic.advice) for topic in found.topics]
    yield Table("What was found", ("topic", "verdict", "what to do"), verdicts)
    figures = [
        (topic.name, figure.label, _value(figure), figure.definition, figure.source)
        for topic in found.topics
        for figure in topic.figures
    ]
    columns: tuple[str, ...] = ("topic", "figure", "value", "what it is", "source")
    yield Table("Every figure, and what it is", columns, figures, {2}, folded=True)
    hubs = [(*_name(hub.chunk), hub.lists, hub.tokens) for hub in found.hubs]
    columns = ("chunk", "begins with", "in so many lists", "tokens")
    yield Table("Hubs: chunks that are among the nearest of many others", columns, hubs, {2, 3}, folded=True)
    pairs = [(_name(one.chunk)[0], _name(one.other)[0], f"{one.cosine:.4f}", _likeness(one)) for one in found.pairs]
    columns = ("chunk", "nearly the same", "cosine", "how")
    yield Table("Duplicates and near-duplicates", columns, pairs, {2}, folded=True)
    words = [(word.word, word.pieces, word.count) for word in found.split_words]
    caption = "Words that the model's tokenizer cuts into pieces"
    yield Table(caption, ("word", "pieces", "occurrences"), words, {1, 2}, folded=True)
    languages = [
        (one.language, one.chunks, f"{one.share:.1%}", f"{one.fertility:.2f}", f"{one.unknown:.1%}")
        for one in found.languages
    ]
    columns = ("language", "chunks", "share", "tokens a word", "unknown tokens")
    yield Table("Languages", columns, languages, range(1, 5), folded=True)


def _value(figure: Finding) -> str:
    if figure.unit == "share":
        return f"{100 * figure.value:,.1f} %"
    if figure.unit == "number" or figure.value != round(figure.value):
        return f"{figure.value:,.3f}"
    return f"{figure.value:,.0f}" + (f" {figure.unit}" if figure.unit != "count" else "")


def _spectrum(found: Inspection) -> Chart | None:
    """Return how much of the variance the leading components have together."""
    if not found.spectrum:
        return None
    title = "Variance along the principal components"
    sums = np.cumsum(found.spectrum)
    half, most = (int(np.searchsorted(sums, share)) + 1 for share in (_HALF, _MOST))
    summary = (
        f"The first {half:,} of {len(sums):,} components have {_HALF:.0%} of the variance, the first {most:,} have "
        f"{_MOST:.0%}. The later the curve bends, the more of its dimensions the model uses on these texts."
    )
    rows: list[Datum] = [
        {"components": at + 1, "share": round(share, 5)} for at, share in enumerate(np.minimum(sums, 1.0).tolist())
    ]
    spec = {
        **base(f"{title}: {summary}", HEIGHT),
        "mark": {"type": "line", "color": COLOURS[0], "point": False, "tooltip": True},
        "encoding": {
            "x": quantity("components", "leading principal components"),
            "y": {**quantity("share", "share of the variance", domain=[0, 1]), "axis": {"format": ".0%"}},
        },
    }
    steps = [at for at in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if at <= len(sums)]
    cells = [(at, f"{100 * sums[at - 1]:.1f} %") for at in steps]
    table = Table("Share of the variance", ("components", "share"), cells, range(2), folded=True)
    return Chart("spectrum", title, summary, {"": spec}, rows, table, small=True)


def _histogram(topic: Topic, one: Histogram) -> Chart | None:
    """Return the chart of a distribution; ``None``: one bar has everything, or another section shows it."""
    filled = np.flatnonzero(one.counts)
    if len(filled) < _LEAST_BARS or (topic.name, one.name) in _SHOWN_ELSEWHERE:
        return None
    first, last = int(filled[0]), int(filled[-1]) + 1
    edges, counts = one.edges[first : last + 1], one.counts[first:last]
    rows: list[Datum] = [
        {"from": round(low, 6), "to": round(high, 6), "range": f"{low:,.4g} to {high:,.4g}", "count": count}
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
    top = max(rows, key=lambda row: row["count"])
    title = f"{one.label[:1].upper()}{one.label[1:]}"
    summary = f"Of {sum(counts):,}, {top['count']:,} are from {top['range']}, more than in any other bar."
    cells = [(row["range"], row["count"]) for row in rows]
    table = Table(f"{title}: counts", ("range", "count"), cells, range(2), folded=True)
    widths = np.diff(edges)
    if np.ptp(widths) <= _EVEN * widths.mean():
        spec = bars(f"{title}: {summary}", one.label, [one.label], by_share=False)
        spec["encoding"]["y"]["title"] = "count"
    else:
        spec = uneven_bars(f"{title}: {summary}", one.label)
    name = f"health-{topic.name}-{one.name}".replace("_", "-")
    return Chart(name, title, summary, {"": spec}, rows, table, small=True)


def _likeness(pair: NearPair) -> str:
    return ("the same text" if pair.exact else "another text") + (", one document" if pair.within_document else "")


def _name(chunk: ChunkName) -> tuple[str, str]:
    text = chunk.text if len(chunk.text) <= _WORDS else f"{chunk.text[:_WORDS].rstrip()} ..."
    return f"{chunk.title} ({chunk.id})" if chunk.title else chunk.id, text
