"""A report from beginning to end: the store's files, what is measured with queries, and the page about both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..config.measuring import ReportConfig
from ..inspection.inspect import inspect
from ..plural import counted
from ..query.query_file import as_source, named_queries
from .blocks import Chart, ReportPage
from .chunk_map import chunk_map
from .corpus import read_corpus
from .page import page_html
from .quality import quality_of, read_titles, scores_of, unjudged
from .sample import read_sample
from .sections.corpus import corpus_section
from .sections.health import health_section
from .sections.neighbourhood import map_section
from .sections.plans import plans_section
from .sections.quality import quality_section, scores_section, worst_section
from .vega import require_library

if TYPE_CHECKING:
    from ..contracts import Reporter
    from ..evaluation.ann import AnnReport
    from ..evaluation.judgements import Judged
    from ..evaluation.measure import Measurements
    from ..inspection.inspection import Inspection
    from ..query.query_file import NamedQuery, Queries
    from ..store.layout import Layout
    from ..store.manifest import Manifest
    from .chunk_map import ChunkMap
    from .corpus import Corpus
    from .quality import Quality, Scores


@dataclass(frozen=True, slots=True)
class ReportData:
    """Everything in a report."""

    corpus: Corpus
    chunk_map: ChunkMap | None
    health: Inspection
    quality: Quality | None = None
    """``None``: there are no queries of which the right answers are known."""
    scores: Scores | None = None
    """``None``: there are no queries."""
    plans: AnnReport | None = None
    """Recall of the dense plans; ``None``: there are no queries."""


@dataclass(frozen=True, slots=True)
class Report:
    """A page, and what is on it."""

    html: str
    """The whole page; needs nothing else."""
    summary: str
    """One sentence."""


def report(
    store: Measurements,
    config: ReportConfig | None,
    queries: Queries | None,
    judgements: Judged | None,
    synthetic: bool,
) -> Report:
    """See :meth:`embedctl.api.Store.report`."""
    require_library()
    wanted = config or ReportConfig()
    asked = None if queries is None else named_queries(queries)
    read = store.session.read
    corpus, chunks = read(lambda manifest: _read_store(store.layout, manifest, wanted, store.reporter))
    health = read(lambda manifest: inspect(store.layout, manifest, None, store.reporter))
    data = ReportData(corpus, chunks, health)
    found = None
    if synthetic:
        found = store.synthetic(wanted.evaluation, wanted.synthetic)
    elif asked is not None and judgements is not None:
        found = store.judged(asked, judgements, wanted.evaluation, None)
    if found is not None:
        quality = quality_of(found, lambda names: read(lambda one: read_titles(store.layout, one, names)), wanted)
        data = replace(data, quality=quality, scores=scores_of(found, wanted.scored))
    elif asked is not None:
        data = replace(data, scores=_scores(store, asked, wanted))
    if synthetic or asked is not None:
        data = replace(data, plans=store.plans(wanted.ann, asked))
    return _page(data, wanted)


def _read_store(
    layout: Layout, manifest: Manifest, config: ReportConfig, reporter: Reporter
) -> tuple[Corpus, ChunkMap | None]:
    """Return what the files of a store give: its corpus, and the map of its chunks."""
    corpus = read_corpus(layout, manifest)
    with reporter.stage("map", min(config.map_chunks, corpus.chunks), "chunks") as progress:
        chunks, vectors = read_sample(layout, manifest, config.map_chunks)
        result = chunk_map(chunks, vectors, corpus.chunks, config)
        progress.advance(len(chunks))
    return corpus, result


def _scores(store: Measurements, asked: list[NamedQuery], config: ReportConfig) -> Scores:
    """Return the scores of the first hits of queries without judgements, by each arm alone."""
    from ..query.batch import search_many

    shared, which = replace(config.evaluation.query, n=config.scored), config.evaluation.query.encoder

    def scores(arm: str) -> list[list[float]]:
        query = replace(shared, mode="hybrid", arms=(arm,))
        setup = store.session.ask(lambda searcher: searcher.ready(query, len(asked)), which)
        return [[hit.score for hit in answer.hits] for answer in search_many(setup, as_source(asked))]

    arms = store.session.ask(lambda searcher: searcher.arms(shared), which)
    return unjudged({arm.name: scores(arm.name) for arm in arms}, len(asked))


def _page(data: ReportData, config: ReportConfig) -> Report:
    """Return the page about what was collected: the same for the same ``data``."""
    page = _arrange(data, config.bins)
    blocks = [block for section in page.sections for block in section.blocks]
    charts = sum(isinstance(block, Chart) for block in blocks)
    told = [
        counted(data.corpus.chunks, "chunk"),
        data.quality.about if data.quality else "no queries",
        counted(charts, "chart"),
        counted(len(blocks) - charts, "table"),
    ]
    return Report(page_html(page), f"The report covers {', '.join(told[:-1])} and {told[-1]}.")


def _arrange(data: ReportData, bins: int) -> ReportPage:
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
        made = "synthetic, " if quality.found.synthetic else ""
        tiles.append((quality.metrics[0], f"{one.mean:.3f}", f"{made}{quality.in_use.setting.name}{interval}"))
    verdicts = [topic.verdict for topic in data.health.topics if topic.verdict is not None]
    good = verdicts.count("good")
    return [*tiles, ("Embedding health", f"{good} of {len(verdicts)}", "topics are good")]
