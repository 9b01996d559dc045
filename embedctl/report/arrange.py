"""The page: sections and tiles from collected data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..plural import counted
from .blocks import ReportPage
from .sections.corpus import corpus_section
from .sections.health import health_section
from .sections.neighbourhood import map_section
from .sections.plans import plans_section
from .sections.quality import quality_section, worst_section
from .sections.scores import scores_section

if TYPE_CHECKING:
    from .data import ReportData


def arrange(data: ReportData, bins: int) -> ReportPage:
    """Return the page about ``data``; ``bins`` of every histogram that is counted for it."""
    corpus = data.corpus
    sections = (
        corpus_section(corpus, bins),
        quality_section(data.quality),
        plans_section(data.plans),
        map_section(data.chunk_map),
        scores_section(data.scores, bins),
        worst_section(data.quality),
        health_section(data.health),
    )
    return ReportPage(
        title=f"Search report: {corpus.name}",
        subtitle=f"{counted(corpus.documents, 'document')}, {data.health.model}, snapshot {corpus.snapshot:,}",
        tiles=_tiles(data),
        sections=tuple(section for section in sections if section is not None),
    )


def _tiles(data: ReportData) -> list[tuple[str, str, str]]:
    corpus = data.corpus
    failed = sum(row.failed for row in corpus.sources)
    skipped = sum(row.skipped for row in corpus.sources)
    tiles = [
        ("Documents", f"{corpus.documents:,}", f"from {counted(len(corpus.sources), 'source')}"),
        ("Chunks", f"{corpus.chunks:,}", f"{int(corpus.tokens.sum()):,} tokens"),
        ("Files that failed", f"{failed:,}", f"{skipped:,} skipped"),
    ]
    if data.quality is not None:
        quality = data.quality
        one = quality.in_use.estimates[0]
        interval = "" if one.low is None else f", {one.low:.3f} to {one.high:.3f}"
        made = "synthetic, " if quality.synthetic else ""
        tiles.append((quality.metrics[0], f"{one.mean:.3f}", f"{made}{quality.in_use.setting.name}{interval}"))
    verdicts = [topic.verdict for topic in data.health.topics if topic.verdict is not None]
    good = verdicts.count("good")
    return [*tiles, ("Embedding health", f"{good} of {len(verdicts)}", "topics are good")]
