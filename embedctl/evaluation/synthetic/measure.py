"""An evaluation with known-item queries."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...config import FilterConfig
from ...errors import UsageError
from ...plural import counted
from ...query.query_file import NamedQuery
from ..evaluate import JudgedQueries, OpenSnapshot, evaluate
from ..evaluation import KindMeans, KnownItems
from ..judgements import Judgements
from .index import HeldOutIndex
from .queries import make_queries

if TYPE_CHECKING:
    from ...config.measuring import EvaluationConfig, SyntheticConfig, SyntheticKind
    from ...contracts import Reporter
    from ...store.layout import Layout
    from ...store.manifest import Manifest
    from ..evaluation import Evaluation
    from .index import Encoders
    from .queries import SyntheticSet


def evaluate_synthetic(
    layout: Layout,
    manifest: Manifest,
    encoders: Encoders,
    synthetic: SyntheticConfig,
    config: EvaluationConfig,
    reporter: Reporter,
) -> Evaluation:
    """Make queries from the corpus, hold out what they were copied from, and evaluate every setting with them.

    Raises:
        NoStoreError: there is no index.
        UsageError: no query can be made of the corpus, or a filter is set.
    """
    if config.query.filter != FilterConfig():
        raise UsageError("Synthetic queries are asked of the whole store.", "Leave out the filters.")
    made = make_queries(layout, manifest, synthetic)
    if not made.queries:
        raise UsageError(
            f"No query can be made of this corpus: none of {counted(made.looked_at, 'document')} that were looked at "
            "has a title, heading or sentence without which enough of it is left.",
            "Write some queries yourself: see docs/eval.md.",
        )
    judgements = {query.id: {f"{query.source}:{query.document}": 1} for query in made.queries}
    with reporter.stage("hold out", len(made.queries), "queries") as progress:
        held_out = HeldOutIndex(layout, manifest, encoders, made.queries)
        progress.advance(len(made.queries))
    named = [NamedQuery(query.id, query.text) for query in made.queries]
    judged = JudgedQueries(named, Judgements(judgements), {}, held_out.allowed_for)
    found = evaluate(OpenSnapshot(layout, manifest, held_out.searcher), judged, config, reporter)
    return replace(found, known_items=KnownItems(made, _kinds(made, found)))


def _kinds(made: SyntheticSet, found: Evaluation) -> tuple[KindMeans, ...]:
    """Return the means of each kind of query."""
    kind_of = {query.id: query.kind for query in made.queries}
    rows: dict[SyntheticKind, list[int]] = {}
    for row, query in enumerate(found.queries):
        rows.setdefault(kind_of[query.id], []).append(row)
    return tuple(
        KindMeans(kind, len(of), {one.name: float(one.values[of, found.column].mean()) for one in found.settings})
        for kind, of in rows.items()
    )
