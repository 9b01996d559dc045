"""The measurements of a store, each from one snapshot: judged and synthetic queries, dense plans, tuning."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..config import TEXT_FIELD, QueryConfig
from ..config.measuring import AnnConfig, EvaluationConfig, SyntheticConfig, TuneConfig
from ..query.query_file import named_queries
from ..store.snapshot import Snapshot
from .ann import measure_ann
from .evaluate import JudgedQueries, evaluate
from .judgements import judgements_of
from .synthetic.index import Encoders, evaluate_synthetic
from .tuning.tune import fitted, keep, prepared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..config import QueryEncoder
    from ..contracts import Encoder, Reporter
    from ..query.query_file import Queries
    from ..query.searcher import Searcher
    from ..query.session import Session
    from ..store.layout import Layout
    from ..store.manifest import Manifest
    from .ann import AnnReport
    from .evaluation import Evaluation
    from .judgements import Judged, Run
    from .tuning.tuning import Tuning


@dataclass(frozen=True, slots=True)
class Measurements:
    """Measurements of one store; each reads the snapshot that is current."""

    layout: Layout
    session: Session
    reporter: Reporter

    def judged(
        self, queries: Queries, judgements: Judged, config: EvaluationConfig | None, runs: Mapping[str, Run] | None
    ) -> Evaluation:
        """See :meth:`embedctl.api.Store.evaluate`."""
        wanted = config or EvaluationConfig()
        given = JudgedQueries(named_queries(queries), judgements_of(judgements), runs or {})
        return self.session.read(
            lambda manifest: evaluate(*self._opened(manifest, wanted.query.encoder), given, wanted, self.reporter)
        )

    def synthetic(self, config: EvaluationConfig | None, synthetic: SyntheticConfig | None) -> Evaluation:
        """See :meth:`embedctl.api.Store.evaluate_synthetic`."""
        made_by, wanted = synthetic or SyntheticConfig(), config or EvaluationConfig()

        def measured(manifest: Manifest) -> Evaluation:
            def documents(field: str) -> Encoder:
                record = manifest.index.encoders[field] if manifest.index else None
                which: QueryEncoder = "student" if record and record.teacher else "teacher"
                return self.session.searcher(manifest, which).encoder(field)

            encoders = Encoders(self.session.searcher(manifest, wanted.query.encoder).encoder, documents)
            return evaluate_synthetic(self.layout, manifest, encoders, made_by, wanted, self.reporter)

        return self.session.read(measured)

    def plans(self, config: AnnConfig | None, queries: Queries | None) -> AnnReport:
        """See :meth:`embedctl.api.Store.measure_ann`."""
        wanted = config or AnnConfig()
        texts = None if queries is None else [query.text for query in named_queries(queries)]

        def measured(manifest: Manifest) -> AnnReport:
            encoder = self.session.searcher(manifest).encoder(TEXT_FIELD)
            return measure_ann(self.layout, manifest, texts, encoder, wanted, self.reporter)

        return self.session.read(measured)

    def tuning(self, queries: Queries, judgements: Judged, config: TuneConfig | None, wait: float | None) -> Tuning:
        """See :meth:`embedctl.api.Store.tune`; ``wait``: seconds for a writer, ``None``: change nothing."""
        named, judged, wanted = named_queries(queries), judgements_of(judgements), config or TuneConfig()
        opened = self.session.read(
            lambda manifest: prepared(*self._opened(manifest, QueryConfig().encoder), named, judged, wanted)
        )
        tuning = fitted(opened, wanted, self.reporter)
        if not tuning.real or wait is None:
            return tuning
        keep(self.layout, tuning, wait)
        return replace(tuning, written=True)

    def _opened(self, manifest: Manifest, which: QueryEncoder) -> tuple[Snapshot, Searcher]:
        return Snapshot(self.layout, manifest), self.session.searcher(manifest, which)
