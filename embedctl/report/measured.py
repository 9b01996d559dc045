"""Collecting everything that a report shows: the store's files, and what is measured with queries."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..config.measuring import ReportConfig
from ..inspection.inspect import inspect
from ..query.query_file import as_source, named_queries
from .data import ReportData
from .make import make_report, read_store
from .quality import quality_of, scores_of, unjudged
from .titles import read_titles
from .vega import require_library

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ..config import Mode
    from ..contracts import Reporter
    from ..evaluation.judgements import Judged
    from ..evaluation.measure import Measurements
    from ..query.query_file import NamedQuery, Queries
    from ..query.session import Session
    from ..store.layout import Layout
    from .data import Scores
    from .make import Report


class Reports:
    """Reports about one store."""

    def __init__(self, layout: Layout, session: Session, reporter: Reporter, measurements: Measurements) -> None:
        self._layout = layout
        self._session = session
        self._reporter = reporter
        self._measurements = measurements

    def report(
        self, config: ReportConfig | None, queries: Queries | None, judgements: Judged | None, synthetic: bool
    ) -> Report:
        """See :meth:`embedctl.api.Store.report`."""
        require_library()
        wanted = config or ReportConfig()
        asked = None if queries is None else named_queries(queries)
        corpus, chunk_map = self._session.read(
            lambda manifest: read_store(self._layout, manifest, wanted, self._reporter)
        )
        health = self._session.read(lambda manifest: inspect(self._layout, manifest, None, self._reporter))
        data = ReportData(corpus, chunk_map, health)
        found = None
        if synthetic:
            found = self._measurements.synthetic(wanted.evaluation, wanted.synthetic)
        elif asked is not None and judgements is not None:
            found = self._measurements.judged(asked, judgements, wanted.evaluation, None)
        if found is not None:
            quality = quality_of(found, self._titles, wanted, synthetic)
            data = replace(data, quality=quality, scores=scores_of(found, wanted.scored, synthetic))
        elif asked is not None:
            data = replace(data, scores=self._scores(asked, wanted))
        if synthetic or asked is not None:
            data = replace(data, plans=self._measurements.plans(wanted.ann, asked))
        return make_report(data, wanted)

    def _titles(self, names: Collection[str]) -> Mapping[str, str]:
        return self._session.read(lambda manifest: read_titles(self._layout, manifest, names))

    def _scores(self, asked: list[NamedQuery], config: ReportConfig) -> Scores:
        """Return the scores of the first hits of queries without judgements."""
        from ..query.batch import search_many

        def scores(mode: Mode) -> list[list[float]]:
            query = replace(config.evaluation.query, mode=mode, n=config.scored)
            setup = self._session.ask(lambda searcher: searcher.ready(query, len(asked)), query.encoder)
            return [[hit.score for hit in answer.hits] for answer in search_many(setup, as_source(asked))]

        return unjudged(scores("bm25"), scores("dense"))
