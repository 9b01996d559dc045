"""A report from beginning to end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..index.open import require_index
from ..plural import counted
from .arrange import arrange
from .blocks import Chart
from .chunk_map import chunk_map
from .corpus import read_corpus
from .page import page_html
from .sample import read_sample

if TYPE_CHECKING:
    from ..config.measuring import ReportConfig
    from ..contracts import Reporter
    from ..store.layout import Layout
    from ..store.manifest import Manifest
    from .data import ChunkMap, Corpus, ReportData


@dataclass(frozen=True, slots=True)
class Report:
    """A page, and what is on it."""

    html: str
    """The whole page; needs nothing else."""
    summary: str
    """One sentence."""


def read_store(
    layout: Layout, manifest: Manifest, config: ReportConfig, reporter: Reporter
) -> tuple[Corpus, ChunkMap | None]:
    """Return what the files of a store give: its corpus, and the map of its chunks.

    Raises:
        NoStoreError: there is no index yet.
        DamagedError: a file is not what was written.
    """
    index = require_index(layout, manifest)
    corpus = read_corpus(layout, manifest)
    with reporter.stage("map", min(config.map_chunks, corpus.chunks), "chunks") as progress:
        sample = read_sample(layout, manifest, index, config.map_chunks)
        result = chunk_map(sample, corpus.chunks, config)
        progress.advance(len(sample.chunks))
    return corpus, result


def make_report(data: ReportData, config: ReportConfig) -> Report:
    """Return the page about what was collected: the same for the same ``data``."""
    page = arrange(data, config.bins)
    blocks = [block for section in page.sections for block in section.blocks]
    charts = sum(isinstance(block, Chart) for block in blocks)
    told = [
        counted(data.corpus.chunks, "chunk"),
        data.quality.about if data.quality else "no queries",
        counted(charts, "chart"),
        counted(len(blocks) - charts, "table"),
    ]
    return Report(page_html(page), f"The report covers {', '.join(told[:-1])} and {told[-1]}.")
