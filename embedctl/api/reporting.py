"""The report: everything that is measured about a store, on one page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .measuring import Measuring, named_queries

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from ..config import Mode, RuntimeConfig
    from ..config.measuring import ReportConfig
    from ..evaluation.judgements import Judgements
    from ..query.query_file import NamedQuery, QuerySource
    from ..report.data import Scores
    from ..report.make import Report
    from .reading import PathLike


class Reporting(Measuring):
    """A report asks for every other measurement."""

    def report(
        self,
        config: ReportConfig | None = None,
        *,
        queries: PathLike | QuerySource | Iterable[str | tuple[str, str]] | None = None,
        judgements: PathLike | Judgements | None = None,
        synthetic: bool = False,
        runtime: RuntimeConfig | None = None,
    ) -> Report:
        """Return a page about the store: HTML that needs nothing else, and loads nothing.

        Without queries it tells of the corpus, its map and the health of its embeddings, and is the same for the same
        store. Queries add scores and dense plans, whose measured times are never the same; judgements or synthetic
        queries add quality and the worst queries.

        Args:
            config: how much is shown and measured; see :class:`~embedctl.config.measuring.ReportConfig`.
            queries: as :meth:`evaluate` takes them.
            judgements: of these queries, as :meth:`evaluate` takes them.
            synthetic: make queries from the corpus, instead of ``queries``; see ``docs/synthetic.md``.
            runtime: how the encoder is run.

        Raises:
            UsageError: what draws the page is not installed, or as :meth:`evaluate`.
            NoStoreError: there is no index yet.
            DamagedError: a file is not what was written.
        """
        from ..config.measuring import ReportConfig
        from ..report.data import ReportData
        from ..report.make import make_report, read_store
        from ..report.quality import quality_of, scores_of
        from ..report.vega import require_library

        require_library()
        wanted = config or ReportConfig()
        asked = None if queries is None else named_queries(queries)
        corpus, chunk_map = self._read(lambda manifest: read_store(self._layout, manifest, wanted, self._reporter))
        data = ReportData(corpus, chunk_map, self.inspect())
        if synthetic:
            found = self.evaluate_synthetic(wanted.evaluation, synthetic=wanted.synthetic, runtime=runtime)
        elif asked is not None and judgements is not None:
            found = self.evaluate(asked, judgements, wanted.evaluation, runtime=runtime)
        else:
            found = None
        if found is not None:
            quality = quality_of(found, self._titles, wanted, synthetic)
            data = replace(data, quality=quality, scores=scores_of(found, wanted.scored, synthetic))
        elif asked is not None:
            data = replace(data, scores=self._scores(asked, wanted, runtime))
        if synthetic or asked is not None:
            data = replace(data, plans=self.measure_ann(wanted.ann, queries=asked, runtime=runtime))
        return make_report(data, wanted)

    def _titles(self, names: Collection[str]) -> Mapping[str, str]:
        from ..report.titles import read_titles

        return self._read(lambda manifest: read_titles(self._layout, manifest, names))

    def _scores(self, asked: list[NamedQuery], config: ReportConfig, runtime: RuntimeConfig | None) -> Scores:
        """Return the scores of the first hits of queries that nobody judged."""
        from ..report.quality import unjudged

        def scores(mode: Mode) -> list[list[float]]:
            query = replace(config.evaluation.query, mode=mode, n=config.scored)
            return [[hit.score for hit in answer.hits] for answer in self.query_many(asked, query, runtime=runtime)]

        return unjudged(scores("bm25"), scores("dense"))
