"""An evaluation with known-item queries."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

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
    from collections.abc import Sequence

    from ...config.measuring import EvaluationConfig, SyntheticConfig, SyntheticKind
    from ...contracts import Reporter
    from ...store.layout import Layout
    from ...store.manifest import Manifest
    from ..evaluation import EvaluatedQuery, Evaluation, Setting
    from .index import Encoders
    from .queries import SyntheticSet


class SyntheticRequest(NamedTuple):
    """Settings of the queries and of their evaluation."""

    synthetic: SyntheticConfig
    evaluation: EvaluationConfig


def evaluate_synthetic(
    layout: Layout,
    manifest: Manifest,
    encoders: Encoders,
    request: SyntheticRequest,
    reporter: Reporter,
) -> Evaluation:
    """Make queries from the corpus, hold out what they were copied from, and evaluate every setting with them.

    Raises:
        NoStoreError: there is no index.
        UsageError: no query can be made of the corpus, or a filter is set.
    """
    if request.evaluation.query.filter != FilterConfig():
        raise UsageError("Synthetic queries are asked of the whole store.", "Leave out the filters.")
    made = make_queries(layout, manifest, request.synthetic)
    if not made.queries:
        raise UsageError(
            f"No query can be made of this corpus: none of {counted(made.looked_at, 'document')} that were looked at "
            "has a title, heading or sentence without which enough of it is left.",
            "Write some queries yourself: see docs/eval.md.",
        )
    judgements = {query.id: {f"{query.source}:{query.document}": 1} for query in made.queries}
    judged = JudgedQueries([NamedQuery(query.id, query.text) for query in made.queries], Judgements(judgements), {})
    with reporter.stage("hold out", len(made.queries), "queries") as progress:
        held_out = HeldOutIndex(layout, manifest, encoders, made.queries)
        progress.advance(len(made.queries))
    snapshot = OpenSnapshot(layout, manifest, held_out.searcher)
    judged = judged._replace(allowed_for=held_out.allowed_for)
    found = evaluate(snapshot, judged, request.evaluation, reporter)
    return replace(found, known_items=_known_items(made, found.queries, found.settings, found.column))


def _known_items(
    made: SyntheticSet, queries: Sequence[EvaluatedQuery], settings: Sequence[Setting], column: int
) -> KnownItems:
    """Return the means of each kind of query; ``column``: of the primary metric in the values of the settings."""
    of = {query.id: query.kind for query in made.queries}
    by_kind: dict[SyntheticKind, list[int]] = {}
    for row, query in enumerate(queries):
        by_kind.setdefault(of[query.id], []).append(row)
    return KnownItems(
        made,
        tuple(
            KindMeans(kind, len(rows), {one.name: float(one.values[rows, column].mean()) for one in settings})
            for kind, rows in by_kind.items()
        ),
    )
