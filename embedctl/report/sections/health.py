"""Health of the vectors and texts, as ``embedctl inspect`` measures it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...plural import counted
from ..blocks import Chart, Column, Datum, PageSection, Table, Variant
from ..drawing import HEIGHT, bars, base, quantity, uneven_bars
from ..vega import COLOURS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ...inspection.inspection import ChunkName, Histogram, Inspection, Topic
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
    tables = (_verdicts(found), _findings(found), _hubs(found), _pairs(found), _words(found), _languages(found))
    charts = [_spectrum(found), *(_histogram(topic, one) for topic in found.topics for one in topic.histograms)]
    sentence = (
        f"{counted(found.vectors_sampled, 'vector')} and {counted(found.texts_sampled, 'text')} of "
        f"{counted(found.chunks, 'chunk')} were looked at; neighbours are the {found.neighbours} nearest by cosine."
    )
    first, *rest = [table for table in tables if table is not None]
    return PageSection(
        "health", "Embedding health", (sentence,), (first, *(chart for chart in charts if chart is not None), *rest)
    )


def _verdicts(found: Inspection) -> Table:
    rows = [(topic.name, _VERDICTS[topic.verdict], topic.advice) for topic in found.topics]
    return Table("What was found", (Column("topic"), Column("verdict"), Column("what to do")), tuple(rows))


def _findings(found: Inspection) -> Table:
    columns = (Column("topic"), Column("figure"), Column("value", number=True), Column("what it is"), Column("source"))
    rows = [
        (topic.name, figure.label, _value(figure), figure.definition, figure.source)
        for topic in found.topics
        for figure in topic.figures
    ]
    return Table("Every figure, and what it is", columns, tuple(rows), folded=True)


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
    table = Table(
        "Share of the variance",
        (Column("components", number=True), Column("share", number=True)),
        tuple((f"{at:,}", f"{100 * sums[at - 1]:.1f} %") for at in steps),
        folded=True,
    )
    return Chart("spectrum", title, summary, (Variant("", spec),), tuple(rows), table, small=True)


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
    table = Table(
        f"{title}: counts",
        (Column("range", number=True), Column("count", number=True)),
        tuple((row["range"], f"{row['count']:,}") for row in rows),
        folded=True,
    )
    widths = np.diff(edges)
    if np.ptp(widths) <= _EVEN * widths.mean():
        spec = bars(f"{title}: {summary}", one.label, [one.label], by_share=False)
        spec["encoding"]["y"]["title"] = "count"
    else:
        spec = uneven_bars(f"{title}: {summary}", one.label)
    name = f"health-{topic.name}-{one.name}".replace("_", "-")
    return Chart(name, title, summary, (Variant("", spec),), tuple(rows), table, small=True)


def _hubs(found: Inspection) -> Table | None:
    columns = (
        Column("chunk"),
        Column("begins with"),
        Column("in so many lists", number=True),
        Column("tokens", number=True),
    )
    return _examples(
        "Hubs: chunks that are among the nearest of many others",
        columns,
        [(*_name(hub.chunk), f"{hub.lists:,}", f"{hub.tokens:,}") for hub in found.hubs],
    )


def _pairs(found: Inspection) -> Table | None:
    columns = (Column("chunk"), Column("nearly the same"), Column("cosine", number=True), Column("how"))
    rows = [
        (
            _name(pair.chunk)[0],
            _name(pair.other)[0],
            f"{pair.cosine:.4f}",
            ("the same text" if pair.exact else "another text") + (", one document" if pair.within_document else ""),
        )
        for pair in found.pairs
    ]
    return _examples("Duplicates and near-duplicates", columns, rows)


def _words(found: Inspection) -> Table | None:
    columns = (Column("word"), Column("pieces", number=True), Column("occurrences", number=True))
    rows = [(word.word, f"{word.pieces:,}", f"{word.count:,}") for word in found.split_words]
    return _examples("Words that the model's tokenizer cuts into pieces", columns, rows)


def _languages(found: Inspection) -> Table | None:
    columns = (
        Column("language"),
        Column("chunks", number=True),
        Column("share", number=True),
        Column("tokens a word", number=True),
        Column("unknown tokens", number=True),
    )
    percent: Callable[[float], str] = "{:.1%}".format
    rows = [
        (one.language, f"{one.chunks:,}", percent(one.share), f"{one.fertility:.2f}", percent(one.unknown))
        for one in found.languages
    ]
    return _examples("Languages", columns, rows)


def _examples(caption: str, columns: tuple[Column, ...], rows: Sequence[tuple[str, ...]]) -> Table | None:
    return Table(caption, columns, tuple(rows), folded=True) if rows else None


def _name(chunk: ChunkName) -> tuple[str, str]:
    text = chunk.text if len(chunk.text) <= _WORDS else f"{chunk.text[:_WORDS].rstrip()} ..."
    return f"{chunk.title} ({chunk.id})" if chunk.title else chunk.id, text
